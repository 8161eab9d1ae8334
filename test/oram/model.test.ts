/**
 * Long random workloads against a plain Map: with crashes at any store call, in recoveries as well, by two writers
 * that take turns warm, cold or after the other's crash. What was acknowledged is there; an operation that was not is
 * wholly done or not at all.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OramError } from '../../oram/errors.ts';
import { EPOCH_OPERATIONS } from '../../oram/parameters.ts';
import type { Vault, VaultOperation, VaultOperationResult } from '../../oram/vault.ts';
import { CrashSignal, FaultyProcess } from './stores/fault-store.ts';
import { checkVault, newVault, onMap, open, type Tables, type TreeSizes } from './tree-world.ts';

type Model = Map<string, Uint8Array>;

interface Step {
  readonly writer: 0 | 1;
  readonly what: 'single' | 'batch' | 'reopen' | 'reshuffle' | 'load';
  readonly operations: readonly VaultOperation[];
  readonly crash:
    | { readonly call: number; readonly moment: 'before' | 'after' | readonly number[] }
    | undefined;
}

/** Two levels, all in the table; several cached ones; all but the leaves; records of several blocks; maps of several pages. */
const SHAPES: readonly TreeSizes[] = [
  { capacity: 5 },
  { capacity: 3, blocksPerRecord: 2, checkpointOperations: 1 },
  { capacity: 12, cachedLevels: 1 },
  { capacity: 40, cachedLevels: 3, checkpointOperations: 9 },
  { capacity: 12, blocksPerRecord: 4, cachedLevels: 2, checkpointOperations: 5 },
];

function stepsFor({ capacity, blockBytes = 16, blocksPerRecord = 1 }: TreeSizes, crashes: boolean) {
  // A third more keys than records, so that the vault is full at times.
  const key = fc.integer({ min: 0, max: Math.ceil(capacity * 1.3) }).map((number) => `key ${number}`);
  const value = fc.uint8Array({ maxLength: blockBytes * blocksPerRecord });
  const operation: fc.Arbitrary<VaultOperation> = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('put' as const), key, value }) },
    fc.record({ kind: fc.constant('delete' as const), key }),
    fc.constant({ kind: 'dummy' as const }),
  );
  const crash = fc.record({
    call: fc.integer({ min: 1, max: 12 }),
    moment: fc.oneof(
      fc.constantFrom('before' as const, 'after' as const),
      fc.uniqueArray(fc.integer({ min: 0, max: 6 })),
    ),
  });
  return fc.array(
    fc.record({
      writer: fc.constantFrom(0 as const, 1 as const),
      what: fc.oneof(
        { weight: 12, arbitrary: fc.constant('single' as const) },
        { weight: 3, arbitrary: fc.constant('batch' as const) },
        { weight: 2, arbitrary: fc.constant('reopen' as const) },
        { weight: 1, arbitrary: fc.constantFrom('reshuffle' as const, 'load' as const) },
      ),
      operations: fc.array(operation, { minLength: 1, maxLength: 2 * EPOCH_OPERATIONS + 3 }),
      crash: crashes ? fc.option(crash, { nil: undefined, freq: 2 }) : fc.constant(undefined),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  );
}

/** What an epoch does: places for new records are given out at its beginning. */
function epochOnMap(model: Model, capacity: number, operations: readonly VaultOperation[]) {
  const fresh = new Set<string>();
  for (const operation of operations) {
    if (operation.kind === 'dummy' || model.has(operation.key) || fresh.has(operation.key)) continue;
    const { key } = operation;
    const isPut = operations.some((other) => other.kind === 'put' && other.key === key);
    if (isPut && model.size + fresh.size < capacity) fresh.add(key);
  }
  const before = new Set(model.keys());
  return operations.map((operation): VaultOperationResult | 'VAULT_FULL' =>
    operation.kind === 'put' && !before.has(operation.key) && !fresh.has(operation.key)
      ? 'VAULT_FULL'
      : onMap(model, operation),
  );
}

/** The model after each of the epochs that serve these operations. */
function epochsOnMap(model: Model, capacity: number, operations: readonly VaultOperation[]) {
  const models = [new Map(model)];
  const results: (VaultOperationResult | 'VAULT_FULL')[] = [];
  for (let first = 0; first < operations.length; first += EPOCH_OPERATIONS) {
    const next = new Map(models.at(-1));
    results.push(...epochOnMap(next, capacity, operations.slice(first, first + EPOCH_OPERATIONS)));
    models.push(next);
  }
  return { models, results };
}

async function single(vault: Vault, operation: VaultOperation): Promise<VaultOperationResult> {
  switch (operation.kind) {
    case 'dummy':
      await vault.dummy();
      return { found: false, value: undefined };
    case 'get': {
      const value = await vault.get(operation.key);
      return { found: value !== undefined, value };
    }
    case 'delete':
      return { found: await vault.delete(operation.key), value: undefined };
    case 'put':
      await vault.put(operation.key, operation.value);
      return { found: false, value: undefined };
  }
}

/** What a single operation tells its caller. */
function told(operation: VaultOperation, result: VaultOperationResult): VaultOperationResult {
  if (operation.kind === 'get') return result;
  return { found: operation.kind === 'delete' && result.found, value: undefined };
}

class Run {
  readonly #tables: Tables;
  readonly #sizes: TreeSizes;
  readonly #writers: ({ vault: Vault; process: FaultyProcess } | undefined)[] = [undefined, undefined];
  #model: Model = new Map();

  constructor(tables: Tables, sizes: TreeSizes) {
    this.#tables = tables;
    this.#sizes = sizes;
  }

  async step({ writer, what, operations, crash }: Step): Promise<void> {
    if (what === 'reopen') this.#writers[writer] = undefined;
    const [first] = operations;
    const asked = what === 'single' && first !== undefined ? [first] : operations;
    const isBulk = what === 'reshuffle' || what === 'load';
    const { models, results } = isBulk
      ? { models: [this.#model, what === 'load' ? this.#loaded() : this.#model], results: [] }
      : what === 'reopen'
        ? { models: [this.#model], results: [] }
        : epochsOnMap(this.#model, this.#sizes.capacity, asked);
    try {
      const { vault, process } = await this.#open(writer, crash);
      if (crash !== undefined) process.crashAt(process.calls.length + crash.call, crash.moment);
      if (what === 'reshuffle') expect(await vault.reshuffle()).toEqual({ kept: this.#model.size, lost: 0 });
      else if (what === 'load') await vault.load([...models[1]!].map(([key, value]) => ({ key, value })));
      else if (what === 'single' && first !== undefined) await this.#single(vault, first, results[0]!);
      else if (what === 'batch') await this.#batch(vault, operations, results);
      // A batch tells of its first refusal, and later epochs may have crashed.
      if (process.crashed) throw new CrashSignal();
      this.#model = models.at(-1)!;
    } catch (error) {
      if (!(error instanceof CrashSignal)) throw error;
      this.#writers[writer] = undefined;
      this.#model = await this.#heldOf(models);
    }
  }

  async finish(): Promise<void> {
    const vault = await open(this.#tables);
    await checkVault(this.#tables, this.#model);
    for (const [key, value] of this.#model) expect(await vault.get(key)).toEqual(Uint8Array.from(value));
    expect(vault.stats().records).toBe(this.#model.size);
  }

  #loaded(): Model {
    const room = this.#sizes.capacity - this.#model.size;
    const more = new Map(this.#model);
    for (let number = 0; number < Math.min(2, room); number++)
      more.set(`loaded ${number}`, Uint8Array.of(number));
    return more;
  }

  /** Opening, and finishing what was cut off, may crash as well. */
  async #open(writer: 0 | 1, crash: Step['crash']) {
    const known = this.#writers[writer];
    if (known !== undefined) return known;
    const process = new FaultyProcess();
    if (crash !== undefined) process.crashAt(crash.call, crash.moment);
    const opened = { vault: await open(this.#tables, { process }), process };
    this.#writers[writer] = opened;
    return opened;
  }

  async #single(vault: Vault, operation: VaultOperation, result: VaultOperationResult | 'VAULT_FULL') {
    if (result === 'VAULT_FULL') await expectRefusal(single(vault, operation));
    else expect(await single(vault, operation)).toEqual(told(operation, result));
  }

  async #batch(
    vault: Vault,
    operations: readonly VaultOperation[],
    results: readonly (VaultOperationResult | 'VAULT_FULL')[],
  ) {
    if (results.includes('VAULT_FULL')) await expectRefusal(vault.batch(operations));
    else expect(await vault.batch(operations)).toEqual(results);
  }

  /** @returns the one of these models that the tables hold */
  async #heldOf(models: readonly Model[]): Promise<Model> {
    let failure: unknown;
    for (const model of models) {
      try {
        await checkVault(this.#tables, model);
        return model;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

async function expectRefusal(call: Promise<unknown>): Promise<void> {
  const outcome = await call.then(
    () => 'no refusal',
    (error: unknown) => error,
  );
  if (outcome instanceof CrashSignal) throw outcome;
  expect(outcome instanceof OramError && outcome.code).toBe('VAULT_FULL');
}

async function runAll(sizes: TreeSizes, steps: readonly Step[]): Promise<void> {
  const { tables } = await newVault(sizes);
  const run = new Run(tables, sizes);
  for (const step of steps) await run.step(step);
  await run.finish();
}

describe('a vault does what a Map does', () => {
  test.each(SHAPES)('without crashes, two writers in turn: %o', async (sizes) => {
    await fc.assert(
      fc.asyncProperty(stepsFor(sizes, false), (steps) => runAll(sizes, steps)),
      { numRuns: 4, endOnFailure: true },
    );
  });

  test.each(SHAPES)('with crashes at any call: %o', async (sizes) => {
    await fc.assert(
      fc.asyncProperty(stepsFor(sizes, true), (steps) => runAll(sizes, steps)),
      { numRuns: 8, endOnFailure: true },
    );
  });
});
