/**
 * What a vault costs: request units, dollars, storage, round trips and time, from its public parameters alone, and
 * what other choices of the parameters would cost.
 *
 * Units are exact (cost-units.ts), save for the number of distinct buckets of several paths and the checkpoints, which
 * enter with their expectation and their share of an access. Dollars follow from the price table of this
 * project (mpc/prices.ts), time from published latencies (latency.ts). Of what a request costs beside the tables
 * (the function that makes it, its logs) nothing is in here.
 */

import { DYNAMODB_PRICES, WRITE_REQUEST_UNIT_BYTES } from '../mpc/prices.ts';
import {
  expectedBuckets,
  expectedCheckpointUnits,
  largestColdOpenUnits,
  type RequestUnits,
  scanOpenUnits,
  scanUnits,
  storedBytes,
  treeEpochUnits,
} from './cost-units.ts';
import { OramError } from './errors.ts';
import { SCAN_ROUND_TRIPS, scanEpochMs, TREE_ROUND_TRIPS, treeEpochMs } from './latency.ts';
import {
  BLOCK_BYTES_BOUNDS,
  chooseParameters,
  EPOCH_OPERATIONS,
  type VaultParameters,
  type VaultSizes,
} from './parameters.ts';
import { bucketItemBytes, scanBytes } from './sizes.ts';
import { writeUnits } from './stores/units.ts';

const MILLION = 1_000_000;
const NOTHING: RequestUnits = { readUnits: 0, writeUnits: 0 };
const GIGABYTE = 1024 ** 3;

/** Of one operation, in the mean. */
export interface AccessCost extends RequestUnits {
  /** One after the other, until the operation is acknowledged. */
  readonly roundTrips: number;
  readonly dollarsPerMillion: number;
  /** Until the operation is acknowledged; an estimate. */
  readonly latencyMs: number;
}

/** Where the price of a vault changes with its block size; what an item is: a bucket, or a scanned vault as a whole. */
export interface BlockEdges {
  /** The largest block size that costs what this one does. */
  readonly largestAtThisPrice: number;
  /** The largest block size whose items take fewer write units; undefined where none does. */
  readonly cheaper: number | undefined;
  /** Write units that an item of that size takes less. */
  readonly unitsLess: number;
}

export interface VaultCost {
  readonly parameters: VaultParameters;
  /** Billed bytes of a bucket, or of the one item of a scanned vault. */
  readonly itemBytes: number;
  readonly single: AccessCost;
  readonly epochOf8: AccessCost;
  /** Of one checkpoint; its share is in the costs of an access. */
  readonly checkpoint: RequestUnits;
  /** Of opening without a warm client state, just before a checkpoint is due. */
  readonly coldOpen: RequestUnits;
  /** Both tables together, once every bucket was written twice. */
  readonly storageBytes: number;
  readonly dollarsPerMonthStored: number;
  readonly blockEdges: BlockEdges;
}

/** The name enters the key of the head; costs are those of the longest one. */
const LONGEST_NAME = '.'.repeat(64);

export function costOf(parameters: VaultParameters): VaultCost {
  const scanned = parameters.layout === 'scan';
  const itemBytesOf = (blockBytes: number) =>
    scanned ? scanBytes({ ...parameters, blockBytes }) : bucketItemBytes(blockBytes);
  const storageBytes = storedBytes(parameters, LONGEST_NAME);
  return {
    parameters,
    itemBytes: itemBytesOf(parameters.blockBytes),
    single: accessCost(parameters, 1),
    epochOf8: accessCost(parameters, EPOCH_OPERATIONS),
    checkpoint: scanned ? NOTHING : expectedCheckpointUnits(parameters),
    coldOpen: scanned
      ? scanOpenUnits(parameters, LONGEST_NAME)
      : largestColdOpenUnits(parameters, LONGEST_NAME),
    storageBytes,
    dollarsPerMonthStored: (storageBytes / GIGABYTE) * DYNAMODB_PRICES.storageGigabyteMonth,
    blockEdges: blockEdges(parameters.blockBytes, itemBytesOf),
  };
}

/** One other choice, and what it would cost. */
export interface CostChoice {
  /** What is different, as a name and a number or word. */
  readonly changed: { readonly name: 'layout' | 'cachedLevels' | 'blockBytes'; readonly to: string | number };
  readonly cost: VaultCost;
}

/** Levels more or fewer in the client that are worth a look. */
const LEVELS_AROUND = 3;

/**
 * The alternatives to what `chooseParameters` takes for these sizes, each with one thing changed.
 * @throws OramError VAULT_PARAMETERS where the sizes themselves are out of bounds
 */
export function costChoices(sizes: VaultSizes): readonly CostChoice[] {
  const chosen = chooseParameters(sizes);
  const { largestAtThisPrice, cheaper } = costOf(chosen).blockEdges;
  const choices: (CostChoice | undefined)[] = [];
  const layout = chosen.layout === 'scan' ? 'tree' : 'scan';
  choices.push(choice({ name: 'layout', to: layout }, { ...sizes, layout }));
  if (chosen.layout === 'tree') {
    for (let change = -LEVELS_AROUND; change <= LEVELS_AROUND; change++) {
      const cachedLevels = chosen.cachedLevels + change;
      if (change !== 0)
        choices.push(choice({ name: 'cachedLevels', to: cachedLevels }, { ...sizes, cachedLevels }));
    }
  }
  for (const blockBytes of [cheaper, largestAtThisPrice]) {
    if (blockBytes === undefined || blockBytes === sizes.blockBytes) continue;
    choices.push(
      choice({ name: 'blockBytes', to: blockBytes }, { ...sizes, blockBytes, layout: chosen.layout }),
    );
  }
  return choices.filter((found) => found !== undefined);
}

/** Undefined where such a vault is out of bounds. */
function choice(changed: CostChoice['changed'], sizes: VaultSizes): CostChoice | undefined {
  try {
    return { changed, cost: costOf(chooseParameters(sizes)) };
  } catch (error) {
    if (error instanceof OramError && error.code === 'VAULT_PARAMETERS') return undefined;
    throw error;
  }
}

/** Of one of the `operations` that an epoch serves. */
function accessCost(parameters: VaultParameters, operations: number): AccessCost {
  const scanned = parameters.layout === 'scan';
  const buckets = scanned ? 0 : expectedBuckets(parameters, operations);
  const epoch = scanned
    ? scanUnits(parameters, LONGEST_NAME)
    : treeEpochUnits(parameters, LONGEST_NAME, { operations, buckets });
  const checkpoint = scanned ? NOTHING : expectedCheckpointUnits(parameters);
  // A checkpoint is due after so many operations, and made with the epoch that follows.
  const between = operations * Math.ceil(parameters.checkpointOperations / operations);
  const units = {
    readUnits: epoch.readUnits / operations + checkpoint.readUnits / between,
    writeUnits: epoch.writeUnits / operations + checkpoint.writeUnits / between,
  };
  return {
    ...units,
    roundTrips: scanned ? SCAN_ROUND_TRIPS : TREE_ROUND_TRIPS,
    dollarsPerMillion:
      MILLION *
      (units.readUnits * DYNAMODB_PRICES.readRequestUnit +
        units.writeUnits * DYNAMODB_PRICES.writeRequestUnit),
    latencyMs: scanned ? scanEpochMs() : treeEpochMs(Math.round(buckets) + 1),
  };
}

function blockEdges(blockBytes: number, itemBytesOf: (blockBytes: number) => number): BlockEdges {
  const unitsOf = (bytes: number) => writeUnits(itemBytesOf(bytes));
  const units = unitsOf(blockBytes);
  /** Largest block size within the bounds whose items take at most so many write units; item sizes are linear in it. */
  const largestWithin = (most: number) => {
    const fixed = itemBytesOf(0);
    return Math.floor((most * WRITE_REQUEST_UNIT_BYTES - fixed) / (itemBytesOf(1) - fixed));
  };
  const cheaper = largestWithin(units - 1);
  const possible = units > 1 && cheaper >= BLOCK_BYTES_BOUNDS.min;
  return {
    largestAtThisPrice: Math.min(BLOCK_BYTES_BOUNDS.max, largestWithin(units)),
    cheaper: possible ? cheaper : undefined,
    unitsLess: possible ? units - unitsOf(cheaper) : 0,
  };
}
