/**
 * A peer that signs late: the sweep has the tender cleared until three signatures are stored, and only the engine looks
 * for them. Whoever asks for the outcome meanwhile is shown what is stored.
 */

import { expect, test } from 'vitest';
import type { AuctionParty } from '../../auction/party/service.ts';
import { createClearTenderHandler } from '../../functions/clear-tender/clear-tender.handler.ts';
import { awaitedClearings } from '../../functions/due-tenders.ts';
import { createSweepTendersHandler } from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import type { Delivery } from '../../mpc/channels/memory.ts';
import { openWorld } from '../support/auction-world.ts';

const context = invocationContext('clear-tender', 60_000);

test('a tender whose peer signs late is cleared again until it has three signatures', async () => {
  const withheld = { on: true };
  let looksForSignatures = 0;
  const deliver = ({ topic, from, to, bytes }: Delivery) => {
    if (from !== 2 || !topic.endsWith('/outcome')) return bytes;
    if (to === 0) looksForSignatures += 1;
    return withheld.on ? undefined : bytes;
  };
  const world = await openWorld({
    network: { deliver },
    timeouts: { signatureTimeoutMs: 50, handshakeTimeoutMs: 50 },
  });
  await world.submit(await world.bid('Ann', 5n));
  await world.closeAll();
  await world.clearAll();

  const party: AuctionParty = world.parties[0];
  const clear = createClearTenderHandler(party);
  const sweep = createSweepTendersHandler({
    party,
    dueList: world.stores[0],
    starter: { start: async (tenderId) => void (await clear({ tenderId }, context)) },
    leases: { isPaused: async () => false },
    clock: world.clock,
    clockWatch: { skewMs: 0 },
  });
  const awaited = async () =>
    (await awaitedClearings({ party, dueList: world.stores[0], clock: world.clock })).map(({ id }) => id);
  const shown = async () => (await party.outcome(world.id)).signatures.map(({ party: signer }) => signer);

  expect(await shown()).toEqual([0, 1]);
  expect((await sweep({}, context)).started).toEqual([world.id]);
  expect(await shown()).toEqual([0, 1]);
  expect(await awaited()).toEqual([world.id]);

  withheld.on = false;
  const looksBefore = looksForSignatures;
  expect(await shown()).toEqual([0, 1]);
  expect(looksForSignatures).toBe(looksBefore);
  expect((await sweep({}, context)).started).toEqual([world.id]);
  expect(await shown()).toEqual([0, 1, 2]);
  expect(looksForSignatures).toBeGreaterThan(looksBefore);

  expect((await sweep({}, context)).started).toEqual([]);
  expect(await awaited()).toEqual([]);
});
