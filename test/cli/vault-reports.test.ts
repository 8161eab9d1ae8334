/** `tacit vault stats | trace | cost`, for every shape of a vault. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { tacit } from './run.ts';
import { TIMEOUT_MS, TREE, VaultWorkshop } from './vault-workshop.ts';

let workshop: VaultWorkshop;

beforeAll(async () => {
  workshop = await VaultWorkshop.open();
});

afterAll(() => workshop.dispose());

const traceSchema = z.array(
  z.strictObject({
    calls: z.array(z.strictObject({ op: z.string(), items: z.int(), bytes: z.int() })),
    leaves: z.array(z.int()),
  }),
);

async function traceOf(name: string, ...args: readonly string[]) {
  return traceSchema.parse(await workshop.runJson('trace', name, ...args));
}

const unitsSchema = z.strictObject({ requests: z.number(), readUnits: z.number(), writeUnits: z.number() });

const statsSchema = z.object({
  ...{ records: z.int(), capacity: z.int(), height: z.int(), bucketSize: z.int(), stash: z.int() },
  ...{ stashMax: z.int(), accesses: z.int(), readUnits: z.number(), writeUnits: z.number() },
  ...{ layout: z.enum(['tree', 'scan']), cachedLevels: z.int(), pool: z.int(), stateBytes: z.int() },
  usage: z.strictObject({ opening: unitsSchema, access: unitsSchema, bulk: unitsSchema }),
});

async function statsOf(name: string) {
  return statsSchema.parse(await workshop.runJson('stats', name));
}

test('what was done shows in the stats, and not in the trace', { timeout: TIMEOUT_MS }, async () => {
  await workshop.run('create', 'v', ...TREE);
  await workshop.run('load', 'v', await workshop.file('v.csv', 'key,value\na,1\nb,2\n'));
  const before = await statsOf('v');
  expect(before).toMatchObject({ records: 2, capacity: 40, height: 4, bucketSize: 4, accesses: 0 });
  await workshop.run('get', 'v', 'a');
  await workshop.attempt('get', 'v', 'none');
  await workshop.run('put', 'v', 'a', '');
  await workshop.run('put', 'v', 'c', 'x'.repeat(32));
  await workshop.run('delete', 'v', 'c');
  await workshop.attempt('delete', 'v', 'c');

  const after = await statsOf('v');
  expect(after).toMatchObject({ records: 2, accesses: 6 });
  const { opening, access, bulk } = after.usage;
  expect(after.writeUnits).toBe(opening.writeUnits + access.writeUnits + bulk.writeUnits);
  expect(after.readUnits).toBe(opening.readUnits + access.readUnits + bulk.readUnits);
  expect(access.writeUnits).toBeGreaterThan(before.usage.access.writeUnits);
  expect(bulk).toEqual(before.usage.bulk);
  expect(await workshop.run('stats', 'v')).toContain('2 of 40');

  const trace = await traceOf('v', '--last', '6');
  expect(trace).toHaveLength(6);
  for (const { calls, leaves } of trace) {
    expect(calls).toEqual(trace[0]?.calls);
    expect(leaves).toHaveLength(1);
    expect(leaves[0]).toBeLessThan(2 ** 4);
  }
  const [read, ...puts] = trace[0]?.calls ?? [];
  expect(read?.op).toBe('BatchGetItem');
  expect(puts.map(({ op, items }) => [op, items])).toEqual(puts.map(() => ['PutItem', 1]));
  expect(puts).toHaveLength(read?.items ?? 0);
  expect(await traceOf('v', '--last', '1')).toEqual(trace.slice(-1));
  expect(await workshop.run('trace', 'v')).toContain('All 6 made the same calls with the same sizes');
});

test('a small vault is one item that every access reads and rewrites', { timeout: TIMEOUT_MS }, async () => {
  await workshop.run('create', 's', '--records', '20', '--block', '40');
  await workshop.run('load', 's', await workshop.file('s.csv', 'key,value\na,"1, and ""2"""\n'));
  expect(await workshop.run('get', 's', 'a')).toBe('1, and "2"\n');
  await workshop.attempt('get', 's', 'none');
  await workshop.run('put', 's', 'b', '2');
  const trace = await traceOf('s');
  expect(trace).toHaveLength(3);
  for (const access of trace) expect(access).toEqual({ calls: trace[0]?.calls, leaves: [] });
  expect(trace[0]?.calls.map(({ op }) => op)).toEqual(['BatchGetItem', 'PutItem']);
  expect(await statsOf('s')).toMatchObject({ layout: 'scan', records: 2, height: 0, accesses: 3 });
});

test('a record of four blocks shows four leaves', { timeout: TIMEOUT_MS }, async () => {
  const sizes = ['--records', '200', '--block', '16', '--blocks-per-record', '4', '--layout', 'tree'];
  await workshop.run('create', 'b', ...sizes);
  await workshop.run('put', 'b', 'a', 'x'.repeat(64));
  expect(await workshop.run('get', 'b', 'a')).toBe(`${'x'.repeat(64)}\n`);
  const trace = await traceOf('b');
  expect(trace).toHaveLength(2);
  for (const { leaves } of trace) {
    // Two of them may be the same by chance.
    expect(leaves.length).toBeGreaterThanOrEqual(2);
    expect(leaves.length).toBeLessThanOrEqual(4);
    expect(Math.max(...leaves)).toBeLessThan(256);
  }
});

const costSchema = z.object({
  readUnits: z.number(),
  writeUnits: z.number(),
  roundTrips: z.number(),
  dollarsPerMillion: z.number(),
});

test('cost answers before anything is made', { timeout: TIMEOUT_MS }, async () => {
  const cost = (...args: readonly string[]) => tacit('vault', 'cost', ...args);
  const { code, stdout, stderr } = await cost('--records', '65536', '--block', '1024', '--json');
  expect([code, stderr]).toEqual([0, '']);
  const costs = z.object({ single: costSchema, epochOf8: costSchema });
  const { single, epochOf8 } = costs.parse(JSON.parse(stdout));
  expect(single.writeUnits).toBeLessThanOrEqual(80);
  expect(single.readUnits).toBeLessThanOrEqual(32);
  expect(epochOf8.writeUnits).toBeLessThan(single.writeUnits);
  const text = await cost('--records', '65536', '--block', '1024');
  expect(text.stdout).toContain('in an epoch of 8');
  expect((await cost('--records', '10', '--block', '16')).stdout).toContain('One sealed item');
});
