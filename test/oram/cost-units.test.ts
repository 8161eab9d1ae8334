import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../functions/system-clock.ts';
import { stateLayout } from '../../oram/checkpoint.ts';
import { costOf } from '../../oram/cost.ts';
import {
  checkpointUnits,
  coldOpenUnits,
  type EpochShape,
  expectedBuckets,
  type RequestUnits,
  recoveryUnits,
  scanOpenUnits,
  scanUnits,
  storedBytes,
  treeEpochUnits,
} from '../../oram/cost-units.ts';
import { createVault, openVault } from '../../oram/open-vault.ts';
import { chooseParameters, type VaultParameters, type VaultSizes } from '../../oram/parameters.ts';
import { createDynamodbStore, createVaultTable } from '../../oram/stores/dynamodb.ts';
import { createMemoryStore } from '../../oram/stores/memory.ts';
import type { ItemStore } from '../../oram/stores/store.ts';
import { billedBytes, readUnits, writeUnits } from '../../oram/stores/units.ts';
import type { Vault } from '../../oram/vault.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { CrashSignal, FaultyProcess } from './stores/fault-store.ts';

const KEY = createSecretKey(randomBytes(32));
const NAME = 'v'.repeat(64);

/** A vault of layout `tree` with few operations between checkpoints. */
function treeParameters(sizes: VaultSizes, checkpointOperations: number): VaultParameters {
  return { ...chooseParameters({ ...sizes, layout: 'tree' }), checkpointOperations };
}

const TREES: readonly VaultParameters[] = [
  treeParameters({ records: 300, blockBytes: 100 }, 5),
  treeParameters({ records: 500, blockBytes: 700, blocksPerRecord: 2 }, 12),
  treeParameters({ records: 100, blockBytes: 3000, cachedLevels: 0 }, 8),
  treeParameters({ records: 64, blockBytes: 40, blocksPerRecord: 16 }, 9),
  // Two pages of positions and two of versions, pool in two parts.
  treeParameters({ records: 6000, blockBytes: 1024, cachedLevels: 7 }, 3),
];

const inWords = ({ capacity, blockBytes, blocksPerRecord }: VaultParameters) =>
  `${capacity} records of ${blocksPerRecord} x ${blockBytes} bytes`;

/** A vault on two tables, what it consumes, and what the model says of the same epochs. */
class Measured {
  readonly #tables: { readonly tree: ItemStore; readonly state: ItemStore };
  readonly #parameters: VaultParameters;
  readonly process = new FaultyProcess();
  #vault: Vault | undefined;
  #counted: RequestUnits = { readUnits: 0, writeUnits: 0 };
  /** Buckets of the epoch under way. */
  #buckets = 0;
  checkpoint = 0;
  /** Operations of each epoch since the last checkpoint, the one that carried it first. */
  epochs: number[] = [];
  /** Operations of every epoch so far. */
  #all: number[] = [];

  constructor(parameters: VaultParameters, tables: { tree: ItemStore; state: ItemStore }) {
    this.#parameters = parameters;
    this.#tables = tables;
  }

  options(process = new FaultyProcess()) {
    const tree = process.attach(this.#tables.tree, 'tree');
    const state = process.attach(this.#tables.state, 'state');
    const read: ItemStore['read'] = (keys) => {
      this.#buckets = keys.length;
      return tree.read(keys);
    };
    const clock = systemClock;
    return {
      name: NAME,
      key: KEY,
      tree: { ...tree, read },
      state,
      clock,
      random: randomBytes,
      patienceMs: 0,
    };
  }

  async create(): Promise<Vault> {
    this.#vault = await createVault(this.options(), this.#parameters);
    this.consumed();
    return this.#vault;
  }

  /** @returns units of both tables since the last call */
  consumed(): RequestUnits {
    const tree = this.#tables.tree.units();
    const state = this.#tables.state.units();
    const before = this.#counted;
    this.#counted = {
      readUnits: tree.readUnits + state.readUnits,
      writeUnits: tree.writeUnits + state.writeUnits,
    };
    return {
      readUnits: this.#counted.readUnits - before.readUnits,
      writeUnits: this.#counted.writeUnits - before.writeUnits,
    };
  }

  get buckets(): number {
    return this.#buckets;
  }

  /** The shape of an epoch of so many operations that was just made, noted; and its checkpoint, if it carried one. */
  note(operations: number): { readonly shape: EpochShape; readonly checkpoint: RequestUnits } {
    const ring = this.#parameters.checkpointOperations + 8;
    const replaced = this.#all[this.#all.length - ring];
    this.#all.push(operations);
    const shape = {
      operations,
      buckets: this.#buckets,
      ...(replaced === undefined ? {} : { replacedOperations: replaced }),
    };
    const since = this.epochs.reduce((sum, count) => sum + count, 0);
    if (since < this.#parameters.checkpointOperations) {
      this.epochs.push(operations);
      return { shape, checkpoint: { readUnits: 0, writeUnits: 0 } };
    }
    this.checkpoint += 1;
    this.epochs = [operations];
    return { shape, checkpoint: checkpointUnits(this.#parameters, this.checkpoint) };
  }

  /** @returns what the epoch consumed */
  async expectEpoch(operations: 1 | 8): Promise<RequestUnits> {
    const vault = this.#vault!;
    const key = `${randomBytes(1)[0]! % 20}`;
    if (operations === 1) await vault.put(key, new Uint8Array(10));
    else await vault.batch(Array.from({ length: 5 }, () => ({ kind: 'get' as const, key })));
    const { shape, checkpoint } = this.note(operations);
    const consumed = this.consumed();
    expect(consumed).toEqual(plus(treeEpochUnits(this.#parameters, NAME, shape), checkpoint));
    return consumed;
  }

  async expectColdOpen(): Promise<void> {
    this.#vault = await openVault(this.options());
    expect(this.consumed()).toEqual(coldOpenUnits(this.#parameters, NAME, this));
  }
}

const plus = (left: RequestUnits, right: RequestUnits): RequestUnits => ({
  readUnits: left.readUnits + right.readUnits,
  writeUnits: left.writeUnits + right.writeUnits,
});

const inMemory = (parameters: VaultParameters) =>
  new Measured(parameters, { tree: createMemoryStore(), state: createMemoryStore() });

describe('units that stores count are those of the model', () => {
  test.each(TREES.map((parameters) => [inWords(parameters), parameters] as const))(
    'tree of %s: epochs, checkpoints, cold opens',
    async (_words, parameters) => {
      const steps = fc.array(fc.constantFrom<1 | 8 | 'open'>(1, 1, 1, 8, 'open'), {
        minLength: 60,
        maxLength: 60,
      });
      await fc.assert(
        fc.asyncProperty(steps, async (drawn) => {
          const measured = inMemory(parameters);
          await measured.create();
          for (const step of drawn) {
            if (step === 'open') await measured.expectColdOpen();
            else await measured.expectEpoch(step);
          }
          expect(measured.checkpoint).toBeGreaterThan(2);
        }),
        { numRuns: 2 },
      );
    },
  );

  test.each([1, 8] as const)('recovery of an epoch of %d', async (operations) => {
    const parameters = TREES[0]!;
    for (let call = 0; call < 4; call++) {
      for (const moment of ['before', 'after'] as const) {
        const measured = inMemory(parameters);
        await measured.create();
        for (let count = 0; count < 3; count++) await measured.expectEpoch(1);
        const process = new FaultyProcess();
        const vault = await openVault(measured.options(process));
        // Calls of an epoch: intent, read, buckets and log record at once, commit.
        process.crashAt(process.calls.length + 1 + call, moment, { stillArriving: call === 2 ? 1 : 0 });
        const cutOff = operations === 1 ? vault.dummy() : vault.batch([{ kind: 'dummy' }]);
        await expect(cutOff).rejects.toThrow(CrashSignal);
        measured.consumed();
        const opening = { checkpoint: measured.checkpoint, epochs: [...measured.epochs] };
        await openVault(measured.options());
        const { shape } = measured.note(operations);
        const untouched = call === 0 && moment === 'before';
        const expected = untouched
          ? coldOpenUnits(parameters, NAME, opening)
          : recoveryUnits(parameters, NAME, opening, shape);
        expect(measured.consumed()).toEqual(expected);
      }
    }
  });

  test.each([1, 8] as const)(
    'epochs of %d in the mean, over whole rounds of checkpoints',
    async (operations) => {
      const parameters = treeParameters({ records: 2000, blockBytes: 120 }, 16);
      const measured = inMemory(parameters);
      await measured.create();
      const between = parameters.checkpointOperations / operations;
      // Until the first checkpoint is due.
      for (let count = 0; count < between; count++) await measured.expectEpoch(operations);
      const checkpoints = 4 * stateLayout(parameters).pages;
      let consumed = { readUnits: 0, writeUnits: 0 };
      let buckets = 0;
      for (let count = 0; count < checkpoints * between; count++) {
        consumed = plus(consumed, await measured.expectEpoch(operations));
        buckets += measured.buckets;
      }
      expect(measured.checkpoint).toBe(checkpoints);
      const { single, epochOf8, itemBytes } = costOf(parameters);
      const cost = operations === 1 ? single : epochOf8;
      // The number of buckets is the one random thing: what was drawn takes the place of what was expected.
      const accesses = checkpoints * between * operations;
      const surplus = buckets / accesses - expectedBuckets(parameters, operations) / operations;
      expect(consumed.readUnits / accesses).toBeCloseTo(cost.readUnits + surplus * readUnits(itemBytes), 9);
      expect(consumed.writeUnits / accesses).toBeCloseTo(
        cost.writeUnits + surplus * writeUnits(itemBytes),
        9,
      );
    },
  );

  test('what is stored in the end is at most what the model says, and all of it once every slot was written', async () => {
    const parameters = treeParameters({ records: 16, blockBytes: 500 }, 3);
    const tables = { tree: createMemoryStore(), state: createMemoryStore() };
    const measured = new Measured(parameters, tables);
    await measured.create();
    const stored = () =>
      [...tables.tree.items(), ...tables.state.items()].reduce(
        (sum, item) => sum + billedBytes(item) + 100,
        0,
      );
    expect(stored()).toBeLessThan(storedBytes(parameters, NAME));
    for (let count = 0; count < 100; count++) await measured.expectEpoch(8);
    expect(stored()).toBe(storedBytes(parameters, NAME));
  });

  test('scanned vault: every access, and opening', async () => {
    const parameters = chooseParameters({ records: 60, blockBytes: 500 });
    const measured = inMemory(parameters);
    const vault = await measured.create();
    const work: readonly (() => Promise<unknown>)[] = [
      () => vault.put('a', new Uint8Array(500)),
      () => vault.get('b'),
      () => vault.delete('a'),
      () => vault.batch(new Array(8).fill({ kind: 'dummy' })),
      () => vault.load([{ key: 'c', value: new Uint8Array(3) }]),
    ];
    for (const call of work) {
      await call();
      expect(measured.consumed()).toEqual(scanUnits(parameters, NAME));
    }
    await openVault(measured.options());
    expect(measured.consumed()).toEqual(scanOpenUnits(parameters, NAME));
  });

  describe('as dynalite reports them', () => {
    let dynamodb: LocalDynamodb;

    beforeAll(async () => {
      dynamodb = await startLocalDynamodb();
    });

    afterAll(() => dynamodb.close());

    async function inDynalite(parameters: VaultParameters, name: string): Promise<Measured> {
      const [tree, state] = await Promise.all(
        ['tree', 'state'].map(async (role) => {
          const tableName = `${name}-${role}`;
          await createVaultTable(dynamodb.client, tableName);
          return createDynamodbStore({ client: dynamodb.client, tableName, clock: systemClock });
        }),
      );
      return new Measured(parameters, { tree: tree!, state: state! });
    }

    test('tree', async () => {
      const measured = await inDynalite(TREES[0]!, 'some');
      await measured.create();
      for (const step of [1, 1, 8, 1, 'open', 8, 8, 1, 1, 1, 1, 'open', 1] as const) {
        if (step === 'open') await measured.expectColdOpen();
        else await measured.expectEpoch(step);
      }
      expect(measured.checkpoint).toBeGreaterThan(2);
    });

    test('scanned', async () => {
      const parameters = chooseParameters({ records: 60, blockBytes: 500 });
      const measured = await inDynalite(parameters, 'few');
      const vault = await measured.create();
      await vault.put('a', new Uint8Array(500));
      expect(measured.consumed()).toEqual(scanUnits(parameters, NAME));
      await openVault(measured.options());
      expect(measured.consumed()).toEqual(scanOpenUnits(parameters, NAME));
    });
  });
});
