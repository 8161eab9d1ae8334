/**
 * Several processes on one vault: who waits, who takes over, and what a process that was paused at any call can still do
 * when it wakes up: nothing but begin again.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IntendedAccess } from '../../oram/head.ts';
import { HeadStore } from '../../oram/head-store.ts';
import { createVault, openVault } from '../../oram/open-vault.ts';
import { bucketKey } from '../../oram/sealed-buckets.ts';
import type { ItemStore } from '../../oram/stores/store.ts';
import { TreeGeometry } from '../../oram/tree-geometry.ts';
import type { Vault } from '../../oram/vault.ts';
import { VirtualClock } from '../adversary/virtual-clock.ts';
import { FaultyProcess } from './stores/fault-store.ts';
import {
  checkVault,
  copyOf,
  newTables,
  newVault,
  open,
  optionsFor,
  type Tables,
  text,
  treeParameters,
} from './tree-world.ts';

const SIZES = { capacity: 12, cachedLevels: 1, checkpointOperations: 2 };
const RECORDS = Array.from({ length: 8 }, (_, number) => ({ key: `${number}`, value: text(`${number}`) }));
const PATIENCE_MS = 1000;

async function loadedTables(): Promise<Tables> {
  const { tables, vault } = await newVault(SIZES);
  await vault.load(RECORDS);
  return tables;
}

const model = (...changes: readonly (readonly [string, string])[]) =>
  new Map([
    ...RECORDS.map(({ key, value }) => [key, value] as const),
    ...changes.map(([key, value]) => [key, text(value)] as const),
  ]);

/** Enough epochs for every ring and slot to turn over. */
async function manyAccesses(vault: Vault): Promise<void> {
  for (let round = 0; round < 25; round++) await vault.dummy();
  await vault.batch(RECORDS.map(({ key }) => ({ kind: 'get', key })));
}

async function callsOf(tables: Tables, work: (vault: Vault) => Promise<unknown>): Promise<number> {
  const process = new FaultyProcess();
  const vault = await open(copyOf(tables), { process });
  const before = process.calls.length;
  await work(vault);
  return process.calls.length - before;
}

describe('a writer that was paused', () => {
  const whens = ['before', 'after'] as const;

  test('at any call of an access: wakes up, changes nothing and then serves its request', async () => {
    const base = await loadedTables();
    for (const [warmUp, laps] of [0, 1, 2].flatMap((rounds) => [
      [rounds, 0] as const,
      [rounds, 1] as const,
    ])) {
      const prepared = copyOf(base);
      const first = await open(prepared);
      for (let round = 0; round < warmUp; round++) await first.dummy();
      const calls = await callsOf(prepared, (vault) => vault.put('1', text('paused')));
      for (let call = 1; call <= calls; call++) {
        for (const when of whens) {
          const tables = copyOf(prepared);
          const clock = new VirtualClock();
          const process = new FaultyProcess();
          const paused = await open(tables, { process, clock, patienceMs: PATIENCE_MS });
          const before = process.calls.length;
          const held = process.hold(({ number }) => number === before + call, when);
          const put = paused.put('1', text('paused'));
          const { op } = await held.reached;
          expect(op === 'replace').toBe(call === 1 || call === calls);
          const other = await open(tables, { clock, patienceMs: PATIENCE_MS });
          await other.put('1', text('other'));
          await other.put('new', text('new'));
          if (laps > 0) await manyAccesses(other);
          await checkVault(tables, model(['1', 'other'], ['new', 'new']));
          held.release();
          await put;
          const committed = call === calls && when === 'after';
          await checkVault(tables, model(['1', committed ? 'other' : 'paused'], ['new', 'new']));
          expect(await paused.get('new')).toEqual(text('new'));
          expect(await other.get('1')).toEqual(text(committed ? 'other' : 'paused'));
          expect(other.stats().poisonedBy).toBeUndefined();
        }
      }
    }
  });

  test('at any call of an access, while everything is placed anew', async () => {
    const base = await loadedTables();
    const calls = await callsOf(base, (vault) => vault.put('1', text('paused')));
    for (let call = 1; call < calls; call++) {
      for (const when of whens) {
        const tables = copyOf(base);
        const clock = new VirtualClock();
        const process = new FaultyProcess();
        const paused = await open(tables, { process, clock, patienceMs: PATIENCE_MS });
        const before = process.calls.length;
        const held = process.hold(({ number }) => number === before + call, when);
        const put = paused.put('1', text('paused'));
        await held.reached;
        await (await open(tables, { clock, patienceMs: PATIENCE_MS })).reshuffle();
        await checkVault(tables, model());
        held.release();
        await put;
        await checkVault(tables, model(['1', 'paused']));
        expect(paused.stats().poisonedBy).toBeUndefined();
      }
    }
  });

  test('while it opens the vault: opens it as it is now', async () => {
    const base = await loadedTables();
    for (const call of [1, 2]) {
      for (const when of whens) {
        for (const reshuffles of [false, true]) {
          const tables = copyOf(base);
          const process = new FaultyProcess();
          const held = process.hold(({ number }) => number === call, when);
          const opening = open(tables, { process });
          await held.reached;
          const other = await open(tables);
          await other.put('new', text('new'));
          await manyAccesses(other);
          if (reshuffles) await other.reshuffle();
          held.release();
          const vault = await opening;
          expect(await vault.get('new')).toEqual(text('new'));
          await checkVault(tables, model(['new', 'new']));
          expect(other.stats().poisonedBy).toBeUndefined();
        }
      }
    }
  });

  test.each([
    ['reshuffle', (vault: Vault) => vault.reshuffle(), model()],
    [
      'load',
      (vault: Vault) => vault.load([{ key: 'loaded', value: text('loaded') }]),
      model(['loaded', 'loaded']),
    ],
  ] as const)(
    'at any call of %s: it is refused and leaves nothing behind, or it was done',
    async (_, work, after) => {
      const base = await loadedTables();
      const calls = await callsOf(base, work);
      const { tree: wholeTree, state: wholeState } = await (async () => {
        const tables = copyOf(base);
        const vault = await open(tables);
        await vault.reshuffle();
        return tables;
      })();
      let done = 0;
      for (let call = 1; call <= calls; call++) {
        for (const when of whens) {
          const tables = copyOf(base);
          const clock = new VirtualClock();
          const process = new FaultyProcess();
          const paused = await open(tables, { process, clock, patienceMs: PATIENCE_MS });
          const before = process.calls.length;
          const held = process.hold(({ number }) => number === before + call, when);
          const working = work(paused).then(
            () => 'done',
            (error: { code: string }) => error.code,
          );
          await held.reached;
          const other = await open(tables, { clock, patienceMs: PATIENCE_MS });
          const wasDone = other.stats().records === after.size && (await other.get('loaded')) !== undefined;
          await other.put('1', text('other'));
          await manyAccesses(other);
          held.release();
          const outcome = await working;
          expect(['done', 'VAULT_BUSY']).toContain(outcome);
          if (outcome === 'done') done += 1;
          const isDone = (await other.get('loaded')) !== undefined;
          if (wasDone || (outcome === 'done' && after.has('loaded'))) expect(isDone).toBe(true);
          if (outcome === 'VAULT_BUSY') expect(isDone).toBe(wasDone);
          const now = new Map(isDone ? after : model()).set('1', text('other'));
          await checkVault(tables, now);
          expect(other.stats().poisonedBy).toBeUndefined();
          await other.reshuffle();
          expect(tables.tree.size).toBe(wholeTree.size);
          expect(tables.state.size).toBe(wholeState.size);
        }
      }
      expect(done).toBeGreaterThan(0);
    },
  );
});

describe('a process that places everything anew', () => {
  test('and was paused until another had done so leaves nothing behind', async () => {
    const base = await loadedTables();
    const calls = await callsOf(base, (vault) => vault.reshuffle());
    const whole = copyOf(base);
    await (await open(whole)).reshuffle();
    for (let call = 1; call <= calls; call++) {
      for (const when of ['before', 'after'] as const) {
        const tables = copyOf(base);
        const clock = new VirtualClock();
        const process = new FaultyProcess();
        const paused = await open(tables, { process, clock, patienceMs: PATIENCE_MS });
        const before = process.calls.length;
        const held = process.hold(({ number }) => number === before + call, when);
        const working = paused
          .reshuffle()
          .catch((error) => expect(error).toMatchObject({ code: 'VAULT_BUSY' }));
        await held.reached;
        await (await open(tables, { clock, patienceMs: PATIENCE_MS })).reshuffle();
        held.release();
        await working;
        await checkVault(tables, model());
        expect([tables.tree.size, tables.state.size]).toEqual([whole.tree.size, whole.state.size]);
      }
    }
  });

  test('is followed by the others, also where their first look at it fails', async () => {
    const base = await loadedTables();
    for (let call = 1; call <= 4; call++) {
      const tables = copyOf(base);
      const process = new FaultyProcess();
      const warm = await open(tables, { process });
      await warm.get('1');
      await (await open(tables)).reshuffle();
      const before = process.calls.length;
      process.fail(({ number }) => number === before + call);
      await warm.get('1').catch((error) => expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' }));
      expect(await warm.get('1')).toEqual(text('1'));
      expect(await warm.get('2')).toEqual(text('2'));
    }
  });
});

describe('two writers', () => {
  test('one waits for the other while it is within its patience, and takes nothing over', async () => {
    const tables = await loadedTables();
    const clock = new VirtualClock();
    const process = new FaultyProcess();
    const slow = await open(tables, { process, clock, patienceMs: PATIENCE_MS });
    const epochs = slow.stats().epochs;
    const held = process.hold(({ op, store }) => op === 'read' && store === 'tree');
    const put = slow.put('1', text('slow'));
    await held.reached;
    const other = openVault(optionsFor(tables, { clock, patienceMs: PATIENCE_MS })).then((vault) =>
      vault.get('1'),
    );
    await clock.sleep(PATIENCE_MS / 2);
    held.release();
    await put;
    expect(await other).toEqual(text('slow'));
    expect((await open(tables)).stats().epochs).toBe(epochs + 2);
  });

  test('one that is never let in says so', async () => {
    const tables = await loadedTables();
    const clock = new VirtualClock();
    const waiting = await open(tables, { clock, patienceMs: PATIENCE_MS });
    const busy = new FaultyProcess();
    const other = await open(tables, { process: busy, clock, patienceMs: PATIENCE_MS });
    let stopped = false;
    const work = (async () => {
      while (!stopped) {
        // Always in the middle of an access when the one that waits looks.
        const held = busy.hold(({ op, store }) => op === 'write' && store === 'tree');
        const dummy = other.dummy();
        await held.reached;
        await clock.sleep(PATIENCE_MS - 1);
        held.release();
        await dummy;
      }
    })();
    const refusal = await waiting.get('1').then(
      () => 'served',
      (error: { code: string }) => error.code,
    );
    stopped = true;
    await work;
    expect(refusal).toBe('VAULT_BUSY');
    await checkVault(tables, model());
  });

  test('one that places everything anew slowly is waited for, since it shows that it lives', async () => {
    const { tables, vault } = await newVault({ capacity: 8000 });
    await vault.put('1', text('1'));
    const clock = new VirtualClock();
    const patienceMs = 5000;
    const slow: Tables['tree'] = Object.assign(Object.create(tables.tree), {
      ...boundTo(tables.tree),
      read: async (keys: Parameters<ItemStore['read']>[0]) => {
        await clock.sleep(1500);
        return tables.tree.read(keys);
      },
      fill: async (items: Parameters<ItemStore['fill']>[0]) => {
        await clock.sleep(1500);
        return tables.tree.fill(items);
      },
    });
    const builder = await open({ ...tables, tree: slow }, { clock, patienceMs });
    const reshuffled = builder.reshuffle();
    await clock.sleep(100);
    const other = open(tables, { clock, patienceMs }).then((opened) => opened.get('1'));
    expect(await reshuffled).toEqual({ kept: 1, lost: 0 });
    expect(clock.now()).toBeGreaterThan(3 * patienceMs);
    expect(await other).toEqual(text('1'));
  });

  test('that both place everything anew do so one after the other, in a poisoned vault as well', async () => {
    for (const poisoned of [false, true]) {
      const tables = await loadedTables();
      const clock = new VirtualClock();
      if (poisoned) {
        const heads = new HeadStore(optionsFor(tables));
        await heads.swap(await heads.read(), { poisonedBy: 'BUCKET_STALE' });
      }
      const delayed = (): Tables => ({
        ...tables,
        tree: Object.assign(Object.create(tables.tree), {
          ...boundTo(tables.tree),
          fill: async (items: Parameters<ItemStore['fill']>[0]) => {
            await clock.sleep(50);
            return tables.tree.fill(items);
          },
        }),
      });
      const builders = await Promise.all(
        [0, 1].map(() => open(delayed(), { clock, patienceMs: PATIENCE_MS })),
      );
      const done = await Promise.all(builders.map((builder) => builder.reshuffle()));
      expect(done).toEqual(new Array(2).fill({ kept: RECORDS.length, lost: 0 }));
      await checkVault(tables, model());
      expect(tables.tree.size).toBe((await loadedTables()).tree.size);
      expect(await builders[0]!.get('1')).toEqual(text('1'));
    }
  });

  test('one that was told to stop leaves the vault as it was, for others at once', async () => {
    const tables = await loadedTables();
    const clock = new VirtualClock();
    const vault = await open(tables, { clock, patienceMs: PATIENCE_MS });
    const stop = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'placing') stop.abort(new Error('stopped'));
    };
    await expect(vault.reshuffle({ signal: stop.signal, onProgress })).rejects.toThrow('stopped');
    expect(await (await open(tables, { clock, patienceMs: PATIENCE_MS })).get('1')).toEqual(text('1'));
    expect(clock.now()).toBe(0);
    await checkVault(tables, model());
    await vault.reshuffle();
    expect(tables.tree.size).toBe((await loadedTables()).tree.size);
  });

  test('a vault destroyed and made anew under its name is not touched by who knew the first', async () => {
    const tables = newTables();
    const old = await createVault(optionsFor(tables), treeParameters(SIZES));
    await old.put('1', text('old'));
    await old.get('1');
    await (await open(tables)).destroy();
    const anew = await createVault(optionsFor(tables), treeParameters(SIZES));
    await anew.put('1', text('new'));
    // The first vault had as many epochs.
    await anew.get('1');
    await expect(old.get('1')).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
    await checkVault(tables, new Map([['1', text('new')]]));
  });
});

describe('a table that cannot be reached', () => {
  test('at any call of an access: the same call may be repeated', async () => {
    const base = await loadedTables();
    for (const arriving of ['none', 'all', [0, 2]] as const) {
      const calls = await callsOf(base, (vault) => vault.delete('1'));
      for (let call = 1; call <= calls; call++) {
        const tables = copyOf(base);
        const process = new FaultyProcess();
        const vault = await open(tables, { process });
        const before = process.calls.length;
        process.fail(({ number }) => number === before + call, 1, arriving);
        const arrived = call === calls && arriving !== 'none';
        await expect(vault.delete('1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
        expect(await vault.delete('1')).toBe(!arrived);
        expect(await vault.get('2')).toEqual(text('2'));
        const left = model();
        left.delete('1');
        await checkVault(tables, left);
      }
    }
  });

  test('at any call of a reshuffle: the vault is as it was, or it is done', async () => {
    const base = await loadedTables();
    const calls = await callsOf(base, (vault) => vault.reshuffle());
    for (const arriving of ['none', 'all', [0, 2]] as const) {
      for (let call = 1; call <= calls; call++) {
        const tables = copyOf(base);
        const process = new FaultyProcess();
        const vault = await open(tables, { process });
        const before = process.calls.length;
        process.fail(({ number }) => number === before + call, 1, arriving);
        await vault.reshuffle().catch((error) => expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' }));
        expect(await vault.get('1')).toEqual(text('1'));
        await vault.put('new', text('new'));
        await checkVault(tables, model(['new', 'new']));
      }
    }
  });
});

/** What every process does is declared on the head first. */
class Witness {
  readonly #tables: Tables;
  #pending: readonly IntendedAccess[] | undefined;
  declared = 0;
  recovered = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The stores of one process, whose tree reads must be those of its last intent. */
  stores(delay: () => Promise<void>): Tables {
    const { tree, state } = this.#tables;
    let allowed = '';
    return {
      tree: {
        ...boundTo(tree),
        read: async (keys) => {
          expect(
            keys
              .map((key) => key.partition)
              .sort()
              .join(),
          ).toBe(allowed);
          await delay();
          const items = await tree.read(keys);
          await delay();
          return items;
        },
        write: async (items) => {
          for (const item of items) {
            await delay();
            if (!(await tree.write([item]))) return false;
          }
          return true;
        },
      } as Tables['tree'],
      state: {
        ...boundTo(state),
        read: async (keys) => {
          await delay();
          return state.read(keys);
        },
        write: async (items) => {
          await delay();
          return state.write(items);
        },
        replace: async (item, expected) => {
          await delay();
          const put = await state.replace(item, expected);
          if (put) {
            const { head, sealer } = await new HeadStore(optionsFor(this.#tables)).read();
            if (head.body.phase === 'intent') {
              this.declared += 1;
              if (this.#pending !== undefined) {
                this.recovered += 1;
                expect(head.intent).toEqual(this.#pending);
              }
              this.#pending = head.intent;
              const geometry = new TreeGeometry(head.body.parameters);
              allowed = geometry
                .union(head.intent.map(({ leaf }) => leaf))
                .map((place) => bucketKey(sealer, place, '0').partition)
                .sort()
                .join();
            } else this.#pending = undefined;
          }
          await delay();
          return put;
        },
      } as Tables['state'],
    };
  }
}

function boundTo(store: ItemStore): ItemStore {
  return {
    read: (keys) => store.read(keys),
    write: (items) => store.write(items),
    fill: (items) => store.fill(items),
    replace: (item, expected) => store.replace(item, expected),
    remove: (keys) => store.remove(keys),
    units: () => store.units(),
  };
}

describe('three writers at once', () => {
  test('however slow and impatient: all is served once, and no path is read but declared ones', async () => {
    let recovered = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.integer({ min: 0, max: 30 })),
        fc.constantFrom(20, 100, 10_000),
        async (delays, patienceMs) => {
          const { tables } = await newVault({ ...SIZES, capacity: 24 });
          const clock = new VirtualClock();
          const witness = new Witness(tables);
          const delay = async () => {
            const ms = delays.next().value;
            if (ms > 5) await clock.sleep(ms);
          };
          const expected = new Map<string, Uint8Array>();
          const writer = async (name: string) => {
            const vault = await openVault(optionsFor(witness.stores(delay), { clock, patienceMs }));
            let value: string | undefined;
            for (let round = 0; round < 5; round++) {
              expect(await vault.get(name)).toEqual(value === undefined ? undefined : text(value));
              value = `${round}`;
              await vault.put(name, text(value));
              if (round === 2) {
                expect(await vault.delete(name)).toBe(true);
                value = undefined;
              }
            }
            expected.set(name, text('4'));
          };
          const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(writer));
          for (const outcome of outcomes) {
            // An impatient crowd may keep one of its members out for ever.
            if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'VAULT_BUSY' });
          }
          recovered += witness.recovered;
          expect(witness.declared).toBeGreaterThan(10);
          if (outcomes.every(({ status }) => status === 'fulfilled')) await checkVault(tables, expected);
          expect((await open(tables)).stats().poisonedBy).toBeUndefined();
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
    expect(recovered).toBeGreaterThan(0);
  });
});
