import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCloseOrder } from '../../auction/close-order.ts';
import type { Standing } from '../../functions/events.ts';
import {
  createSweepTendersHandler,
  type SweepParameters,
} from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { invocationContext } from '../../local/event-adapter.ts';
import { type PartyHost, START, startPartyHost } from './party-host.ts';

let host: PartyHost;

beforeEach(async () => {
  host = await startPartyHost();
});

afterEach(async () => {
  await host.close();
});

function sweepWith(parameters: Partial<SweepParameters>) {
  const sweep = createSweepTendersHandler({
    party: host.party,
    starter: { start: async (id) => void host.started.push(id) },
    leases: { isPaused: async () => false },
    clock: { now: () => START },
    clockWatch: { skewMs: 0 },
    ...parameters,
  });
  return () => sweep({}, invocationContext('sweep-tenders', 30_000));
}

async function publish(spec: Record<string, unknown> = {}) {
  const { id, signed } = host.tender(spec);
  await host.party.publishTender(signed);
  return id;
}

test('a sweep starts the clearing of tenders that are due, and of no other', async () => {
  const open = await publish();
  const later = await publish({ closesAt: '2027-01-01T00:00:01Z' });
  const past = [
    await publish({ closesAt: '2027-01-01T00:00:00Z' }),
    await publish({ closesAt: '2026-12-31T00:00:00Z' }),
  ];
  const ordered = await publish();
  await host.party.close(ordered, createCloseOrder(ordered, host.auctioneer));

  const { started, paused } = await sweepWith({})();
  expect(new Set(started)).toEqual(new Set([...past, ordered]));
  expect(new Set(host.started)).toEqual(new Set(started));
  expect(started).not.toContain(open);
  expect(started).not.toContain(later);
  expect(paused).toEqual([]);
});

test('a tender whose clearing failed is left alone until its pause is over', async () => {
  const id = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  expect(await sweepWith({ leases: { isPaused: async () => true } })()).toEqual({
    started: [],
    paused: [id],
  });
  expect(host.started).toEqual([]);
});

test('an outcome that lacks a signature is gone for again, and a complete one is not even read again', async () => {
  const id = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  const { signed } = await host.party.tender(id);
  let signatures = 2;
  let reads = 0;
  const sweep = sweepWith({
    party: {
      tenders: async () => [id],
      tender: async () => {
        reads += 1;
        return { signed, state: { phase: 'cleared', closedAt: START, closingRoot: '', outcomeHash: '' } };
      },
      signatures: async () => signatures,
    },
  });
  expect((await sweep()).started).toEqual([id]);
  signatures = 3;
  expect((await sweep()).started).toEqual([]);
  expect((await sweep()).started).toEqual([]);
  expect(reads).toBe(2);
});

test('a complete tender is cleared again while a destination lacks an event that is due', async () => {
  const id = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  const { signed } = await host.party.tender(id);
  let standing: Standing = 'due';
  let asked = 0;
  const sweep = sweepWith({
    party: {
      tenders: async () => [id],
      tender: async () => ({
        signed,
        state: { phase: 'cleared', closedAt: START, closingRoot: '', outcomeHash: '' },
      }),
      signatures: async () => 3,
    },
    events: {
      standing: async () => {
        asked += 1;
        return standing;
      },
    },
  });
  expect((await sweep()).started).toEqual([id]);
  standing = 'waiting';
  expect((await sweep()).started).toEqual([]);
  standing = 'due';
  expect((await sweep()).started).toEqual([id]);
  standing = 'settled';
  expect((await sweep()).started).toEqual([]);
  expect((await sweep()).started).toEqual([]);
  expect(asked).toBe(4);
});

test('a clock that is off by more than two seconds is logged with how far', async () => {
  const lines: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (line: string) => lines.push(line) > 0;
  try {
    await sweepWith({ clockWatch: { skewMs: 1_999 } })();
    await sweepWith({ clockWatch: { skewMs: 2_500 } })();
  } finally {
    process.stderr.write = write;
  }
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { message: 'a clock is off', functionName: 'sweep-tenders', skewMs: 2_500 },
  ]);
});
