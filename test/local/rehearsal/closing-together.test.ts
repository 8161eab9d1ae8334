/**
 * Tenders that close together, through what would be deployed: all cleared, none twice. Each party clears a few at a time
 * in environments of their own, as many as a new account has at most; `test/functions/clear-in-turn.test.ts` has the same
 * within one process.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PARTIES } from '../../../mpc/party.ts';
import { type DeployedConsortium, sharedConsortium } from './consortium-assembly.ts';
import { DeployedWorld, rehearse } from './deployed-world.ts';
import { stopSharedDynamodb } from './engine.ts';
import { closeTogether, countRuns } from './tenders-together.ts';

const TENDERS = 50;
const TENDERS_ORDERED = 6;

const SYNTHESIS_TIMEOUT_MS = 180_000;

/** On a machine with two cores that has other work; it takes a few minutes. */
const OUTCOMES_TIMEOUT_MS = 1_500_000;
const TEST_TIMEOUT_MS = 1_800_000;

describe.runIf(process.env['TACIT_SLOW'] === '1')('tenders that close together', () => {
  let consortium: DeployedConsortium;

  beforeAll(async () => {
    consortium = await sharedConsortium([() => ({}), () => ({}), () => ({})]);
  }, SYNTHESIS_TIMEOUT_MS);

  afterAll(async () => {
    consortium?.dispose();
    await stopSharedDynamodb();
  });

  test(
    'are all cleared, by one computation of three parties each, at a deadline that fifty share',
    async () => {
      const rehearsal = await rehearse(consortium);
      try {
        const world = new DeployedWorld(rehearsal, consortium.parties);
        const together = await closeTogether(rehearsal, world, TENDERS, OUTCOMES_TIMEOUT_MS);
        const { outcomes, computations, failed, gaveWay } = together;
        expect(outcomes).toHaveLength(TENDERS);
        for (const [index, shown] of outcomes.entries()) {
          for (const { statement, signatures } of shown) {
            expect(statement).toEqual(shown[0]?.statement);
            expect(statement.lots).toMatchObject([{ winner: `Bidder ${index}` }]);
            expect(signatures).toHaveLength(PARTIES.length);
          }
        }
        // What a machine that is too slow for the protocol's timeouts cuts off is computed again.
        if (failed + gaveWay === 0) expect(Math.max(...computations)).toBe(PARTIES.length);
        expect(rehearsal.deadLetters).toEqual([]);
        expect(rehearsal.refused).toEqual([]);
      } finally {
        await rehearsal.stop();
      }
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'are all cleared, with one outcome each, on orders that come one after the other and more than once',
    async () => {
      const rehearsal = await rehearse(consortium);
      try {
        const world = new DeployedWorld(rehearsal, consortium.parties);
        const tenders = [];
        for (let index = 0; index < TENDERS_ORDERED; index++) {
          const tender = await world.publish();
          await world.bid(tender, 'Cairn', '120000.00');
          tenders.push(tender);
        }
        // Clearings take longer than this, so they run at the same time; each is started by its order and by two sweeps.
        for (const tender of tenders) await world.close(tender);
        await Promise.all([rehearsal.tick(), rehearsal.tick()]);
        for (const tender of tenders) {
          const { statement, signatures } = await world.outcome(tender, OUTCOMES_TIMEOUT_MS);
          expect(statement.lots).toMatchObject([{ winner: 'Cairn' }]);
          expect(signatures).toHaveLength(PARTIES.length);
        }
        await rehearsal.tick();
        // An order that comes again starts a run that finds the outcome, and computes nothing.
        const { computations } = countRuns(rehearsal, tenders);
        await world.close(tenders[0]!);
        await sleep(1_000);
        expect(countRuns(rehearsal, tenders).computations).toEqual(computations);
        expect(rehearsal.deadLetters).toEqual([]);
      } finally {
        await rehearsal.stop();
      }
    },
    TEST_TIMEOUT_MS,
  );
});
