/**
 * Which tenders are on a party's list of what is due, whatever call of its store the party is stopped at: none that waits
 * is missing, and the list orders them as every other party does.
 */

import { describe, expect, test } from 'vitest';
import { createCloseOrder } from '../../../auction/close-order.ts';
import { DUE_AT_ONCE } from '../../../auction/party/due-list.ts';
import { nodeSignatures } from '../../../auction/party/signatures-node.ts';
import { type CheckedTender, checkTender, createTender } from '../../../auction/tender.ts';
import { type AuctionWorld, openWorld, random, specOf } from '../../support/auction-world.ts';
import { StoppedProcess } from '../../support/stopped-process.ts';

const AUCTIONEER = random(32);
const DEADLINE = '2027-01-01T00:00:00Z';

function tenderIn({ records }: AuctionWorld, spec: Readonly<Record<string, unknown>> = {}): CheckedTender {
  const signed = createTender(specOf(spec), records, AUCTIONEER, random(16), nodeSignatures);
  return checkTender(signed, nodeSignatures);
}

const orderFor = ({ id }: CheckedTender) => createCloseOrder(id, AUCTIONEER, nodeSignatures);

async function listOf(world: AuctionWorld) {
  const { tenders } = await world.stores[0].dueTenders(Infinity);
  return tenders.map(({ id, dueAtMs }) => ({ id, dueAtMs }));
}

/** Runs `act` in processes that are stopped at their first, second, third call, until one ends. */
async function atEveryCall(
  act: (world: AuctionWorld, process: StoppedProcess) => Promise<unknown>,
  check: (world: AuctionWorld) => Promise<void>,
): Promise<number> {
  let stops = 0;
  for (const moment of ['before', 'after'] as const) {
    for (let stopAt = 1; ; stopAt++) {
      const world = await openWorld();
      const process = new StoppedProcess(stopAt, moment);
      await act(world, process).catch((error: unknown) => {
        if (!process.stopped) throw error;
      });
      await check(world);
      if (!process.stopped) break;
      stops += 1;
    }
  }
  return stops;
}

describe('the list of what is due', () => {
  test('has a tender with a deadline once it is published, again too, and none without', async () => {
    const world = await openWorld();
    const timed = tenderIn(world, { closesAt: DEADLINE });
    for (const tender of [timed, tenderIn(world), timed]) {
      await world.parties[0].publishTender(tender.signed);
    }
    expect(await listOf(world)).toEqual([{ id: timed.id, dueAtMs: Date.parse(DEADLINE) }]);
  });

  test('has a tender that an order closed before every deadline', async () => {
    const world = await openWorld();
    const timed = tenderIn(world, { closesAt: DEADLINE });
    await world.parties[0].publishTender(timed.signed);
    await world.parties[0].close(timed.id, orderFor(timed));
    await world.parties[0].close(timed.id, orderFor(timed));
    expect(await listOf(world)).toEqual([
      { id: timed.id, dueAtMs: DUE_AT_ONCE },
      { id: timed.id, dueAtMs: Date.parse(DEADLINE) },
    ]);
  });

  test('gets nothing by an order that is refused', async () => {
    const world = await openWorld();
    const tender = tenderIn(world);
    await world.parties[0].publishTender(tender.signed);
    await expect(world.parties[0].close(tender.id, world.closeOrder())).rejects.toThrow('CLOSE_');
    expect(await listOf(world)).toEqual([]);
  });

  test('misses no tender that a party has, wherever publishing stopped', async () => {
    let tender: CheckedTender | undefined;
    const stops = await atEveryCall(
      async (world, process) => {
        tender = tenderIn(world, { closesAt: DEADLINE });
        const doomed = world.start(0, { store: process.holds(world.stores[0]) });
        await doomed.publishTender(tender.signed);
      },
      async (world) => {
        if ((await world.stores[0].tender(tender!.id)) === undefined) return;
        expect(await listOf(world)).toContainEqual({ id: tender!.id, dueAtMs: Date.parse(DEADLINE) });
      },
    );
    expect(stops).toBeGreaterThanOrEqual(4);
  });

  test('misses no tender that is closed, wherever closing stopped', async () => {
    let tender: CheckedTender | undefined;
    const stops = await atEveryCall(
      async (world, process) => {
        tender = tenderIn(world);
        await world.parties[0].publishTender(tender.signed);
        const doomed = world.start(0, { store: process.holds(world.stores[0]) });
        await doomed.close(tender.id, orderFor(tender));
      },
      async (world) => {
        if ((await world.stores[0].state(tender!.id)).state.phase === 'open') return;
        expect(await listOf(world)).toContainEqual({ id: tender!.id, dueAtMs: DUE_AT_ONCE });
      },
    );
    expect(stops).toBeGreaterThanOrEqual(6);
  });
});
