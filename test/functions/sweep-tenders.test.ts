import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCloseOrder } from '../../auction/close-order.ts';
import type { ClearTenderHandler } from '../../functions/clear-tender/clear-tender.handler.ts';
import { createSweepTendersHandler } from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { invocationContext } from '../../local/event-adapter.ts';
import { type PartyHost, START, startPartyHost } from './party-host.ts';

let host: PartyHost;

beforeEach(async () => {
  host = await startPartyHost();
});

afterEach(async () => {
  await host.close();
});

test('a sweep clears the tenders that are due, and goes on after one that fails', async () => {
  const publish = async (spec: Record<string, unknown> = {}) => {
    const { id, signed } = host.tender(spec);
    await host.party.publishTender(signed);
    return id;
  };
  const open = await publish();
  const later = await publish({ closesAt: '2027-01-01T00:00:01Z' });
  const past = [
    await publish({ closesAt: '2027-01-01T00:00:00Z' }),
    await publish({ closesAt: '2026-12-31T00:00:00Z' }),
  ];
  const ordered = await publish();
  await host.party.close(ordered, createCloseOrder(ordered, host.auctioneer));

  const invoked: string[] = [];
  const clear: ClearTenderHandler = async (event) => {
    const { tenderId } = event as { tenderId: string };
    invoked.push(tenderId);
    throw new Error('a peer is down');
  };
  const sweep = createSweepTendersHandler(host.party, clear, { now: () => START });
  const { cleared, failed } = await sweep({}, invocationContext('sweep-tenders', 30_000));
  expect(new Set(invoked)).toEqual(new Set([...past, ordered]));
  expect(invoked).not.toContain(open);
  expect(invoked).not.toContain(later);
  expect([cleared.length, failed.length]).toEqual([0, 3]);
});
