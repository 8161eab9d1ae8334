/**
 * What a vault consumes, in DynamoDB's request units: exact functions of its public parameters and of the shape of an
 * epoch. Tests hold them against what the stores count.
 *
 * Nothing else enters: not which operations, not the contents, not what was there before, since every kind of item has
 * one size (sizes.ts). Two things are left open by the shape: the distinct buckets of several random paths, whose
 * number has an exact expectation, and the log record that is replaced, since a put is charged for the larger of the old
 * and the new item.
 */

import { checkpointOfPage, pageOfCheckpoint, type StateLayout, stateLayout } from './checkpoint.ts';
import { headKey } from './head.ts';
import { EPOCH_OPERATIONS, type VaultParameters } from './parameters.ts';
import {
  bucketItemBytes,
  headBytes,
  logItemBytes,
  POOL_CHUNK_BYTES,
  scanBytes,
  sealedItemBytes,
} from './sizes.ts';
import { itemBytes, readUnits, writeUnits } from './stores/units.ts';

export interface RequestUnits {
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** DynamoDB bills the storage of an item with so much on top for its index entry. */
const STORED_ITEM_OVERHEAD_BYTES = 100;

/** Billed bytes of the head, which is the only item whose key has the vault's name. */
export function headItemBytes({ blocksPerRecord }: VaultParameters, name: string): number {
  return itemBytes(headKey(name), headBytes(blocksPerRecord));
}

export interface EpochShape {
  readonly operations: number;
  /** Distinct buckets on its paths that are in the table. */
  readonly buckets: number;
  /** Operations of the epoch whose log record it replaces, one round of the ring before; default as many. */
  readonly replacedOperations?: number;
}

/** One epoch of a tree, without a checkpoint: intent and commit, buckets, log record. */
export function treeEpochUnits(
  parameters: VaultParameters,
  name: string,
  { operations, buckets, replacedOperations = operations }: EpochShape,
): RequestUnits {
  const bucket = bucketItemBytes(parameters.blockBytes);
  const log = logItemBytes(logShape(parameters, Math.max(operations, replacedOperations)));
  return {
    readUnits: buckets * readUnits(bucket),
    writeUnits:
      2 * writeUnits(headItemBytes(parameters, name)) + buckets * writeUnits(bucket) + writeUnits(log),
  };
}

/** One access of a scanned vault, whatever it serves: claim and commit, the item read and written. */
export function scanUnits(parameters: VaultParameters, name: string): RequestUnits {
  const item = scanBytes(parameters);
  return {
    readUnits: readUnits(item),
    writeUnits: 2 * writeUnits(headItemBytes(parameters, name)) + writeUnits(item),
  };
}

/** Opening a scanned vault: its head and its item. */
export function scanOpenUnits(parameters: VaultParameters, name: string): RequestUnits {
  const items = [headItemBytes(parameters, name), scanBytes(parameters)];
  return { readUnits: sum(items.map(readUnits)), writeUnits: 0 };
}

/**
 * Distinct buckets of an epoch's paths, in the mean: each of the 2^l buckets of level l is missed by a uniform path with
 * probability 1 - 2^-l, and by all of them with that to the power of their number.
 */
export function expectedBuckets(
  { levels, cachedLevels, blocksPerRecord }: VaultParameters,
  operations: number,
): number {
  let expected = 0;
  for (let level = cachedLevels; level < levels; level++) {
    const width = 2 ** level;
    expected += width * (1 - (1 - 1 / width) ** (operations * blocksPerRecord));
  }
  return expected;
}

/**
 * What a checkpoint adds to the epoch that carries it.
 * @param number 1, 2, 3, ...: checkpoints write the pages in turn, and these have two sizes
 */
export function checkpointUnits(parameters: VaultParameters, number: number): RequestUnits {
  const layout = stateLayout(parameters);
  const items = [
    ...poolItemBytes(layout),
    sealedItemBytes(layout.segmentBytes),
    pageItemBytes(layout, pageOfCheckpoint(layout, number)),
  ];
  return { readUnits: 0, writeUnits: sum(items.map(writeUnits)) };
}

/** In the mean, over one round of the pages. */
export function expectedCheckpointUnits(parameters: VaultParameters): RequestUnits {
  const { pages } = stateLayout(parameters);
  const all = Array.from({ length: pages }, (_, page) => checkpointUnits(parameters, page + 1).writeUnits);
  return { readUnits: 0, writeUnits: sum(all) / pages };
}

export interface ColdOpenShape {
  /** Number of the last checkpoint; 0 where only the vault's making wrote one. */
  readonly checkpoint: number;
  /** Operations of each epoch since. */
  readonly epochs: readonly number[];
}

/** Opening a vault of layout `tree` on which nobody is at work. */
export function coldOpenUnits(
  parameters: VaultParameters,
  name: string,
  { checkpoint, epochs }: ColdOpenShape,
): RequestUnits {
  const layout = stateLayout(parameters);
  const pages = Array.from({ length: layout.pages }, (_, page) => page);
  const oldest = Math.min(...pages.map((page) => checkpointOfPage(layout, page, checkpoint)));
  const items = [
    headItemBytes(parameters, name),
    ...poolItemBytes(layout),
    ...pages.map((page) => pageItemBytes(layout, page)),
    ...new Array<number>(checkpoint - oldest).fill(sealedItemBytes(layout.segmentBytes)),
    ...epochs.map((operations) => logItemBytes(logShape(parameters, operations))),
  ];
  return { readUnits: sum(items.map(readUnits)), writeUnits: 0 };
}

/** Opening one whose last epoch was cut off: it is repeated, and the head looked at once more. */
export function recoveryUnits(
  parameters: VaultParameters,
  name: string,
  opening: ColdOpenShape,
  cutOff: EpochShape,
): RequestUnits {
  const open = coldOpenUnits(parameters, name, opening);
  const epoch = treeEpochUnits(parameters, name, cutOff);
  return {
    readUnits: open.readUnits + epoch.readUnits + readUnits(headItemBytes(parameters, name)),
    writeUnits: epoch.writeUnits,
  };
}

/** The most that opening takes in the long run: every page in its turn, and a checkpoint due after single accesses. */
export function largestColdOpenUnits(parameters: VaultParameters, name: string): RequestUnits {
  const epochs = new Array<number>(parameters.checkpointOperations).fill(1);
  return coldOpenUnits(parameters, name, { checkpoint: stateLayout(parameters).pages, epochs });
}

/** Both tables, once everything that has two slots or a ring has been written everywhere. */
export function storedBytes(parameters: VaultParameters, name: string): number {
  const head = headItemBytes(parameters, name);
  if (parameters.layout === 'scan') return stored([head, scanBytes(parameters), scanBytes(parameters)]);
  const layout = stateLayout(parameters);
  const bucketCount = 2 ** parameters.levels - 2 ** parameters.cachedLevels;
  const twice = [
    ...poolItemBytes(layout),
    ...Array.from({ length: layout.pages }, (_, page) => pageItemBytes(layout, page)),
  ];
  const log = logItemBytes(logShape(parameters, EPOCH_OPERATIONS));
  return (
    2 * bucketCount * stored([bucketItemBytes(parameters.blockBytes)]) +
    2 * stored(twice) +
    layout.segmentRing * stored([sealedItemBytes(layout.segmentBytes)]) +
    layout.logRing * stored([log]) +
    stored([head])
  );
}

function logShape(
  { blockBytes, blocksPerRecord, levels, cachedLevels }: VaultParameters,
  operations: number,
) {
  return { operations, blockBytes, blocksPerRecord, treeLevels: levels - cachedLevels };
}

function poolItemBytes({ poolBytes }: StateLayout): number[] {
  const items: number[] = [];
  for (let left = poolBytes; left > 0; left -= POOL_CHUNK_BYTES) {
    items.push(sealedItemBytes(Math.min(left, POOL_CHUNK_BYTES)));
  }
  return items;
}

function pageItemBytes(layout: StateLayout, page: number): number {
  return sealedItemBytes(page < layout.positionPages ? layout.positionPageBytes : layout.versionPageBytes);
}

function stored(items: readonly number[]): number {
  return sum(items) + items.length * STORED_ITEM_OVERHEAD_BYTES;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
