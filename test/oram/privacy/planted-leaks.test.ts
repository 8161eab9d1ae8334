/**
 * Planted leaks: the vault with one mistake made in one of its modules, and the tests of workloads.test.ts, which must see
 * it. Each mistake is one that a Path ORAM has had somewhere, or is easily made here.
 *
 * Mistakes are made by replacing a module's function in this file alone; nothing in the vault knows of it. Seed 20260102.
 */

import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { VaultOperation } from '../../../oram/vault.ts';
import { SeededRandom } from '../seeded-random.ts';
import { copyOf, type Tables } from '../tree-world.ts';
import { alarmsOfInterrupted, type Interrupted, interrupt, NEXT } from './interrupted.ts';
import { alarmsOf, differencesOf } from './table-owner.ts';
import { BATCHES, observe, PARAMETERS, prepare, SINGLES } from './workloads.ts';

type Leak =
  | 'none'
  | 'early return on a miss'
  | 'skipped dummy'
  | 'epochs not filled'
  | 'duplicates read one path'
  | 'no remap'
  | 'remap of writes only'
  | 'values not padded'
  | 'leaves drawn in turn'
  | 'a miss reads the leftmost path'
  | 'retry without intent'
  | 'recovery looks at the next request';

/** What the modules below do wrong, and what a process that recovers would know of its request. */
const planted = vi.hoisted(() => ({
  leak: 'none' as string,
  next: undefined as { readonly kind: string } | undefined,
}));

vi.mock('../../../oram/operations.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../../oram/operations.ts')>();
  const resolveOperations: typeof original.resolveOperations = (operations, size, state, keys, draw) => {
    const resolved = original.resolveOperations(operations, size, state, keys, draw);
    const { accesses, groups } = resolved;
    const used = accesses.slice(0, groups.length);
    const missed = operations.every(({ kind }) => kind === 'get') && groups.every(({ exists }) => !exists);
    if (planted.leak === 'early return on a miss' && missed) return { ...resolved, accesses: [] };
    if (planted.leak === 'skipped dummy' && groups.length === 0) return { ...resolved, accesses: [] };
    if (planted.leak === 'epochs not filled') return { ...resolved, accesses: used };
    if (planted.leak === 'duplicates read one path') {
      return {
        ...resolved,
        accesses: accesses.map((access, index) => used[index] ?? { ...access, leaf: used[0]!.leaf }),
      };
    }
    if (planted.leak === 'a miss reads the leftmost path') {
      const leftmost = state.geometry.leafFrom(0);
      return {
        ...resolved,
        accesses: accesses.map((access) =>
          access.block === undefined ? { ...access, leaf: leftmost } : access,
        ),
      };
    }
    return resolved;
  };
  const applyOperations: typeof original.applyOperations = (resolved, ...rest) => {
    const applied = original.applyOperations(resolved, ...rest);
    const isWrite = resolved.operations.some(({ kind }) => kind !== 'get');
    const stays = planted.leak === 'no remap' || (planted.leak === 'remap of writes only' && !isWrite);
    const accesses = applied.accesses.map((access) =>
      stays && access.block !== undefined ? { ...access, newLeaf: access.leafRead } : access,
    );
    return { ...applied, accesses };
  };
  const repeatIntent: typeof original.repeatIntent = (accesses) => {
    // Some other path is read, and the block stays where it was.
    const other = accesses.map(({ leaf }) => ({ block: undefined, leaf: ((leaf + 1) % 64) as typeof leaf }));
    const ignores =
      planted.leak === 'retry without intent' ||
      (planted.leak === 'recovery looks at the next request' && planted.next?.kind === 'dummy');
    return original.repeatIntent(ignores ? other : accesses);
  };
  return { ...original, resolveOperations, applyOperations, repeatIntent };
});

vi.mock('../../../oram/bucket.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../../oram/bucket.ts')>();
  const { bucketBytes } = await import('../../../oram/sizes.ts');
  const encodeBucket: typeof original.encodeBucket = (...bucket) => {
    const bytes = original.encodeBucket(...bucket);
    if (planted.leak !== 'values not padded') return bytes;
    return bytes.slice(0, 1 + bytes.findLastIndex((byte) => byte !== 0));
  };
  const decodeBucket: typeof original.decodeBucket = (bytes, blockBytes, ...rest) => {
    const padded = new Uint8Array(bucketBytes(blockBytes));
    padded.set(bytes);
    return original.decodeBucket(padded, blockBytes, ...rest);
  };
  return { ...original, encodeBucket, decodeBucket };
});

vi.mock('../../../oram/random-leaves.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../../oram/random-leaves.ts')>();
  const randomLeaves: typeof original.randomLeaves = (geometry, random) => {
    const draw = original.randomLeaves(geometry, random);
    let turn = 0;
    return () => {
      turn += 1;
      return planted.leak === 'leaves drawn in turn' ? geometry.leafFrom(turn * 19) : draw();
    };
  };
  return { ...original, randomLeaves };
});

const SEED = 20_260_102;

let tables: Tables;
beforeAll(async () => {
  tables = await prepare(SEED);
});
afterEach(() => {
  planted.leak = 'none';
  planted.next = undefined;
});

type Workload = (index: number) => VaultOperation | readonly VaultOperation[];

const EPOCHS = { one: 1500, eight: 400 };

/** The shape alone tells, and no vault can be opened after many epochs of no operation. */
function leavesNothing(leak: Leak): boolean {
  return leak === 'early return on a miss' || leak === 'skipped dummy';
}

/** What several tests expect of the same two views, which the seed makes the same every time. */
const known = new Map<string, Promise<string[]>>();
const workloads: Workload[] = [];
const placeOf = (workload: Workload) =>
  workloads.includes(workload) ? workloads.indexOf(workload) : workloads.push(workload) - 1;

/** @returns everything suspicious, in one view or in how two differ */
function suspicions(leak: Leak, left: Workload, right: Workload, draws: number): Promise<string[]> {
  const key = `${leak} ${placeOf(left)} ${placeOf(right)} ${draws}`;
  const found = known.get(key) ?? suspicionsOf(leak, left, right, draws);
  known.set(key, found);
  return found;
}

async function suspicionsOf(leak: Leak, left: Workload, right: Workload, draws: number): Promise<string[]> {
  planted.leak = leak;
  const epochs = EPOCHS[draws === 1 ? 'one' : 'eight'] * (leavesNothing(leak) ? 0.1 : 1);
  const views = [];
  for (const [name, workload] of Object.entries({ left, right })) {
    views.push(await observe(tables, workload, epochs, new SeededRandom(SEED, `${leak} ${name}`)));
  }
  const [first, second] = [views[0]!, views[1]!];
  if (leavesNothing(leak)) return first.shape.join() === second.shape.join() ? [] : ['shape'];
  return [
    ...alarmsOf(first, PARAMETERS, draws),
    ...alarmsOf(second, PARAMETERS, draws),
    ...differencesOf(first, second, PARAMETERS),
  ];
}

const {
  'the same record looked up': same,
  'all records looked up in turn': distinct,
  'keys that are not there': misses,
  'the same record replaced': replaced,
  dummies,
} = SINGLES;

const SINGLE_LEAKS: readonly (readonly [Leak, Workload, Workload, string])[] = [
  ['early return on a miss', misses, distinct, 'shape'],
  ['skipped dummy', dummies, distinct, 'shape'],
  ['no remap', same, distinct, 'repeats within 1'],
  ['no remap', same, distinct, 'other repeats within 1'],
  ['no remap', replaced, distinct, 'repeats within 1'],
  ['remap of writes only', same, replaced, 'other repeats within 1'],
  ['leaves drawn in turn', same, dummies, 'repeats within 20'],
  ['leaves drawn in turn', same, dummies, 'consecutive pairs'],
  ['a miss reads the leftmost path', misses, distinct, 'leaves not uniform'],
  ['a miss reads the leftmost path', misses, distinct, 'other leaves'],
];

const BATCH_LEAKS: readonly (readonly [Leak, Workload, Workload, string])[] = [
  ['epochs not filled', BATCHES['a batch of one'], BATCHES['eight records'], 'shape'],
  ['epochs not filled', BATCHES['one record eight times'], BATCHES['eight records'], 'shape'],
  [
    'duplicates read one path',
    BATCHES['one record eight times'],
    BATCHES['eight records'],
    'another number of paths',
  ],
  [
    'duplicates read one path',
    BATCHES['two records four times'],
    BATCHES['eight records'],
    'another number of paths',
  ],
  ['no remap', BATCHES['the same eight records'], BATCHES['eight records'], 'other repeats within 1'],
];

describe('is seen', () => {
  test.each(SINGLE_LEAKS)('in epochs of one: %s', async (leak, left, right, seen) => {
    expect(await suspicions(leak, left, right, 1)).toContain(seen);
  });

  test.each(BATCH_LEAKS)('in epochs of eight: %s', async (leak, left, right, seen) => {
    expect(await suspicions(leak, left, right, 8)).toContain(seen);
  });

  test('in the sizes of what is written: values not padded', async () => {
    // From the beginning, so that what is there can be read.
    planted.leak = 'values not padded';
    tables = await prepare(SEED);
    const [full, empty] = [same, SINGLES['empty and full values']];
    expect(await suspicions('values not padded', full, empty, 1)).toContain('shape');
    planted.leak = 'none';
    tables = await prepare(SEED);
  });

  const cutOff = async (leak: Leak, name: string) => {
    planted.leak = leak;
    const random = new SeededRandom(SEED, `${leak} ${name}`);
    const seen: Interrupted[] = [];
    for (let record = 0; record < 8; record++) {
      const next = NEXT[name]!(record);
      planted.next = next;
      seen.push(await interrupt(copyOf(tables), record, next, 1, 'after', random));
    }
    return alarmsOfInterrupted(seen);
  };

  test('after a cut: a retry without intent', async () => {
    expect(await cutOff('retry without intent', 'the same record')).toContain('recovery reads another path');
  });

  test('after a cut: a recovery that looks at the next request', async () => {
    expect(await cutOff('recovery looks at the next request', 'the same record')).toEqual([]);
    expect(await cutOff('recovery looks at the next request', 'dummy')).toEqual([
      'recovery reads another path',
    ]);
  });
});

test('nothing is suspicious where nothing is planted: the replaced modules are as they were', async () => {
  expect(await suspicions('none', same, misses, 1)).toEqual([]);
  expect(await suspicions('none', BATCHES['one record eight times'], BATCHES.dummies, 8)).toEqual([]);
});
