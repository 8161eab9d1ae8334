/**
 * Two tables in memory and processes that come and go on them, for tests of vaults of layout `tree`.
 *
 * `checkVault` compares everything a vault must keep with a plain Map: every record once, in the bucket or the pool where
 * the position map says, within the pool's bound, and readable.
 */

import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { decodeBucket } from '../../oram/bucket.ts';
import { HeadStore } from '../../oram/head-store.ts';
import { createVault, openVault, type VaultOptions } from '../../oram/open-vault.ts';
import { chooseParameters, poolCapacity, type VaultParameters } from '../../oram/parameters.ts';
import { type OpenedState, readState } from '../../oram/read-state.ts';
import { readRecord } from '../../oram/record-content.ts';
import { RecordKeys } from '../../oram/record-keys.ts';
import { bucketKey, openBucket } from '../../oram/sealed-buckets.ts';
import { createMemoryStore, type MemoryStore } from '../../oram/stores/memory.ts';
import { type TraceEntry, tracing } from '../../oram/stores/tracing.ts';
import type { BucketPlace } from '../../oram/tree-geometry.ts';
import type { Vault, VaultOperation, VaultOperationResult } from '../../oram/vault.ts';
import { VirtualClock } from '../adversary/virtual-clock.ts';
import type { FaultyProcess } from './stores/fault-store.ts';

export const KEY = createSecretKey(randomBytes(32));
export const NAME = 'records';

export interface Tables {
  readonly tree: MemoryStore;
  readonly state: MemoryStore;
}

export interface Opening {
  readonly process?: FaultyProcess;
  readonly clock?: VirtualClock;
  readonly patienceMs?: number;
  readonly trace?: TraceEntry[];
  readonly key?: KeyObject;
  readonly name?: string;
  readonly random?: (bytes: number) => Uint8Array;
}

export interface TreeSizes {
  readonly capacity: number;
  readonly blockBytes?: number;
  readonly blocksPerRecord?: number;
  readonly cachedLevels?: number;
  readonly checkpointOperations?: number;
}

export function treeParameters(sizes: TreeSizes): VaultParameters {
  const {
    capacity,
    blockBytes = 16,
    blocksPerRecord = 1,
    cachedLevels = 0,
    checkpointOperations = 3,
  } = sizes;
  const chosen = chooseParameters({
    records: capacity,
    blockBytes,
    blocksPerRecord,
    cachedLevels,
    layout: 'tree',
  });
  return { ...chosen, checkpointOperations };
}

export function newTables(): Tables {
  return { tree: createMemoryStore(), state: createMemoryStore() };
}

export function copyOf({ tree, state }: Tables): Tables {
  return { tree: tree.copy(), state: state.copy() };
}

export function optionsFor(tables: Tables, opening: Opening = {}): VaultOptions {
  const { process, clock = new VirtualClock(), patienceMs = 0, trace, key = KEY } = opening;
  const { name = NAME, random = randomBytes } = opening;
  const attach = (store: MemoryStore, table: string) => {
    const traced = trace === undefined ? store : tracing(store, (entry) => trace.push(entry));
    return process === undefined ? traced : process.attach(traced, table);
  };
  const tree = attach(tables.tree, 'tree');
  const state = attach(tables.state, 'state');
  return { name, key, tree, state, clock, random, patienceMs };
}

export function open(tables: Tables, opening?: Opening): Promise<Vault> {
  return openVault(optionsFor(tables, opening));
}

export async function newVault(
  sizes: TreeSizes,
  opening?: Opening,
): Promise<{ tables: Tables; vault: Vault }> {
  const tables = newTables();
  return { tables, vault: await createVault(optionsFor(tables, opening), treeParameters(sizes)) };
}

/** Uniform bytes that follow from a seed. */
export function seededBytes(seed: string): (bytes: number) => Uint8Array {
  let counter = 0;
  return (count) => {
    const parts: Buffer[] = [];
    for (let length = 0; length < count; length += 32) {
      parts.push(createHash('sha256').update(`${seed} ${counter}`).digest());
      counter += 1;
    }
    return new Uint8Array(Buffer.concat(parts).subarray(0, count));
  };
}

export const text = (value: string) => new TextEncoder().encode(value);

/** What a plain map says to an operation. */
export function onMap(model: Map<string, Uint8Array>, operation: VaultOperation): VaultOperationResult {
  if (operation.kind === 'dummy') return { found: false, value: undefined };
  const value = model.get(operation.key);
  if (operation.kind === 'put') model.set(operation.key, operation.value);
  if (operation.kind === 'delete') model.delete(operation.key);
  return { found: value !== undefined, value };
}

export interface Inspected {
  readonly opened: OpenedState;
  /** Value by fingerprint of the record's key. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly keys: RecordKeys;
}

/** Reads everything that is committed, past the vault, and checks what must always hold. */
export async function inspect(tables: Tables, key: KeyObject = KEY): Promise<Inspected> {
  const options = optionsFor(tables, { key });
  const { head, sealer } = await new HeadStore(options).read();
  const { parameters } = head.body;
  const opened = await readState(options.state, head, sealer);
  const { state } = opened;
  const contents = new Map<number, Uint8Array>();
  const add = (block: number, content: Uint8Array) => {
    expect(contents.has(block), `block ${block} is there once`).toBe(false);
    contents.set(block, content);
  };
  for (const place of placesOf(opened)) {
    const [item] = await tables.tree.read([bucketKey(sealer, place, state.versions.slot(place.index))]);
    const plain = openBucket(sealer, place, state.versions.version(place.index), item);
    // Checks that each block's leaf is below the bucket.
    for (const { block, content } of decodeBucket(plain, parameters.blockBytes, place, state))
      add(block, content);
  }
  for (const { block, leaf, content } of state.pool.blocks()) {
    expect(leaf).toBe(state.positions.leafOf(block));
    add(block, content);
  }
  expect(state.pool.size).toBeLessThanOrEqual(poolCapacity(parameters));
  const values = new Map<string, Uint8Array>();
  let used = 0;
  for (let record = 0; record < parameters.capacity; record++) {
    const low = state.positions.low[record]!;
    const high = state.positions.high[record]!;
    if (low === 0 && high === 0) continue;
    const parts = Array.from({ length: parameters.blocksPerRecord }, (_, part) => {
      const content = contents.get(record * parameters.blocksPerRecord + part);
      if (content === undefined) throw new Error(`part ${part} of record ${record} is lost`);
      return content;
    });
    values.set(`${low}.${high}`, readRecord(parts, parameters).value);
    used += parts.length;
  }
  expect(contents.size).toBe(used);
  expect(values.size).toBe(state.positions.records);
  return { opened, values, keys: new RecordKeys(head.body.digestKey) };
}

/** @throws where the tables do not hold exactly these records */
export async function checkVault(
  tables: Tables,
  expected: ReadonlyMap<string, Uint8Array>,
  key?: KeyObject,
): Promise<void> {
  const { values, keys } = await inspect(tables, key);
  const named = [...expected].map(([name, value]): [string, Uint8Array] => {
    const { low, high } = keys.digest(name);
    return [`${low}.${high}`, Uint8Array.from(value)];
  });
  expect(new Map([...values].map(([name, value]) => [name, Uint8Array.from(value)]))).toEqual(new Map(named));
}

export function placesOf({ state: { geometry } }: OpenedState): BucketPlace[] {
  const places: BucketPlace[] = [];
  for (let level = geometry.cachedLevels; level < geometry.levels; level++) {
    for (let position = 0; position < 2 ** level; position++) places.push(geometry.place(level, position));
  }
  return places;
}
