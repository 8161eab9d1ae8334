import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuctionTable } from '../../auction/party/dynamodb.ts';
import type { TenderId } from '../../auction/tender.ts';
import { ClearingLeases, nextTryAtMs } from '../../functions/clearing-lease.ts';
import { ClockWatch, skewOf } from '../../functions/clock-watch.ts';
import { type DynamodbServer, startDynamodbServer } from '../../local/dynamodb-server.ts';
import { toEpochMs } from '../../mpc/clock.ts';

const TABLE = 'state';
const MINUTE_MS = 60_000;

let server: DynamodbServer;
let client: DynamoDBClient;
let tenders = 0;
let id: TenderId;
let now = toEpochMs(1_800_000_030_000);
/** Sleeps end when the clock is moved past them, or by their signal. */
const clock = {
  now: () => now,
  sleep: (_durationMs: number, signal?: AbortSignal) =>
    new Promise<void>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
};

beforeAll(async () => {
  server = await startDynamodbServer({
    port: 0,
    ownerAccessKey: 'owner',
    peerAccessKeys: [],
    outboxTable: '-',
  });
  const credentials = { accessKeyId: 'owner', secretAccessKey: 'local' };
  client = new DynamoDBClient({ endpoint: server.endpoint, region: 'local', credentials });
  await createAuctionTable(client, TABLE);
});

beforeEach(() => {
  id = `tender-${tenders++}` as TenderId;
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

const leases = () => new ClearingLeases({ client, tableName: TABLE }, clock);
const settled = () => 'settled' as const;

describe('the lease of a tender', () => {
  test('lets one of many runs at the same time in, and the next once it is given back', async () => {
    const gate = Promise.withResolvers<void>();
    let running = 0;
    const run = async () => {
      running += 1;
      expect(running).toBe(1);
      await gate.promise;
      running -= 1;
      return 'cleared';
    };
    const runs = Array.from({ length: 8 }, (_, index) => leases().hold(id, `run ${index}`, run, settled));
    const seven = Promise.withResolvers<void>();
    let busy = 0;
    const ended = runs.map(async (held) => {
      const value = (await held) ?? 'busy';
      if (value === 'busy' && ++busy === 7) seven.resolve();
      return value;
    });
    // The first that fails, or that got in beside another, ends the wait as well.
    await Promise.race([seven.promise, Promise.all(ended)]);
    gate.resolve();
    expect((await Promise.all(ended)).sort()).toEqual([...Array(7).fill('busy'), 'cleared']);
    expect(await leases().hold(id, 'later', async () => 'again', settled)).toBe('again');
  });

  test('of a run that was cut off is free again a minute later', async () => {
    await new Promise<void>((running, failed) => {
      const dead = leases().hold(
        id,
        'dead',
        () => {
          running();
          return new Promise<never>(() => {});
        },
        settled,
      );
      dead.catch(failed);
    });
    expect(await leases().hold(id, 'probe', async () => 'in', settled)).toBeUndefined();
    const before = now;
    now = toEpochMs(now + MINUTE_MS + 1);
    expect(await leases().hold(id, 'heir', async () => 'in', settled)).toBe('in');
    now = before;
  });

  test('pauses the sweep after failures, longer each time, and no more after a success', async () => {
    const failing = leases();
    expect(await failing.isPaused(id)).toBe(false);
    const fail = async () => {
      throw new Error('a peer is down');
    };
    await expect(failing.hold(id, 'first', fail, settled)).rejects.toThrow('a peer is down');
    expect(await failing.isPaused(id)).toBe(true);
    const before = now;
    now = toEpochMs(nextTryAtMs(1, now));
    expect(await failing.isPaused(id)).toBe(false);
    // A run that ends without having settled the tender counts as a failure.
    await failing.hold(
      id,
      'second',
      async () => 'one signature is missing',
      () => 'failed',
    );
    expect(await failing.isPaused(id)).toBe(true);
    now = toEpochMs(nextTryAtMs(2, now));
    expect(await failing.isPaused(id)).toBe(false);
    await expect(failing.hold(id, 'third', fail, settled)).rejects.toThrow('a peer is down');
    await failing.hold(id, 'fourth', async () => 'cleared', settled);
    expect(await failing.isPaused(id)).toBe(false);
    now = before;
  });

  test('however differently two parties failed, the one that waits longer meets every try of the other', () => {
    const failures = fc.integer({ min: 1, max: 40 });
    const times = fc.integer({ min: 0, max: 2 ** 45 });
    fc.assert(
      fc.property(failures, failures, times, (first, second, nowMs) => {
        const [fewer, more] = [Math.min(first, second), Math.max(first, second)];
        const meeting = nextTryAtMs(more, nowMs);
        expect(meeting).toBeGreaterThan(nowMs);
        expect(meeting - nowMs).toBeLessThanOrEqual(64 * MINUTE_MS);
        // The other tries right then as well, if it looks in the minute before.
        expect(nextTryAtMs(fewer, meeting - 1)).toBe(meeting);
      }),
    );
  });
});

describe('the clock watch', () => {
  test('reports what neither the resolution of the header nor the request explains', () => {
    expect(skewOf(10_000, 10_500, 10_900)).toBe(0);
    expect(skewOf(10_000, 9_000, 12_000)).toBe(0);
    expect(skewOf(10_000, 13_500, 13_600)).toBe(2_500);
    expect(skewOf(10_000, 6_000, 6_500)).toBe(3_500);
  });

  test('reads the answers of a real server', async () => {
    const credentials = { accessKeyId: 'owner', secretAccessKey: 'local' };
    const watched = new DynamoDBClient({ endpoint: server.endpoint, region: 'local', credentials });
    const right = new ClockWatch();
    const fast = new ClockWatch();
    right.attach(watched, Date.now);
    await new ClearingLeases({ client: watched, tableName: TABLE }, clock).isPaused(id);
    expect(right.skewMs).toBeLessThan(1_000);
    watched.middlewareStack.remove('tacitClockWatch');
    fast.attach(watched, () => Date.now() + 60_000);
    await new ClearingLeases({ client: watched, tableName: TABLE }, clock).isPaused(id);
    expect(fast.skewMs).toBeGreaterThan(55_000);
    watched.destroy();
  });
});
