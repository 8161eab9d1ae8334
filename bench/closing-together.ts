/**
 * Many tenders that close in the same second, through a rehearsal of what would be deployed: how long until every party
 * shows all outcomes with three signatures, and how many runs and computations that took.
 *
 * ```
 * node bench/closing-together.ts [tenders]
 * ```
 *
 * As on Lambda each party clears a few at a time, each in an environment of its own; here all share the machine's cores,
 * so the time says nothing of Lambda. That all are cleared, and none twice, does.
 */

import { synthesiseConsortium } from '../test/local/rehearsal/consortium-assembly.ts';
import { DeployedWorld, rehearse } from '../test/local/rehearsal/deployed-world.ts';
import { closeTogether } from '../test/local/rehearsal/tenders-together.ts';
import { machineLine } from './machine.ts';

const DEFAULT_TENDERS = 50;

const OUTCOMES_TIMEOUT_MS = 1_500_000;

const count = Number(process.argv[2] ?? DEFAULT_TENDERS);
console.log(`${machineLine()}; ${count} tenders`);
const consortium = await synthesiseConsortium();
const rehearsal = await rehearse(consortium);
try {
  const world = new DeployedWorld(rehearsal, consortium.parties);
  const together = await closeTogether(rehearsal, world, count, OUTCOMES_TIMEOUT_MS);
  const { seconds, outcomes, computations, runs, gaveWay, failed } = together;
  const begun = computations.reduce((sum, ofTender) => sum + ofTender, 0);
  console.log(
    `${outcomes.length} outcomes with three signatures after ${seconds.toFixed(1)} s; of the three parties together ` +
      `${begun} computations, ${runs} runs of which ${gaveWay} gave way and ${failed} failed; ` +
      `given up: ${rehearsal.deadLetters.length}; processor time of this process: ${processorSeconds()} s`,
  );
} finally {
  await rehearsal.stop();
  consortium.dispose();
}

function processorSeconds(): string {
  const { user, system } = process.cpuUsage();
  return ((user + system) / 1e6).toFixed(0);
}
