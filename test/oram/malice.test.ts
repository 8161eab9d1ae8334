/**
 * Tables that answer with anything but what was put there last: each kind of item missing, older, altered, cut, swapped
 * or under another version. A named error, a vault that is not read or written any more by anybody, and nothing trusted.
 */

import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { logKey } from '../../oram/checkpoint.ts';
import { OramError } from '../../oram/errors.ts';
import { HeadStore } from '../../oram/head-store.ts';
import { createVault, openVault } from '../../oram/open-vault.ts';
import { bucketKey } from '../../oram/sealed-buckets.ts';
import type { Item, ItemKey } from '../../oram/stores/store.ts';
import type { Vault } from '../../oram/vault.ts';
import { VirtualClock } from '../adversary/virtual-clock.ts';
import {
  bitFlipped,
  type Change,
  CrashSignal,
  contentOf,
  FaultyProcess,
  missing,
  older,
  truncatedBy,
  versionMoved,
} from './stores/fault-store.ts';
import {
  checkVault,
  copyOf,
  inspect,
  KEY,
  NAME,
  newTables,
  newVault,
  open,
  optionsFor,
  placesOf,
  type Tables,
  text,
  treeParameters,
} from './tree-world.ts';

const SIZES = { capacity: 12, checkpointOperations: 3 };
const RECORDS = new Map(Array.from({ length: 9 }, (_, number) => [`${number}`, text(`value ${number}`)]));

/** Letter of the kind in an item's key. */
const KINDS = { bucket: 'b', log: 'l', pool: 'p', page: 'g', segment: 's' } as const;
type Kind = keyof typeof KINDS;

const isOf =
  (kind: Kind) =>
  ({ partition }: ItemKey): boolean =>
    !partition.startsWith('vault:') && partition[12] === KINDS[kind];

/** A vault all of whose kinds of items were written several times, by a process that can alter what is read. */
async function history() {
  const tables = newTables();
  const process = new FaultyProcess();
  const vault = await createVault(optionsFor(tables, { process }), treeParameters(SIZES));
  await vault.load([...RECORDS].map(([key, value]) => ({ key, value })));
  // The last epoch is neither a checkpoint's nor alone in the log.
  for (let round = 0; round < 20; round++) await vault.get(`${round % 9}`);
  return { tables, process, vault };
}

function swapped(tables: Tables, kind: Kind): Change {
  const items = [...tables.tree.items(), ...tables.state.items()].filter(({ key }) => isOf(kind)(key));
  return (item, view) => {
    const index = items.findIndex(
      ({ key }) => key.partition === item?.key.partition && key.sort === item.key.sort,
    );
    return contentOf(items[(index + 1) % items.length]!.key)(item, view);
  };
}

const MUTATIONS: readonly (readonly [
  string,
  (tables: Tables, kind: Kind) => Change,
  'MISSING' | 'STALE' | 'FORGED' | 'any',
])[] = [
  ['missing', missing, 'MISSING'],
  ['one version older', () => older(1), 'STALE'],
  ['altered in its first bit', () => bitFlipped(0), 'FORGED'],
  ['altered in its last bit', () => bitFlipped(-1), 'FORGED'],
  ['a byte shorter', () => truncatedBy(1), 'FORGED'],
  ['empty', () => truncatedBy(1_000_000), 'FORGED'],
  ['another of its kind', swapped, 'any'],
  ['said to be later', () => versionMoved(1), 'STALE'],
  ['said to be earlier', () => versionMoved(-1), 'STALE'],
];

const CASES = (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
  MUTATIONS.map(([how, change, check]) => [kind, how, change, check] as const),
);

async function expectPoisoned(tables: Tables, code: string, others: readonly Vault[]): Promise<void> {
  const process = new FaultyProcess();
  const reopened = await open(tables, { process });
  expect(reopened.stats().poisonedBy).toBe(code);
  for (const vault of [reopened, ...others]) {
    const refusals = [vault.get('1'), vault.put('1', text('x')), vault.delete('1'), vault.dummy()].map(
      codeOf,
    );
    expect(new Set(await Promise.all(refusals))).toEqual(new Set(['VAULT_POISONED']));
  }
  expect(process.calls.filter(({ store, op }) => store === 'tree' || op !== 'read')).toEqual([]);
}

describe('an item that is not what was put there last', () => {
  test.each(CASES)('%s, %s: is named, and the vault poisoned for all', async (kind, _, change, check) => {
    const { tables, process, vault } = await history();
    const other = await open(tables);
    const restore = process.tamper(isOf(kind), change(tables, kind));
    const code = await (async () => {
      if (kind === 'bucket') return codeOf(vault.get('1'));
      return codeOf(open(tables, { process }));
    })();
    const table = kind === 'bucket' ? 'BUCKET' : 'STATE';
    if (check === 'any') expect([`${table}_STALE`, `${table}_FORGED`]).toContain(code);
    else expect(code).toBe(`${table}_${check}`);
    restore();
    await expectPoisoned(tables, code, kind === 'bucket' ? [vault, other] : [other]);

    const anew = await open(tables);
    expect(await anew.reshuffle()).toEqual({ kept: RECORDS.size, lost: 0 });
    await checkVault(tables, RECORDS);
    expect(anew.stats().poisonedBy).toBeUndefined();
    // Those that knew of it find out that it is over.
    expect(await other.get('1')).toEqual(RECORDS.get('1'));
  });

  test.each(MUTATIONS)('log, %s: is noticed by a warm writer that catches up', async (_, change, check) => {
    const { tables, process, vault } = await history();
    await (await open(tables)).batch([{ kind: 'dummy' }]);
    const restore = process.tamper(isOf('log'), change(tables, 'log'));
    const code = await codeOf(vault.get('1'));
    // The process did not write that epoch, and knows nothing older under its key.
    if (check === 'any') expect(['STATE_STALE', 'STATE_FORGED']).toContain(code);
    else expect(['STATE_MISSING', `STATE_${check}`]).toContain(code);
    expect(await codeOf(vault.get('1'))).toBe('VAULT_POISONED');
    restore();
    await expectPoisoned(tables, code, [vault]);
  });

  test.each([
    ['missing', missing(), ['VAULT_UNKNOWN']],
    ['altered in its layout', bitFlipped(0), ['HEAD_MALFORMED']],
    ['altered in its identifier', bitFlipped(8), ['VAULT_KEY']],
    ['altered in its generation', bitFlipped(8 * 17), ['HEAD_FORGED']],
    ['altered in its key check', bitFlipped(8 * 21), ['VAULT_KEY']],
    ['altered in its last bit', bitFlipped(-1), ['HEAD_FORGED']],
    ['a byte shorter', truncatedBy(1), ['HEAD_FORGED']],
    ['empty', truncatedBy(1_000_000), ['HEAD_MALFORMED']],
    ['of another vault', contentOf({ partition: 'vault:other', sort: 'h' }), ['HEAD_FORGED']],
    ['said to be later', versionMoved(1), ['HEAD_FORGED']],
    ['said to be earlier', versionMoved(-1), ['HEAD_FORGED']],
  ] as const)('head, %s: is named, and nothing is read or written', async (_, change, codes) => {
    const { tables, process, vault } = await history();
    await createVault({ ...optionsFor(tables), name: 'other' }, treeParameters(SIZES));
    // So that the warm writer has to look.
    await (await open(tables)).dummy();
    const before = process.calls.length;
    process.tamper(({ partition }) => partition === `vault:${NAME}`, change);
    expect(codes).toContain(await codeOf(open(tables, { process })));
    expect([...codes, 'VAULT_UNKNOWN']).toContain(await codeOf(vault.get('1')));
    expect(process.calls.slice(before).filter(({ store, op }) => store === 'tree' || op === 'write')).toEqual(
      [],
    );
    await checkVault(tables, RECORDS);
    expect(await (await open(tables)).get('1')).toEqual(RECORDS.get('1'));
  });
});

describe('a table that does not do what it says', () => {
  test('buckets that were never written are missed', async () => {
    const { tables, process, vault } = await history();
    process.dropWrites(isOf('bucket'));
    await vault.get('1');
    await expect(
      vault
        .get('1')
        .then(() => vault.batch([...RECORDS.keys()].map((key) => ({ kind: 'get' as const, key })))),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^BUCKET_(MISSING|STALE)$/) });
    expect((await open(tables)).stats().poisonedBy).toMatch(/^BUCKET_/);
  });

  test('a log record that was never written is missed by whoever opens the vault', async () => {
    const { tables, process, vault } = await history();
    process.dropWrites(isOf('log'));
    await vault.get('1');
    await expect(open(tables)).rejects.toMatchObject({
      code: expect.stringMatching(/^STATE_(MISSING|STALE)$/),
    });
  });

  test('heads that were never put: others find buckets that nobody committed', async () => {
    const { tables, process, vault } = await history();
    process.dropWrites(({ partition }) => partition === `vault:${NAME}`);
    await vault.get('1');
    await vault.get('1');
    const other = await open(tables);
    const codes: string[] = [];
    for (let round = 0; round < 10; round++) codes.push(await codeOf(other.get('1')));
    expect(codes.find((code) => code !== 'no error')).toBe('BUCKET_STALE');
  });

  test('an old head: whoever saw a later one says so, and nobody else gets anywhere with it', async () => {
    const { tables, process, vault } = await history();
    const head = { partition: `vault:${NAME}`, sort: 'h' };
    const [earlier] = await tables.state.read([head]);
    await (await open(tables)).dummy();
    await vault.dummy();
    await (await open(tables)).dummy();
    process.tamper(
      ({ partition }) => partition === head.partition,
      () => earlier,
    );
    const before = process.calls.length;
    expect(await codeOf(vault.get('1'))).toBe('STATE_STALE');
    const reader = await open(tables, { process });
    expect(await codeOf(reader.get('1'))).toBe('VAULT_BUSY');
    expect(process.calls.slice(before).filter(({ store }) => store === 'tree')).toEqual([]);
  });

  test.each([
    ['bucket', 'BUCKET_STALE'],
    ['log', 'STATE_STALE'],
  ] as const)(
    'a %s from the future refuses every put: that is named, not repeated for ever',
    async (kind, code) => {
      const { tables, vault } = await history();
      const { opened } = await inspect(tables);
      const { sealer } = await new HeadStore(optionsFor(tables)).read();
      const { state, ledger } = opened;
      const planted = { version: 2 ** 31 - 1, bytes: new Uint8Array(100) };
      if (kind === 'log') {
        await tables.state.write([{ ...planted, key: logKey(sealer, ledger.layout, state.sequence + 1) }]);
      } else {
        // In the slots that are written next; what is current is untouched.
        for (const place of placesOf(opened)) {
          await tables.tree.write([
            { ...planted, key: bucketKey(sealer, place, state.versions.nextSlot(place.index)) },
          ]);
        }
      }
      expect(await codeOf(vault.get('1'))).toBe(code);
      await expectPoisoned(tables, code, [vault]);
      await vault.reshuffle();
      await checkVault(tables, RECORDS);
    },
  );
});

describe('an item that is none', () => {
  test('is named, and a reshuffle that accepts loss drops no more than its records', async () => {
    const { tables, vault } = await history();
    const [bad] = [...tables.tree.items()].filter(({ key }) => isOf('bucket')(key));
    const tree = {
      ...tables.tree,
      read: async (keys: readonly ItemKey[]) => {
        if (keys.some(({ partition }) => partition === bad?.key.partition)) {
          throw new OramError('STORE_ITEM_MALFORMED', 'an item has no version');
        }
        return tables.tree.read(keys);
      },
      write: (items: readonly Item[]) => tables.tree.write(items),
      fill: (items: readonly Item[]) => tables.tree.fill(items),
      remove: (keys: readonly ItemKey[]) => tables.tree.remove(keys),
      units: () => tables.tree.units(),
    };
    const reader = await openVault({ ...optionsFor(tables), tree });
    expect(await codeOf(reader.reshuffle())).toBe('STORE_ITEM_MALFORMED');
    await expectPoisoned(tables, 'STORE_ITEM_MALFORMED', [vault, reader]);
    const { kept, lost } = await reader.reshuffle({ acceptLoss: true });
    expect([kept + lost, lost < 5]).toEqual([RECORDS.size, true]);
    expect(vault.stats().capacity).toBe(SIZES.capacity);
  });
});

describe('tables that are rolled back', () => {
  test('the tree alone: is named; a reshuffle keeps what was not written since, and nothing old', async () => {
    const { tables: base, vault } = await newVault({ capacity: 60, checkpointOperations: 3 });
    const records = new Map(Array.from({ length: 50 }, (_, number) => [`${number}`, text(`${number}`)]));
    await vault.load([...records].map(([key, value]) => ({ key, value })));
    const { tree } = copyOf(base);
    for (const key of ['1', '2']) await vault.put(key, text('later'));
    const tables = { tree, state: base.state };
    const reader = await open(tables);
    let code: string | undefined;
    // Paths that were not written since are still in order.
    for (let round = 0; round < 20 && code === undefined; round++) {
      code = await reader.get('1').then(
        () => undefined,
        (error) => error.code,
      );
    }
    expect(code).toMatch(/^BUCKET_(STALE|MISSING)$/);
    await expectPoisoned(tables, `${code}`, [reader]);
    const again = await open(tables);
    expect(await codeOf(again.reshuffle())).toMatch(/^BUCKET_/);
    await expectPoisoned(tables, `${code}`, [again]);
    const { kept, lost } = await again.reshuffle({ acceptLoss: true });
    expect(kept + lost).toBe(50);
    expect(kept).toBeGreaterThan(20);
    let found = 0;
    for (const [key, value] of records) {
      const held = await again.get(key);
      if (held === undefined) continue;
      found += 1;
      expect(held).toEqual(key === '1' || key === '2' ? text('later') : value);
    }
    expect(found).toBe(kept);
  });

  test('a reshuffle by a writer that was behind keeps what others wrote', async () => {
    const { tables, vault: behind } = await history();
    const other = await open(tables);
    for (let round = 0; round < 5; round++) await other.put(`${round}`, text('later'));
    const process = new FaultyProcess();
    const victim = await open(tables, { process });
    process.tamper(isOf('bucket'), missing());
    expect(await codeOf(victim.get('1'))).toBe('BUCKET_MISSING');
    expect(await behind.reshuffle({ acceptLoss: true })).toEqual({ kept: RECORDS.size, lost: 0 });
    const changed = [0, 1, 2, 3, 4].map((round) => [`${round}`, text('later')] as const);
    await checkVault(tables, new Map([...RECORDS, ...changed]));
  });

  test('both, as a restored backup: a reshuffle makes it whole, and who knew the later state is refused', async () => {
    const { tables, vault } = await history();
    const backup = copyOf(tables);
    await vault.put('1', text('later'));
    const restored = await open(backup);
    await restored.reshuffle();
    await checkVault(backup, RECORDS);
    expect(await restored.get('1')).toEqual(RECORDS.get('1'));
  });

  test('the state alone, by several accesses: is named when it comes upon what was written since', async () => {
    const { tables, vault } = await history();
    const { state } = copyOf(tables);
    for (let round = 0; round < 20; round++) await vault.get(`${round % 9}`);
    const reader = await open({ tree: tables.tree, state });
    const codes: string[] = [];
    for (let round = 0; round < 10; round++) codes.push(await codeOf(reader.get('1')));
    expect(codes.find((code) => code !== 'no error')).toBe('BUCKET_STALE');
    expect(codes.at(-1)).toBe('VAULT_POISONED');
  });

  test('the state alone, while a process is warm: it refuses', async () => {
    const { tables, vault } = await history();
    const options = optionsFor(tables);
    const current = { ...tables };
    const before = tables.state.copy();
    const state = {
      read: (keys: readonly ItemKey[]) => current.state.read(keys),
      write: (items: readonly Item[]) => current.state.write(items),
      fill: (items: readonly Item[]) => current.state.fill(items),
      replace: (item: Item, expected: number | undefined) => current.state.replace(item, expected),
      remove: (keys: readonly ItemKey[]) => current.state.remove(keys),
      units: () => current.state.units(),
    };
    const warm = await openVault({ ...options, state });
    await warm.put('1', text('later'));
    current.state = before;
    expect(await codeOf(warm.get('1'))).toBe('STATE_STALE');
    expect(await codeOf(warm.get('1'))).toMatch(/^STATE_STALE$|^VAULT_POISONED$/);
    expect(vault.stats().poisonedBy).toBeUndefined();
  });

  test('the state, and then gone on from there: a warm process finds another past', async () => {
    const { tables } = await history();
    const fork = copyOf(tables);
    const current = { state: tables.state };
    const state = {
      read: (keys: readonly ItemKey[]) => current.state.read(keys),
      write: (items: readonly Item[]) => current.state.write(items),
      fill: (items: readonly Item[]) => current.state.fill(items),
      replace: (item: Item, expected: number | undefined) => current.state.replace(item, expected),
      remove: (keys: readonly ItemKey[]) => current.state.remove(keys),
      units: () => current.state.units(),
    };
    const warm = await openVault({ ...optionsFor(tables), state });
    await warm.put('1', text('later'));
    // One epoch as well, but cut off once: other versions.
    const process = new FaultyProcess();
    const forked = await open(fork, { process });
    process.crashAt(process.calls.length + 2, 'before');
    await expect(forked.dummy()).rejects.toThrow(CrashSignal);
    const again = await open(fork);
    await again.dummy();
    await again.dummy();
    current.state = fork.state;
    expect(await codeOf(warm.get('1'))).toBe('STATE_STALE');
  });
});

describe('a check that fails in the middle', () => {
  test('of the takeover of an access: the one that was paused hears of it when it wakes up', async () => {
    const { tables } = await history();
    const clock = new VirtualClock();
    const first = new FaultyProcess();
    const paused = await open(tables, { process: first, clock, patienceMs: 1000 });
    const held = first.hold(({ op, store }) => op === 'read' && store === 'tree', 'after');
    const put = codeOf(paused.put('1', text('paused')));
    await held.reached;
    const second = new FaultyProcess();
    second.tamper(isOf('bucket'), bitFlipped(-1));
    expect(await codeOf(open(tables, { process: second, clock, patienceMs: 1000 }))).toBe('BUCKET_FORGED');
    held.release();
    expect(await put).toBe('VAULT_POISONED');
    await expectPoisoned(tables, 'BUCKET_FORGED', [paused]);
    expect(await (await open(tables)).reshuffle()).toEqual({ kept: RECORDS.size, lost: 0 });
    await checkVault(tables, RECORDS);
  });

  test('of an access that was overtaken: proves nothing', async () => {
    const { tables } = await history();
    const clock = new VirtualClock();
    const first = new FaultyProcess();
    const paused = await open(tables, { process: first, clock, patienceMs: 1000 });
    const restore = first.tamper(isOf('bucket'), missing());
    const held = first.hold(({ op, store }) => op === 'read' && store === 'tree', 'after');
    const put = paused.put('1', text('paused'));
    await held.reached;
    restore();
    const other = await open(tables, { clock, patienceMs: 1000 });
    await other.put('2', text('other'));
    held.release();
    await put;
    await checkVault(tables, new Map([...RECORDS, ['1', text('paused')], ['2', text('other')]]));
    expect(await other.get('1')).toEqual(text('paused'));
  });
});

describe('keys', () => {
  const NEW_KEY = createSecretKey(randomBytes(32));

  test('a wrong one is named', async () => {
    const { tables } = await history();
    await expect(open(tables, { key: NEW_KEY })).rejects.toMatchObject({ code: 'VAULT_KEY' });
  });

  test('a reshuffle under a new key ends the old one', async () => {
    const { tables, vault } = await history();
    const other = await open(tables);
    expect(await vault.reshuffle({ newKey: NEW_KEY })).toEqual({ kept: RECORDS.size, lost: 0 });
    expect(await vault.get('1')).toEqual(RECORDS.get('1'));
    await expect(open(tables)).rejects.toMatchObject({ code: 'VAULT_KEY' });
    await expect(other.get('1')).rejects.toMatchObject({ code: 'VAULT_KEY' });
    expect(await (await open(tables, { key: NEW_KEY })).get('2')).toEqual(RECORDS.get('2'));
    await checkVault(tables, RECORDS, NEW_KEY);
  });

  test('a reshuffle under a new key that is cut off anywhere leaves a vault that opens with one of the two', async () => {
    const { tables: base } = await history();
    const whole = new FaultyProcess();
    const counting = await open(copyOf(base), { process: whole });
    const before = whole.calls.length;
    await counting.reshuffle({ newKey: NEW_KEY });
    const outcomes = new Set<string>();
    for (let call = 1; call <= whole.calls.length - before; call++) {
      for (const moment of ['before', 'after'] as const) {
        const tables = copyOf(base);
        const process = new FaultyProcess();
        const vault = await open(tables, { process });
        process.crashAt(process.calls.length + call, moment);
        await expect(vault.reshuffle({ newKey: NEW_KEY })).rejects.toThrow(CrashSignal);
        const key = await open(tables).then(
          () => KEY,
          () => NEW_KEY,
        );
        const reopened = await open(tables, { key });
        await checkVault(tables, RECORDS, key);
        // What is left over is under the other key's generation, and goes all the same.
        await reopened.destroy();
        expect(tables.tree.size + tables.state.size).toBe(0);
        outcomes.add(key === KEY ? 'old' : 'new');
      }
    }
    expect(outcomes.size).toBe(2);
  });

  test('what cannot be cleaned up afterwards does not undo it', async () => {
    const { tables, process, vault } = await history();
    process.fail(({ op }) => op === 'remove', 5);
    expect(await vault.reshuffle({ newKey: NEW_KEY })).toEqual({ kept: RECORDS.size, lost: 0 });
    expect(await vault.get('1')).toEqual(RECORDS.get('1'));
    await checkVault(tables, RECORDS, NEW_KEY);
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  );
}
