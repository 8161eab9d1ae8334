/** Many tenders that close in the same second, through a rehearsal, and what became of them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { checkOutcome, type SignedOutcome } from '../../../auction/outcome.ts';
import type { CheckedTender } from '../../../auction/tender.ts';
import type { Rehearsal } from '../../../local/rehearsal/rehearsal.ts';
import { PARTIES } from '../../../mpc/party.ts';
import type { DeployedWorld } from './deployed-world.ts';

/** For publishing and bidding, before the deadline that all share; on a busy machine it may pass, and bids be late. */
const LEAD_MS_PER_TENDER = 1_000;
const LEAD_MS = 20_000;

/** As on AWS; a sweep that is late by more comes at once. */
const SWEEP_INTERVAL_MS = 60_000;

/** Between looks at the outcomes, so that asking takes little of what clears them. */
const LOOK_INTERVAL_MS = 1_000;

export interface ClearedTogether {
  readonly seconds: number;
  readonly tenders: readonly CheckedTender[];
  /** As each party shows them, by tender. */
  readonly outcomes: readonly (readonly SignedOutcome[])[];
  /** Of all parties: how often a joint computation was begun, by tender. */
  readonly computations: readonly number[];
  /** Runs that found a peer absent and another tender due earlier. */
  readonly gaveWay: number;
  readonly failed: number;
  /** Of all parties, those that found everything done included. */
  readonly runs: number;
}

/** Publishes tenders with a bid each and lets their deadline pass. @param timeoutMs for all outcomes */
export async function closeTogether(
  rehearsal: Rehearsal,
  world: DeployedWorld,
  count: number,
  timeoutMs: number,
): Promise<ClearedTogether> {
  const closesAtMs = Date.now() + LEAD_MS + count * LEAD_MS_PER_TENDER;
  const tenders: CheckedTender[] = [];
  for (let index = 0; index < count; index++) {
    const tender = await world.publish({ closesAt: new Date(closesAtMs).toISOString() });
    await world.bid(tender, `Bidder ${index}`, '120000.00');
    tenders.push(tender);
  }
  await sleep(Math.max(0, closesAtMs - Date.now()));
  const startedAt = performance.now();
  // Schedules invoke at least once.
  await rehearsal.tick();
  const outcomes = await withSweeps(rehearsal, () => outcomesOf(world, tenders, startedAt + timeoutMs));
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, tenders, outcomes, ...countRuns(rehearsal, tenders) };
}

/** Until every party shows every outcome with three signatures. */
async function outcomesOf(
  { client }: DeployedWorld,
  tenders: readonly CheckedTender[],
  deadline: number,
): Promise<readonly (readonly SignedOutcome[])[]> {
  const shown = ({ id, terms, signed }: CheckedTender) => {
    const context = { terms, parties: signed.tender.parties, required: 3 } as const;
    return Promise.all(
      PARTIES.map(async (party) => checkOutcome(await client.party(party).outcome(id), context)),
    );
  };
  const outcomes: SignedOutcome[][] = [];
  for (const tender of tenders) {
    for (;;) {
      const all = await shown(tender).catch((error: unknown) => {
        if (performance.now() > deadline) throw error;
      });
      if (all !== undefined) {
        outcomes.push(all);
        break;
      }
      await sleep(LOOK_INTERVAL_MS);
    }
  }
  return outcomes;
}

/** Runs a task while a sweep of every party comes each minute. */
async function withSweeps<Result>(rehearsal: Rehearsal, task: () => Promise<Result>): Promise<Result> {
  const over = new AbortController();
  const sweeping = async () => {
    for (;;) {
      await sleep(SWEEP_INTERVAL_MS, undefined, { signal: over.signal });
      // One that times out on a busy machine is overtaken by the next.
      await rehearsal.tick().catch(() => {});
    }
  };
  const swept = sweeping().catch(() => {});
  try {
    return await task();
  } finally {
    over.abort();
    await swept;
  }
}

export function countRuns({ traces, logs }: Rehearsal, tenders: readonly CheckedTender[]) {
  const clearings = traces.filter(({ name }) => name === 'clearing');
  const computing = new Set(
    traces.filter(({ name }) => name === 'computing').map(({ parent_id }) => parent_id),
  );
  const computations = tenders.map(
    (tender) =>
      clearings.filter(({ id, annotations }) => annotations['tenderId'] === tender.id && computing.has(id))
        .length,
  );
  const lines = [...logs].flatMap(([name, ofFunction]) => (name.includes('cleartender') ? ofFunction : []));
  const saying = (message: string) => lines.filter((line) => line.includes(`"${message}"`)).length;
  return {
    computations,
    runs: clearings.length,
    gaveWay: saying('a clearing gave way'),
    failed: saying('a clearing failed'),
  };
}
