/**
 * Many tenders that close in the same second, through a rehearsal of what would be deployed: how long until all of them
 * have an outcome that three parties signed. Runs beyond one a tender are starts that came late and found the outcome.
 *
 * ```
 * node bench/closing-together.ts [tenders]
 * ```
 *
 * As on Lambda each clearing has an environment of its own at each party, ten at a time as in a new account; here all share
 * the machine's cores, so the time says nothing of Lambda. That all are cleared, and to one outcome, does.
 */

import { synthesiseConsortium } from '../test/local/rehearsal/consortium-assembly.ts';
import { DeployedWorld, rehearse } from '../test/local/rehearsal/deployed-world.ts';
import { machineLine } from './machine.ts';

const DEFAULT_TENDERS = 50;

/** For publishing and bidding, before the deadline that all share. */
const LEAD_MS_PER_TENDER = 500;
const LEAD_MS = 10_000;

const OUTCOME_TIMEOUT_MS = 600_000;

const count = Number(process.argv[2] ?? DEFAULT_TENDERS);
console.log(`${machineLine()}; ${count} tenders`);
const consortium = await synthesiseConsortium();
const rehearsal = await rehearse(consortium);
try {
  const world = new DeployedWorld(rehearsal, consortium.parties);
  const closesAtMs = Date.now() + LEAD_MS + count * LEAD_MS_PER_TENDER;
  const tenders = [];
  for (let index = 0; index < count; index++) {
    const tender = await world.publish({ closesAt: new Date(closesAtMs).toISOString() });
    await world.bid(tender, `Bidder ${index}`, '120000.00');
    tenders.push(tender);
  }
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, closesAtMs - Date.now())));
  const startedAt = performance.now();
  await Promise.all([rehearsal.tick(), rehearsal.tick()]);
  for (const tender of tenders) await world.outcome(tender, OUTCOME_TIMEOUT_MS);
  const seconds = (performance.now() - startedAt) / 1000;
  const cleared = [...rehearsal.logs]
    .filter(([name]) => name.includes('cleartender'))
    .map(([, lines]) => lines.filter((line) => line.includes('"a tender was cleared"')).length);
  console.log(
    `all cleared after ${seconds.toFixed(1)} s; runs at parties 0, 1, 2: ${cleared.join(', ')}; ` +
      `given up: ${rehearsal.deadLetters.length}`,
  );
} finally {
  await rehearsal.stop();
  consortium.dispose();
}
