import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAuctionTable } from '../../auction/party/dynamodb.ts';
import { ClearingSlots } from '../../functions/clearing-slots.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';

let local: LocalDynamodb;
let tables = 0;
let tableName: string;
let now = toEpochMs(1_800_000_000_000);
/** Sleeps end by their signal alone. */
const clock = {
  now: () => now,
  sleep: (_durationMs: number, signal?: AbortSignal) =>
    new Promise<void>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
};

beforeAll(async () => {
  local = await startLocalDynamodb();
});

beforeEach(async () => {
  tableName = `state-${tables++}`;
  await createAuctionTable(local.client, tableName);
});

afterAll(() => local.close());

const slots = (count: number) => new ClearingSlots({ client: local.client, tableName }, clock, count);
const nothing = async () => {};

test('as many runs as there are slots have one at a time, and one that finds none is not run', async () => {
  const gate = Promise.withResolvers<void>();
  let running = 0;
  const run = async () => {
    running += 1;
    await gate.promise;
  };
  const runs = Array.from({ length: 8 }, (_, index) => slots(3).hold(`run ${index}`, run));
  // Those that found none have ended before a slot is free again.
  let turnedAway = 0;
  for (const one of runs) one.then((held) => (turnedAway += held ? 0 : 1));
  await expect.poll(() => [running, turnedAway], { timeout: 60_000 }).toEqual([3, 5]);
  expect(await slots(3).hold('late', run)).toBe(false);
  gate.resolve();
  expect((await Promise.all(runs)).filter((held) => held)).toHaveLength(3);
  expect(running).toBe(3);
  expect(await slots(3).hold('next', nothing)).toBe(true);
});

test('a slot is free after a run that failed, and a minute after one that was cut off', async () => {
  const fail = () => Promise.reject(new Error('a table does not answer'));
  await expect(slots(1).hold('failed', fail)).rejects.toThrow('a table does not answer');
  const begun = Promise.withResolvers<void>();
  void slots(1).hold('cut off', () => {
    begun.resolve();
    return new Promise(() => {});
  });
  await begun.promise;
  expect(await slots(1).hold('too early', nothing)).toBe(false);
  now = toEpochMs(now + 60_001);
  expect(await slots(1).hold('heir', nothing)).toBe(true);
});
