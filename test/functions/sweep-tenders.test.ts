import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloseOrder } from '../../auction/close-order.ts';
import { AuctionError } from '../../auction/errors.ts';
import { DUE_AT_ONCE } from '../../auction/party/due-list.ts';
import type { TenderId } from '../../auction/tender.ts';
import { CLEARING_SLOTS } from '../../functions/clearing-slots.ts';
import { PREMATURE_LIFETIME_MS } from '../../functions/due-list.ts';
import type { Standing } from '../../functions/events.ts';
import {
  createSweepTendersHandler,
  type SweepParameters,
} from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { StoppedProcess } from '../support/stopped-process.ts';
import { type PartyHost, START, startPartyHost } from './party-host.ts';

let host: PartyHost;

beforeEach(async () => {
  host = await startPartyHost();
});

afterEach(async () => {
  await host.close();
});

function sweepWith(parameters: Partial<SweepParameters>, timeoutMs = 30_000) {
  const all: SweepParameters = {
    party: host.party,
    dueList: host.store,
    starter: { start: async (id) => void host.started.push(id) },
    leases: { isPaused: async () => false },
    clock: { now: () => START, sleep: async () => {} },
    clockWatch: { skewMs: 0 },
    ...parameters,
  };
  const sweep = createSweepTendersHandler(all);
  return () => sweep({}, invocationContext('sweep-tenders', timeoutMs));
}

async function publish(spec: Record<string, unknown> = {}) {
  const { id, signed } = host.tender(spec);
  await host.party.publishTender(signed);
  return id;
}

test('a sweep starts the clearing of tenders that are due, and of no other', async () => {
  const open = await publish();
  const later = await publish({ closesAt: '2027-01-01T00:02:00Z' });
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

/** Time passes in waits alone; what happens in the meantime is up to the test. */
function waitingClock(during: (nowMs: number) => Promise<void> = async () => {}) {
  const clock = {
    nowMs: Number(START),
    now: () => toEpochMs(clock.nowMs),
    sleep: async (durationMs: number) => {
      clock.nowMs += durationMs;
      await during(clock.nowMs);
    },
  };
  return clock;
}

describe('a deadline before the next sweep', () => {
  test('is waited for, and the clearing started right then', async () => {
    const second = await publish({ closesAt: '2027-01-01T00:00:40Z' });
    const first = await publish({ closesAt: '2027-01-01T00:00:10.250Z' });
    const due = await publish({ closesAt: '2026-12-31T00:00:00Z' });
    const next = await publish({ closesAt: '2027-01-01T00:01:06Z' });
    const startedAt = new Map<string, number>();
    const clock = waitingClock();
    const starter = { start: async (id: string) => void startedAt.set(id, clock.nowMs - START) };
    const { started } = await sweepWith({ clock, starter }, 90_000)();
    expect(started).toEqual([due, first, second]);
    expect([...startedAt]).toEqual([
      [due, 0],
      [first, 10_250],
      [second, 40_000],
    ]);
    expect(started).not.toContain(next);
  });

  test('is left to the next sweep where the invocation ends before', async () => {
    const soon = await publish({ closesAt: '2027-01-01T00:00:05Z' });
    const later = await publish({ closesAt: '2027-01-01T00:00:50Z' });
    const { started } = await sweepWith({ clock: waitingClock() }, 30_000)();
    expect([started.includes(soon), started.includes(later)]).toEqual([true, false]);
  });

  test('starts nothing that was settled by an order in the meantime, or was never published', async () => {
    const ordered = await publish({ closesAt: '2027-01-01T00:00:20Z' });
    const unknown = host.tender({ closesAt: '2027-01-01T00:00:20Z' }).id;
    await host.store.putDue({ id: unknown, dueAtMs: START + 20_000, notedAtMs: START });
    const { party } = clearedParty(ordered, () => 3);
    let isCleared = false;
    const clock = waitingClock(async () => {
      isCleared = true;
    });
    const tender = (id: TenderId) => (isCleared && id === ordered ? party.tender(id) : host.party.tender(id));
    const watched = { tenders: () => host.party.tenders(), tender, signatures: async () => 3 };
    expect((await sweepWith({ party: watched, clock }, 90_000)()).started).toEqual([]);
  });

  test('shared by more tenders than are cleared at a time starts the first of them', async () => {
    for (let count = 0; count < CLEARING_SLOTS + 2; count++)
      await publish({ closesAt: '2027-01-01T00:00:30Z' });
    const ids = (await host.store.dueTenders(Infinity)).tenders.map(({ id }) => id);
    const { started, queued } = await sweepWith({ clock: waitingClock() }, 90_000)();
    expect([started, queued]).toEqual([ids.slice(0, CLEARING_SLOTS), ids.slice(CLEARING_SLOTS)]);
  });
});

test('a tender whose clearing failed is left alone until its pause is over', async () => {
  const id = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  expect(await sweepWith({ leases: { isPaused: async () => true } })()).toEqual({
    started: [],
    paused: [id],
    queued: [],
  });
  expect(host.started).toEqual([]);
});

test('no more clearings are started than run at a time, the first by deadline and id', async () => {
  const closesAt = ['2026-12-31T00:00:01Z', '2026-12-31T00:00:00Z', '2026-12-31T00:00:01Z'];
  for (let count = 0; count < CLEARING_SLOTS; count++)
    for (const at of closesAt) await publish({ closesAt: at });
  const { tenders } = await host.store.dueTenders(START);
  const ids = tenders.map(({ id }) => id);
  expect(await sweepWith({})()).toEqual({
    started: ids.slice(0, CLEARING_SLOTS),
    paused: [],
    queued: ids.slice(CLEARING_SLOTS),
  });
  // One that is paused keeps no other back.
  const leases = { isPaused: async (id: TenderId) => id === ids[0] };
  expect(await sweepWith({ leases })()).toEqual({
    started: ids.slice(1, CLEARING_SLOTS + 1),
    paused: [ids[0]],
    queued: ids.slice(CLEARING_SLOTS + 1),
  });
});

/** Cleared as far as the sweep can see, with so many signatures. */
function clearedParty(id: TenderId, signatures: () => number) {
  let reads = 0;
  const party: SweepParameters['party'] = {
    tenders: async () => [id],
    tender: async () => {
      reads += 1;
      const { signed } = await host.party.tender(id);
      return { signed, state: { phase: 'cleared', closedAt: START, closingRoot: '', outcomeHash: '' } };
    },
    signatures: async () => signatures(),
  };
  return { party, reads: () => reads };
}

const listed = async () => (await host.store.dueTenders(Infinity)).tenders.map(({ id }) => id);

test('an outcome that lacks a signature is gone for again, and a complete one is off the list', async () => {
  const id = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  await host.store.completeDueList('[]');
  let signatures = 2;
  const { party, reads } = clearedParty(id, () => signatures);
  const sweep = sweepWith({ party });
  expect((await sweep()).started).toEqual([id]);
  expect(await listed()).toEqual([id]);
  signatures = 3;
  expect((await sweep()).started).toEqual([]);
  expect(await listed()).toEqual([]);
  expect((await sweep()).started).toEqual([]);
  expect(reads()).toBe(2);
});

test('a complete tender is cleared again while a destination lacks an event that is due', async () => {
  const id = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  await host.store.completeDueList('["bus"]');
  let standing: Standing = 'due';
  let asked = 0;
  const sweep = sweepWith({
    party: clearedParty(id, () => 3).party,
    events: {
      destinationIds: ['bus'],
      overdue: async () => 0,
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

test('a tender that was closed before its deadline is started once and leaves the list at both its times', async () => {
  const id = await publish({ closesAt: '2027-01-01T01:00:00Z' });
  await host.party.close(id, createCloseOrder(id, host.auctioneer));
  const later = { ...waitingClock(), now: () => toEpochMs(START + 3_600_000) };
  expect((await sweepWith({ clock: later })()).started).toEqual([id]);
  const { party } = clearedParty(id, () => 3);
  await sweepWith({ party })();
  expect(await listed()).toEqual([id]);
  await sweepWith({ party, clock: later })();
  expect(await listed()).toEqual([]);
});

test('what was cut off behind the list is taken off after a day, and not if it came again meanwhile', async () => {
  const { id: unknown } = host.tender();
  const open = await publish();
  for (const id of [unknown, open]) await host.store.putDue({ id, dueAtMs: DUE_AT_ONCE, notedAtMs: START });
  const sweepAt = async (ms: number) => {
    const { started } = await sweepWith({ clock: { ...waitingClock(), now: () => toEpochMs(START + ms) } })();
    expect(started).toEqual([]);
    return (await listed()).length;
  };
  expect(await sweepAt(PREMATURE_LIFETIME_MS)).toBe(2);
  const again = { id: open, dueAtMs: DUE_AT_ONCE, notedAtMs: toEpochMs(START + 1) };
  await host.store.putDue(again);
  expect(await sweepAt(PREMATURE_LIFETIME_MS + 1)).toBe(1);
  expect(await sweepAt(PREMATURE_LIFETIME_MS + 2)).toBe(0);
});

test('a tender whose deadline comes while the sweep looks at it stays on the list, however long ago it was published', async () => {
  await publish({ closesAt: '2027-01-03T00:00:00Z' });
  // Completes the list, which notes everything anew.
  await sweepWith({})();
  const deadlineMs = Date.parse('2027-01-03T00:00:00Z');
  let looks = 0;
  // The first look is the list's, the second the tender's; the deadline comes right after it.
  const now = () => toEpochMs(looks++ < 2 ? deadlineMs - 1 : deadlineMs);
  await sweepWith({ clock: { now, sleep: async () => {} } })();
  expect((await host.store.dueTenders(Infinity)).tenders).toHaveLength(1);
});

describe('a tender about which something fails keeps no other waiting, and the sweep tells of it:', () => {
  const failure = new AuctionError('TENDER_MALFORMED', 'stored by a later version');

  test('one that cannot be read', async () => {
    const [bad = '', ...others] = [await publishPast(), await publishPast(), await publishPast()].sort();
    const tender = (id: TenderId) => (id === bad ? Promise.reject(failure) : host.party.tender(id));
    const party = { tender, tenders: () => host.party.tenders(), signatures: async () => 0 };
    await expect(sweepWith({ party })()).rejects.toBe(failure);
    expect(host.started).toEqual(others);
    expect(await listed()).toHaveLength(3);
  });

  test('one that cannot be started, though as many start as are cleared at a time', async () => {
    const ids: string[] = [];
    for (let count = 0; count <= CLEARING_SLOTS; count++) ids.push(await publishPast());
    const [bad, ...others] = ids.sort();
    const started: string[] = [];
    const start = async (id: string) => {
      if (id === bad) throw failure;
      started.push(id);
    };
    await expect(sweepWith({ starter: { start } })()).rejects.toBe(failure);
    expect(started).toEqual(others);
  });

  test('one that cannot be read where the list is completed', async () => {
    const bad = host.tender({ closesAt: '2026-12-31T00:00:00Z' });
    const good = host.tender({ closesAt: '2026-12-31T00:00:00Z' });
    for (const { id, signed } of [bad, good]) await host.store.putTender(id, signed);
    const tender = (id: TenderId) => (id === bad.id ? Promise.reject(failure) : host.party.tender(id));
    const party = { tender, tenders: () => host.party.tenders(), signatures: async () => 0 };
    expect((await sweepWith({ party })()).started).toEqual([good.id]);
  });

  const publishPast = () => publish({ closesAt: '2026-12-31T00:00:00Z' });
});

describe('a list that was never completed', () => {
  /** What a party kept before it had a list. */
  async function keptWithoutList() {
    const open = host.tender();
    const timed = host.tender({ closesAt: '2026-12-31T00:00:00Z' });
    const later = host.tender({ closesAt: '2027-01-01T00:00:01Z' });
    const closed = host.tender();
    for (const { id, signed } of [open, timed, later, closed]) await host.store.putTender(id, signed);
    await host.store.putState(closed.id, 0, { phase: 'closing', closedAt: START });
    return { timed, later, closed };
  }

  test('gets every tender that may wait, once', async () => {
    const { timed, later, closed } = await keptWithoutList();
    expect(new Set((await sweepWith({})()).started)).toEqual(new Set([timed.id, closed.id]));
    expect(new Set(await listed())).toEqual(new Set([timed.id, closed.id, later.id]));
    let asked = 0;
    const tenders = () => {
      asked += 1;
      return host.party.tenders();
    };
    const party = {
      tenders,
      tender: host.party.tender.bind(host.party),
      signatures: host.party.signatures.bind(host.party),
    };
    expect((await sweepWith({ party })()).started).toHaveLength(2);
    expect(asked).toBe(0);
  });

  test('is completed by a later sweep where one stops at any call of the store', async () => {
    for (const moment of ['before', 'after'] as const) {
      for (let stopAt = 1; ; stopAt++) {
        await host.close();
        host = await startPartyHost();
        const { timed, closed } = await keptWithoutList();
        const process = new StoppedProcess(stopAt, moment);
        await sweepWith({ dueList: process.holds(host.store), party: process.holds(host.party) })().catch(
          (error: unknown) => {
            if (!process.stopped) throw error;
          },
        );
        expect(new Set((await sweepWith({})()).started)).toEqual(new Set([timed.id, closed.id]));
        if (!process.stopped) break;
      }
    }
  });

  test('is completed again for a destination that is new, and not for one that is gone', async () => {
    const id = await publish({ closesAt: '2026-12-31T00:00:00Z' });
    const { party } = clearedParty(id, () => 3);
    const told = new Set<string>();
    const sweepFor = async (...destinationIds: string[]) => {
      const standing = async () => (destinationIds.every((one) => told.has(one)) ? 'settled' : 'due');
      const { started } = await sweepWith({
        party,
        events: { destinationIds, standing, overdue: async () => 0 },
      })();
      for (const one of destinationIds) told.add(one);
      return started.length;
    };
    expect(await sweepFor()).toBe(0);
    expect(await listed()).toEqual([]);
    expect(await sweepFor('bus')).toBe(1);
    expect(await sweepFor('bus')).toBe(0);
    expect(await listed()).toEqual([]);
    expect(await sweepFor('webhook', 'bus')).toBe(1);
    expect(await sweepFor('bus', 'webhook')).toBe(0);
    expect(await sweepFor('bus')).toBe(0);
    told.delete('webhook');
    expect(await sweepFor('bus', 'webhook')).toBe(1);
  });
});

test('a sweep stopped at any call loses no tender that waits', async () => {
  for (const moment of ['before', 'after'] as const) {
    for (let stopAt = 1; ; stopAt++) {
      await host.close();
      host = await startPartyHost();
      const due = await publish({ closesAt: '2026-12-31T00:00:00Z' });
      const settled = await publish({ closesAt: '2026-12-31T00:00:01Z' });
      const signatures = async (id: TenderId) => (id === settled ? 3 : 0);
      const party: SweepParameters['party'] = {
        tenders: () => host.party.tenders(),
        tender: async (id) => {
          const { signed, state } = await host.party.tender(id);
          if (id !== settled) return { signed, state };
          return { signed, state: { phase: 'cleared', closedAt: START, closingRoot: '', outcomeHash: '' } };
        },
        signatures,
      };
      const process = new StoppedProcess(stopAt, moment);
      await sweepWith({ dueList: process.holds(host.store), party: process.holds(party) })().catch(
        (error: unknown) => {
          if (!process.stopped) throw error;
        },
      );
      expect((await sweepWith({ party })()).started).toEqual([due]);
      expect(await listed()).toEqual([due]);
      if (!process.stopped) break;
    }
  }
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
