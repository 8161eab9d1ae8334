/**
 * A process that stops at any store call, before it arrives, after, or in part: what it leaves behind, and that what is
 * read afterwards depends on what was intended before and not on what is asked next.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { HeadStore } from '../../oram/head-store.ts';
import { createVault, destroyVault, openVault } from '../../oram/open-vault.ts';
import { readState } from '../../oram/read-state.ts';
import { bucketKey } from '../../oram/sealed-buckets.ts';
import { keyIdentifier } from '../../oram/stores/keys.ts';
import type { ItemKey } from '../../oram/stores/store.ts';
import type { TraceEntry } from '../../oram/stores/tracing.ts';
import type { Vault } from '../../oram/vault.ts';
import { CrashSignal, FaultyProcess } from './stores/fault-store.ts';
import {
  checkVault,
  copyOf,
  newTables,
  newVault,
  open,
  optionsFor,
  seededBytes,
  type Tables,
  text,
  treeParameters,
} from './tree-world.ts';

const MOMENTS = ['before', 'after', [0], [1, 2]] as const;

type Work = (vault: Vault) => Promise<unknown>;

/** 64 leaves, so that a repeated path is no chance. */
const SIZES = { capacity: 256, cachedLevels: 2, checkpointOperations: 4 };

/** Of the accesses of one process up to where it stopped. */
async function runUntil(
  tables: Tables,
  work: Work,
  call: number,
  moment: (typeof MOMENTS)[number],
  seed: string,
): Promise<readonly TraceEntry[]> {
  const process = new FaultyProcess();
  const trace: TraceEntry[] = [];
  const vault = await open(tables, { process, trace, random: seededBytes(seed) });
  const before = trace.length;
  process.crashAt(process.calls.length + call, moment);
  await expect(work(vault)).rejects.toThrow(CrashSignal);
  return trace.slice(before);
}

/** Store calls of a piece of work that is not cut off. */
async function callsOf(tables: Tables, work: Work): Promise<number> {
  const process = new FaultyProcess();
  const vault = await open(copyOf(tables), { process });
  const before = process.calls.length;
  await work(vault);
  return process.calls.length - before;
}

const ofTree = (trace: readonly TraceEntry[]) =>
  trace.filter(
    ({ keys }) => keys[0]?.partition.startsWith('vault:') === false && keys[0].partition[12] === 'b',
  );

const names = (keys: readonly ItemKey[] = []) => keys.map(keyIdentifier).sort();

/** What the pending intent names, as a read of the tree; undefined where there is none. */
async function intendedKeys(tables: Tables): Promise<readonly string[] | undefined> {
  const options = optionsFor(tables);
  const { head, sealer } = await new HeadStore(options).read();
  if (head.body.phase !== 'intent') return undefined;
  const { state } = await readState(options.state, head, sealer);
  const places = state.geometry.union(head.intent.map(({ leaf }) => leaf));
  return names(places.map((place) => bucketKey(sealer, place, state.versions.slot(place.index))));
}

describe('after a crash of an access', () => {
  let base: Tables;

  beforeAll(async () => {
    const { tables, vault } = await newVault(SIZES, { random: seededBytes('made') });
    await vault.load(
      Array.from({ length: 100 }, (_, number) => ({ key: `${number}`, value: text(`${number}`) })),
    );
    // One short of a checkpoint, so that some accesses below carry one and some do not.
    for (let round = 0; round < 3; round++) await vault.dummy();
    base = tables;
  });

  const nexts: Readonly<Record<string, Work>> = {
    'the same record': (vault) => vault.get('1'),
    'another record': (vault) => vault.get('2'),
    'a new record': (vault) => vault.put('new', text('new')),
    'no record': (vault) => vault.dummy(),
  };

  const cutOff: Readonly<Record<string, Work>> = {
    get: (vault) => vault.get('1'),
    'second get': async (vault) => {
      await vault.get('3');
      await vault.get('1');
    },
    miss: (vault) => vault.get('not there'),
    put: (vault) => vault.put('1', text('other')),
    batch: (vault) =>
      vault.batch([
        { kind: 'get', key: '1' },
        { kind: 'delete', key: '2' },
        { kind: 'put', key: 'new', value: text('new') },
      ]),
  };

  test.each(Object.entries(cutOff))(
    'of %s: what is read next is what was intended, whatever is asked',
    async (name, work) => {
      const calls = await callsOf(base, work);
      const epochs = name === 'second get' ? 2 : 1;
      let recoveries = 0;
      for (let call = 1; call <= calls; call++) {
        for (const moment of MOMENTS) {
          const seen: { shape: unknown; recovery: unknown; intended: boolean }[] = [];
          for (const next of Object.values(nexts)) {
            const tables = copyOf(base);
            const trace: TraceEntry[] = [];
            const warm = await open(tables, { trace, random: seededBytes('warm') });
            const cut = ofTree(await runUntil(tables, work, call, moment, 'cut off'));
            const intended = await intendedKeys(tables);
            trace.length = 0;
            await next(warm);
            const [first, ...rest] = ofTree(trace);
            if (intended !== undefined) {
              recoveries += 1;
              expect(names(first?.keys)).toEqual(intended);
              // What the process had read of this epoch before it stopped is nothing else.
              const read = epochs === 1 ? cut.find(({ op }) => op === 'read') : undefined;
              if (read !== undefined) expect(names(read.keys)).toEqual(intended);
              // The request's own path is another one.
              const own = rest.find(({ op }) => op === 'read');
              expect(names(own?.keys)).not.toEqual(intended);
            }
            seen.push({
              shape: trace.map(({ op, items, bytesSent, bytesReceived }) => ({
                op,
                items,
                bytesSent,
                bytesReceived,
              })),
              recovery:
                intended === undefined
                  ? undefined
                  : [first?.keys, rest.find(({ op }) => op === 'write')?.keys],
              intended: intended !== undefined,
            });
          }
          for (const other of seen) expect(other).toEqual(seen[0]);
        }
      }
      expect(recoveries).toBeGreaterThan(0);
    },
  );

  test('before the intent is durable nothing was read', async () => {
    const tables = copyOf(base);
    const trace = await runUntil(tables, (vault) => vault.get('1'), 1, 'before', 'cut off');
    expect(ofTree(trace)).toEqual([]);
    expect(await intendedKeys(tables)).toBeUndefined();
  });

  test('a recovery that is cut off itself is repeated with the same paths', async () => {
    const calls = await callsOf(base, (vault) => vault.get('1'));
    for (let call = 2; call <= calls; call++) {
      const tables = copyOf(base);
      await runUntil(tables, (vault) => vault.get('1'), 2, 'after', 'cut off');
      const intended = await intendedKeys(tables);
      for (const moment of ['before', 'after'] as const) {
        const process = new FaultyProcess();
        // A cold opening reads the head and the state; then comes the recovery.
        process.crashAt(2 + call, moment);
        await open(tables, { process }).catch((error: unknown) => expect(error).toBeInstanceOf(CrashSignal));
        const again = await intendedKeys(tables);
        if (again !== undefined) expect(again).toEqual(intended);
      }
      await open(tables);
      expect(await intendedKeys(tables)).toBeUndefined();
    }
  });
});

describe('a crash while everything is placed', () => {
  const sizes = { capacity: 24, cachedLevels: 1 };
  const records = Array.from({ length: 10 }, (_, number) => ({ key: `${number}`, value: text(`${number}`) }));
  const loaded = new Map(records.map(({ key, value }) => [key, value]));

  async function itemsOf(work: Work): Promise<{ tree: number; state: number }> {
    const { tables, vault } = await newVault(sizes);
    await work(vault);
    return { tree: tables.tree.size, state: tables.state.size };
  }

  test('a vault whose making was cut off at any call is made anew, and nothing is left of the first', async () => {
    const whole = await itemsOf(async () => undefined);
    const process = new FaultyProcess();
    await createVault(optionsFor(newTables(), { process }), treeParameters(sizes));
    for (let call = 1; call <= process.calls.length; call++) {
      for (const moment of MOMENTS) {
        const tables = newTables();
        const cut = new FaultyProcess();
        cut.crashAt(call, moment);
        await expect(
          createVault(optionsFor(tables, { process: cut }), treeParameters(sizes)),
        ).rejects.toThrow(CrashSignal);
        const made = await createVault(optionsFor(tables), treeParameters(sizes)).catch((error) => error);
        // Where the last swap arrived, it was made.
        if (made instanceof Error) expect(made).toMatchObject({ code: 'VAULT_EXISTS' });
        await checkVault(tables, new Map());
        expect({ tree: tables.tree.size, state: tables.state.size }).toEqual(whole);
        await expect(createVault(optionsFor(tables), treeParameters(sizes))).rejects.toMatchObject({
          code: 'VAULT_EXISTS',
        });
      }
    }
  });

  test('a vault that is not made yet cannot be opened', async () => {
    const tables = newTables();
    const cut = new FaultyProcess();
    cut.crashAt(3, 'before');
    await expect(createVault(optionsFor(tables, { process: cut }), treeParameters(sizes))).rejects.toThrow(
      CrashSignal,
    );
    await expect(open(tables)).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
  });

  test.each([
    [
      'load',
      (vault: Vault) => vault.load([{ key: 'more', value: text('more') }]),
      new Map([...loaded, ['more', text('more')]]),
    ],
    ['reshuffle', (vault: Vault) => vault.reshuffle(), loaded],
  ] as const)(
    '%s leaves the vault as it was or is done, and the next removes what is left over',
    async (_, work, after) => {
      const { tables: base, vault } = await newVault(sizes);
      await vault.load(records);
      const calls = await callsOf(base, work);
      const whole = await itemsOf((made) => made.reshuffle());
      let done = 0;
      for (let call = 1; call <= calls; call++) {
        for (const moment of MOMENTS) {
          const tables = copyOf(base);
          await runUntil(tables, work, call, moment, 'cut off');
          const reopened = await open(tables);
          const isDone = (await reopened.get('more')) !== undefined;
          if (isDone) done += 1;
          await checkVault(tables, isDone ? after : loaded);
          await reopened.reshuffle();
          await checkVault(tables, isDone ? after : loaded);
          expect({ tree: tables.tree.size, state: tables.state.size }).toEqual(whole);
        }
      }
      expect(done > 0).toBe(after.has('more'));
    },
  );

  test('a vault whose destruction was cut off at any call is destroyed by the next', async () => {
    const { tables: base, vault } = await newVault(sizes);
    await vault.load(records);
    for (let round = 0; round < 10; round++) await vault.dummy();
    const calls = await callsOf(base, (whole) => whole.destroy());
    for (let call = 1; call <= calls; call++) {
      for (const moment of MOMENTS) {
        const tables = copyOf(base);
        await runUntil(tables, (cut) => cut.destroy(), call, moment, 'cut off');
        await destroyVault(optionsFor(tables)).catch((error: unknown) =>
          expect(error).toMatchObject({ code: 'VAULT_UNKNOWN' }),
        );
        expect([tables.tree.size, tables.state.size]).toEqual([0, 0]);
        await expect(openVault(optionsFor(tables))).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
      }
    }
  });
});
