import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVault, openVault } from '../../oram/open-vault.ts';
import { chooseParameters } from '../../oram/parameters.ts';
import { createMemoryStore, type MemoryStore } from '../../oram/stores/memory.ts';
import type { ItemStore } from '../../oram/stores/store.ts';
import { type TraceEntry, tracing } from '../../oram/stores/tracing.ts';
import type { Vault, VaultOperation } from '../../oram/vault.ts';
import { VirtualClock } from '../adversary/virtual-clock.ts';
import {
  bitFlipped,
  CrashSignal,
  contentOf,
  FaultyProcess,
  missing,
  older,
  truncatedBy,
  versionMoved,
} from './stores/fault-store.ts';

const KEY = createSecretKey(randomBytes(32));
const CAPACITY = 6;
const PARAMETERS = chooseParameters({ records: CAPACITY, blockBytes: 16, layout: 'scan' });

interface Tables {
  readonly tree: MemoryStore;
  readonly state: MemoryStore;
}

interface Opening {
  readonly process?: FaultyProcess;
  readonly clock?: VirtualClock;
  readonly patienceMs?: number;
  readonly trace?: TraceEntry[];
  readonly delay?: (store: ItemStore) => ItemStore;
}

function optionsFor(tables: Tables, opening: Opening = {}) {
  const { process, clock = new VirtualClock(), patienceMs = 0, trace, delay = (store) => store } = opening;
  const attach = (store: ItemStore, name: string) => {
    const traced = trace === undefined ? store : tracing(store, (entry) => trace.push(entry));
    return delay(process === undefined ? traced : process.attach(traced, name));
  };
  const tree = attach(tables.tree, 'tree');
  const state = attach(tables.state, 'state');
  return { name: 'small', key: KEY, tree, state, clock, random: randomBytes, patienceMs };
}

const open = (tables: Tables, opening?: Opening) => openVault(optionsFor(tables, opening));

async function create(records: Readonly<Record<string, string>> = {}): Promise<Tables> {
  const tables = { tree: createMemoryStore(), state: createMemoryStore() };
  const vault = await createVault(optionsFor(tables), PARAMETERS);
  for (const [key, value] of Object.entries(records)) await vault.put(key, text(value));
  return tables;
}

const copy = ({ tree, state }: Tables): Tables => ({ tree: tree.copy(), state: state.copy() });

const text = (value: string) => new TextEncoder().encode(value);

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Everything the vault holds. */
async function contents(vault: Vault): Promise<Record<string, string>> {
  const found = await vault.batch(KEYS.map((key) => ({ kind: 'get', key })));
  const entries = found.flatMap(({ value }, index) =>
    value === undefined ? [] : [[KEYS[index]!, new TextDecoder().decode(value)]],
  );
  return Object.fromEntries(entries);
}

const key = fc.constantFrom(...KEYS);
const value = fc.uint8Array({ maxLength: 16 });
const operation: fc.Arbitrary<VaultOperation> = fc.oneof(
  fc.record({ kind: fc.constant('get' as const), key }),
  fc.record({ kind: fc.constant('put' as const), key, value }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.constant({ kind: 'dummy' as const }),
);

describe('scanned vault', () => {
  test('is chosen for few records and says so', () => {
    expect(chooseParameters({ records: 60, blockBytes: 1000 }).layout).toBe('scan');
    expect(chooseParameters({ records: 70, blockBytes: 1000 }).layout).toBe('tree');
  });

  test('does what a Map of bounded size does, in batches, reopened, reshuffled and loaded', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.array(operation, { minLength: 1, maxLength: 20 }) },
      { weight: 1, arbitrary: fc.constantFrom('reopen' as const, 'reshuffle' as const) },
      { weight: 1, arbitrary: fc.record({ load: fc.array(fc.record({ key, value }), { maxLength: 8 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const tables = await create();
        let vault = await open(tables);
        const model = new Map<string, Uint8Array>();
        for (const current of steps) {
          if (current === 'reopen') vault = await open(tables);
          else if (current === 'reshuffle')
            expect(await vault.reshuffle()).toEqual({ kept: model.size, lost: 0 });
          else if ('load' in current) {
            const merged = new Map([
              ...model,
              ...current.load.map((record) => [record.key, record.value] as const),
            ]);
            const loaded = vault.load(current.load);
            if (merged.size > CAPACITY) await expect(loaded).rejects.toThrow(/^VAULT_FULL: /);
            else {
              expect(await loaded).toBe(merged.size);
              for (const [name, held] of merged) model.set(name, held);
            }
          } else {
            let refused = false;
            const expected = current.map((one) => {
              if (one.kind === 'dummy') return { found: false, value: undefined };
              const held = model.get(one.key);
              if (one.kind === 'delete') model.delete(one.key);
              if (one.kind === 'put') {
                if (held === undefined && model.size === CAPACITY) refused = true;
                else model.set(one.key, one.value);
              }
              return { found: held !== undefined, value: held };
            });
            const served = vault.batch(current);
            if (refused) await expect(served).rejects.toThrow(/^VAULT_FULL: /);
            else expect(await served).toEqual(expected);
          }
          for (const name of KEYS) expect(await vault.get(name)).toEqual(model.get(name));
          expect(vault.stats().records).toBe(model.size);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('a process that stops at any store call loses nothing acknowledged', async () => {
    const start = { a: 'one', b: 'two' };
    const before = await create(start);
    type Step = readonly [(vault: Vault) => Promise<unknown>, Record<string, string>];
    const steps: readonly Step[] = [
      [(vault) => vault.put('c', text('three')), { a: 'one', b: 'two', c: 'three' }],
      [(vault) => vault.get('a'), { a: 'one', b: 'two', c: 'three' }],
      [(vault) => vault.delete('a'), { b: 'two', c: 'three' }],
      [(vault) => vault.reshuffle(), { b: 'two', c: 'three' }],
      [
        (vault) =>
          vault.batch([
            { kind: 'put', key: 'b', value: text('2') },
            { kind: 'delete', key: 'c' },
          ]),
        { b: '2' },
      ],
      [
        (vault) =>
          vault.load([
            { key: 'd', value: text('4') },
            { key: 'e', value: text('5') },
          ]),
        { b: '2', d: '4', e: '5' },
      ],
    ];
    /** @returns how many steps were acknowledged */
    const run = async (tables: Tables, process: FaultyProcess): Promise<number> => {
      let done = 0;
      try {
        const vault = await open(tables, { process });
        for (; done < steps.length; done++) await steps[done]![0](vault);
      } catch (error) {
        expect(error).toBeInstanceOf(CrashSignal);
      }
      return done;
    };
    const whole = new FaultyProcess();
    expect(await run(copy(before), whole)).toBe(steps.length);
    const calls = whole.calls.length;
    expect(calls).toBeGreaterThan(24);
    for (let call = 1; call <= calls; call++) {
      for (const moment of ['before', 'after'] as const) {
        for (const stillArriving of [0, 1]) {
          const tables = copy(before);
          const process = new FaultyProcess();
          process.crashAt(call, moment, { stillArriving });
          const done = await run(tables, process);
          const vault = await open(tables);
          const held = await contents(vault);
          const known = done === 0 ? start : steps[done - 1]![1];
          expect([known, steps[done]?.[1]]).toContainEqual(held);
          await vault.put('h', text('goes on'));
          expect(await contents(await open(tables))).toEqual({ ...held, h: 'goes on' });
        }
      }
    }
  });

  test('any two workloads of equal length look the same', async () => {
    const tables = await create({ a: 'one', b: 'two' });
    const traceOf = async (operations: readonly VaultOperation[]) => {
      const trace: TraceEntry[] = [];
      const vault = await open(copy(tables), { trace });
      for (const one of operations) await vault.batch([one]).catch(() => undefined);
      return trace;
    };
    const lists = fc.integer({ min: 1, max: 6 }).chain((length) => {
      const list = fc.array(operation, { minLength: length, maxLength: length });
      return fc.tuple(list, list);
    });
    await fc.assert(
      fc.asyncProperty(lists, async ([left, right]) => {
        const trace = await traceOf(left);
        expect(await traceOf(right)).toEqual(trace);
        expect(trace.filter(({ op }) => op === 'write')).toHaveLength(left.length);
      }),
      { numRuns: 50 },
    );
  });

  test('a load looks like a lookup, a full vault like any other', async () => {
    const traceOf = async (work: (vault: Vault) => Promise<unknown>) => {
      const trace: TraceEntry[] = [];
      await work(await open(copy(tables), { trace })).catch(() => undefined);
      return trace;
    };
    const tables = await create({ a: '1', b: '2', c: '3', d: '4', e: '5', f: '6' });
    const lookup = await traceOf((vault) => vault.get('a'));
    expect(await traceOf((vault) => vault.load([{ key: 'a', value: text('7') }]))).toEqual(lookup);
    expect(await traceOf((vault) => vault.put('g', text('refused')))).toEqual(lookup);
    expect(await traceOf((vault) => vault.batch(KEYS.map((name) => ({ kind: 'get', key: name }))))).toEqual(
      lookup,
    );
    expect(await traceOf((vault) => vault.reshuffle())).not.toEqual(lookup);
  });

  test('what follows a crash does not depend on what is asked next', async () => {
    const before = await create({ a: 'one' });
    const next: readonly ((vault: Vault) => Promise<unknown>)[] = [
      (vault) => vault.get('a'),
      (vault) => vault.put('b', text('two')),
      (vault) => vault.dummy(),
    ];
    for (let call = 1; call <= 6; call++) {
      for (const moment of ['before', 'after'] as const) {
        const tables = copy(before);
        const process = new FaultyProcess();
        process.crashAt(call, moment);
        await expect(open(tables, { process }).then((vault) => vault.get('a'))).rejects.toThrow(CrashSignal);
        const traces = await Promise.all(
          next.map(async (work) => {
            const trace: TraceEntry[] = [];
            await work(await open(copy(tables), { trace }));
            return trace;
          }),
        );
        for (const trace of traces) expect(trace).toEqual(traces[0]);
      }
    }
  });

  describe('an altered item', () => {
    const alterations = {
      missing: [missing(), 'BUCKET_MISSING'],
      older: [older(1), 'BUCKET_STALE'],
      'another version number': [versionMoved(1), 'BUCKET_STALE'],
      'a flipped bit': [bitFlipped(400), 'BUCKET_FORGED'],
      'a flipped bit of the tag': [bitFlipped(-1), 'BUCKET_FORGED'],
      truncated: [truncatedBy(1), 'BUCKET_FORGED'],
      empty: [truncatedBy(1_000_000), 'BUCKET_FORGED'],
    } as const;

    test.each(Object.entries(alterations))(
      '%s is noticed, and poisons the vault for everybody',
      async (_name, [change, code]) => {
        const tables = await create({ a: 'one' });
        const process = new FaultyProcess();
        const vault = await open(tables, { process });
        for (const content of ['1', '2', '3', '4']) await vault.put('b', text(content));
        const restore = process.tamper((_key, store) => store === 'tree', change);
        await expect(vault.get('a')).rejects.toThrow(new RegExp(`^${code}: `));
        await expect(vault.get('a')).rejects.toThrow(/^VAULT_POISONED: /);
        expect(vault.stats().poisonedBy).toBe(code);
        await expect(vault.reshuffle()).rejects.toThrow(new RegExp(`^${code}: `));
        restore();
        const other = await open(tables);
        expect(other.stats().poisonedBy).toBe(code);
        await expect(other.put('a', text('no'))).rejects.toThrow(/^VAULT_POISONED: /);
        expect(await other.reshuffle()).toEqual({ kept: 2, lost: 0 });
        expect(other.stats().poisonedBy).toBeUndefined();
        expect(await contents(other)).toEqual({ a: 'one', b: '4' });
        expect(await contents(await open(tables))).toEqual({ a: 'one', b: '4' });
      },
    );

    test('the other slot under this key is noticed', async () => {
      const tables = await create({ a: 'one' });
      const process = new FaultyProcess();
      const vault = await open(tables, { process });
      const slots = [...tables.tree.items()].map((item) => item.key);
      expect(slots).toHaveLength(2);
      for (const [from, to] of [slots, slots.toReversed()]) {
        process.tamper(
          (asked) => asked.sort === to!.sort && asked.partition === to!.partition,
          contentOf(from!),
        );
      }
      await expect(vault.get('a')).rejects.toThrow(/^BUCKET_STALE: /);
    });

    test('a vault opens poisoned, and goes on empty where the loss is accepted', async () => {
      const tables = await create({ a: 'one' });
      const process = new FaultyProcess();
      const restore = process.tamper((_key, store) => store === 'tree', bitFlipped(9));
      const vault = await open(tables, { process });
      expect(vault.stats().poisonedBy).toBe('BUCKET_FORGED');
      expect(await vault.reshuffle({ acceptLoss: true })).toEqual({ kept: 0, lost: CAPACITY });
      restore();
      expect(await contents(vault)).toEqual({});
      await vault.put('a', text('again'));
      expect(await contents(await open(tables))).toEqual({ a: 'again' });
    });

    test('a whole table rolled back is noticed', async () => {
      const tables = await create({ a: 'one' });
      const backup = tables.tree.copy();
      await (await open(tables)).put('a', text('two'));
      const vault = await open({ tree: backup, state: tables.state });
      expect(vault.stats().poisonedBy).toMatch(/^BUCKET_(STALE|MISSING)$/);
    });

    test('a head rolled back under a process that knew a later one is noticed', async () => {
      const tables = await create({ a: 'one' });
      const process = new FaultyProcess();
      const vault = await open(tables, { process });
      const [old] = tables.state.items();
      await vault.put('a', text('two'));
      // Another process's access makes this one's claim fail, so it reads the head again.
      await (await open(tables)).dummy();
      process.tamper(
        (_key, store) => store === 'state',
        () => old,
      );
      await expect(vault.get('a')).rejects.toThrow(/^STATE_STALE: /);
      await expect(vault.get('a')).rejects.toThrow(/^STATE_STALE: /);
    });
  });

  test('a reshuffle to a new key shuts out the old one and leaves one item', async () => {
    const tables = await create({ a: 'one' });
    const newKey = createSecretKey(randomBytes(32));
    await (await open(tables)).reshuffle({ newKey });
    await expect(open(tables)).rejects.toThrow(/^VAULT_KEY: /);
    const vault = await openVault({ ...optionsFor(tables), key: newKey });
    expect(await contents(vault)).toEqual({ a: 'one' });
    expect(tables.tree.size).toBe(2);
  });

  test('what a reshuffle that was cut off left behind is deleted by the next access', async () => {
    const tables = await create({ a: 'one' });
    const process = new FaultyProcess();
    const vault = await open(tables, { process });
    process.fail(({ op }) => op === 'remove');
    await expect(vault.reshuffle()).rejects.toThrow(/^STORE_UNAVAILABLE: /);
    expect(tables.tree.size).toBe(3);
    expect(await vault.get('a')).toEqual(text('one'));
    expect(tables.tree.size).toBe(2);
  });

  describe('several processes', () => {
    const delayed =
      (clock: VirtualClock, draw: () => number) =>
      (store: ItemStore): ItemStore => {
        const late = async <T>(call: () => Promise<T>): Promise<T> => {
          await clock.sleep(draw());
          const answer = await call();
          await clock.sleep(draw());
          return answer;
        };
        return {
          read: (keys) => late(() => store.read(keys)),
          write: (items) => late(() => store.write(items)),
          fill: (items) => late(() => store.fill(items)),
          replace: (item, expected) => late(() => store.replace(item, expected)),
          remove: (keys) => late(() => store.remove(keys)),
          units: () => store.units(),
        };
      };

    test('however they interleave and however impatient they are, what was acknowledged is there', async () => {
      const drawn = fc.record({
        delays: fc.infiniteStream(fc.integer({ min: 0, max: 20 })),
        patienceMs: fc.constantFrom(0, 5, 30, 10_000),
      });
      await fc.assert(
        fc.asyncProperty(drawn, async ({ delays, patienceMs }) => {
          const tables = await create();
          const clock = new VirtualClock();
          const delay = delayed(clock, () => delays.next().value);
          const expected: Record<string, string> = {};
          const attempted = new Set<string>();
          await Promise.all(
            ['a', 'b', 'c'].map(async (name) => {
              const vault = await open(tables, { clock, delay, patienceMs });
              for (let count = 0; count < 4; count++) {
                attempted.add(name);
                try {
                  const previous = await vault.get(name);
                  expect(previous === undefined ? undefined : new TextDecoder().decode(previous)).toBe(
                    expected[name],
                  );
                  await vault.put(name, text(`${count}`));
                  expected[name] = `${count}`;
                } catch (error) {
                  // Impatient processes may not know how an operation ended; then they must not go on guessing.
                  expect(error).toMatchObject({ code: 'VAULT_BUSY' });
                  attempted.delete(name);
                  return;
                }
              }
            }),
          );
          const held = await contents(await open(tables));
          for (const name of attempted) expect(held[name]).toBe(expected[name]);
          if (patienceMs === 10_000) expect(held).toEqual({ a: '3', b: '3', c: '3' });
        }),
        { numRuns: 60 },
      );
    });

    test('a writer that wakes up late changes nothing and begins again', async () => {
      for (const op of ['write', 'replace'] as const) {
        const tables = await create({ a: 'one' });
        const clock = new VirtualClock();
        const process = new FaultyProcess();
        const late = await open(tables, { process, clock });
        // The item's write, or the commit: the second swap of the head.
        let swaps = 0;
        const held = process.hold((call) => call.op === op && (op === 'write' || ++swaps === 2));
        const put = late.put('a', text('late'));
        await held.reached;
        const other = await open(tables, { clock });
        await other.put('b', text('other'));
        expect(await contents(other)).toEqual({ a: 'one', b: 'other' });
        await other.delete('b');
        held.release();
        await put.catch((error: unknown) => expect(error).toMatchObject({ code: 'VAULT_BUSY' }));
        const after = await contents(await open(tables));
        expect(after).toEqual(op === 'write' ? { a: 'late' } : { a: 'one' });
      }
    });

    test('a commit whose answer was lost is not repeated over what others did since', async () => {
      const tables = await create({ a: 'one' });
      const clock = new VirtualClock();
      const options = optionsFor(tables, { clock });
      let swaps = 0;
      const state: ItemStore = {
        ...options.state,
        read: (keys) => options.state.read(keys),
        units: () => options.state.units(),
        replace: async (item, expected) => {
          swaps += 1;
          if (swaps !== 2) return options.state.replace(item, expected);
          expect(await options.state.replace(item, expected)).toBe(true);
          // Another process claims the head before the try without an answer is repeated.
          const interrupted = new FaultyProcess();
          interrupted.crashAt(3, 'after');
          await open(tables, { process: interrupted, clock })
            .then((vault) => vault.get('a'))
            .catch(() => undefined);
          return options.state.replace(item, expected);
        },
      };
      const vault = await openVault({ ...options, state });
      await vault.put('a', text('two'));
      expect(vault.stats().accesses).toBe(2);
      expect(await contents(await open(tables))).toEqual({ a: 'two' });
    });

    test('a crashed process is waited for no longer than patience asks', async () => {
      const tables = await create({ a: 'one' });
      const process = new FaultyProcess();
      const dead = await open(tables, { process });
      process.crashAt(process.calls.length + 3, 'before');
      await expect(dead.put('a', text('lost'))).rejects.toThrow(CrashSignal);
      const clock = new VirtualClock();
      const vault = await open(tables, { clock, patienceMs: 10_000 });
      expect(await vault.get('a')).toEqual(text('one'));
      expect(clock.now()).toBeGreaterThanOrEqual(10_000);
      expect(clock.now()).toBeLessThan(12_000);
    });
  });

  test('operations that wait are served together, eight at a time', async () => {
    const tables = await create();
    const trace: TraceEntry[] = [];
    const vault = await open(tables, { trace });
    trace.length = 0;
    await Promise.all(Array.from({ length: 17 }, () => vault.dummy()));
    expect(trace.filter(({ op }) => op === 'write')).toHaveLength(3);
    expect(vault.stats()).toMatchObject({ accesses: 17, epochs: 3 });
  });

  test('refusals come before any call', async () => {
    const tables = await create();
    const trace: TraceEntry[] = [];
    const vault = await open(tables, { trace });
    trace.length = 0;
    await expect(vault.put('a', new Uint8Array(17))).rejects.toThrow(/^VAULT_VALUE_TOO_LARGE: /);
    await expect(vault.get('')).rejects.toThrow(/^VAULT_RECORD_KEY: /);
    await expect(vault.batch([])).rejects.toThrow(/^VAULT_BATCH_SIZE: /);
    const tooMany = KEYS.map((name) => ({ key: name, value: text('') }));
    await expect(vault.load(tooMany)).rejects.toThrow(/^VAULT_FULL: /);
    expect(trace).toEqual([]);
    await vault.close();
    await expect(vault.get('a')).rejects.toThrow(/^VAULT_CLOSED: /);
  });

  test('a vault is destroyed for everybody, and its name can be used again', async () => {
    const tables = await create({ a: 'one' });
    const other = await open(tables);
    await (await open(tables)).destroy();
    expect(tables.tree.size).toBe(0);
    expect(tables.state.size).toBe(0);
    await expect(other.get('a')).rejects.toThrow(/^VAULT_UNKNOWN: /);
    await expect(open(tables)).rejects.toThrow(/^VAULT_UNKNOWN: /);
    const again = await createVault(optionsFor(tables), PARAMETERS);
    await again.put('a', text('new'));
    await expect(other.get('a')).rejects.toThrow(/^VAULT_UNKNOWN: /);
    await expect(createVault(optionsFor(tables), PARAMETERS)).rejects.toThrow(/^VAULT_EXISTS: /);
    expect(await contents(again)).toEqual({ a: 'new' });
  });
});
