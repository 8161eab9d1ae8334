/**
 * What a vault consumes, in DynamoDB's request units: exact functions of the public parameters and of how many distinct
 * buckets an epoch's paths have. A test holds them against what the stores count.
 *
 * Nothing else enters: not the operations, not the contents, not what was there before, since every item of a kind
 * has one size (sizes.ts). The number of distinct buckets is random only where an epoch has more than one path, and its
 * expectation is exact too.
 */

import { EPOCH_OPERATIONS, type VaultParameters } from './parameters.ts';
import { bucketItemBytes, logItemBytes, scanBytes } from './sizes.ts';
import { readUnits, writeUnits } from './stores/units.ts';

export interface RequestUnits {
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** @param shape.buckets distinct buckets on the paths of the epoch that are in the table */
export function epochUnits(
  parameters: VaultParameters,
  shape: { readonly operations: number; readonly buckets: number },
): RequestUnits {
  const { operations, buckets } = shape;
  const { blockBytes, blocksPerRecord, levels, cachedLevels } = parameters;
  const bucket = bucketItemBytes(blockBytes);
  const log = logItemBytes({ operations, blockBytes, blocksPerRecord, treeLevels: levels - cachedLevels });
  return {
    readUnits: buckets * readUnits(bucket),
    writeUnits: buckets * writeUnits(bucket) + writeUnits(log) + HEAD,
  };
}

/**
 * Distinct buckets of an epoch's paths, in the mean: each of the 2^l buckets of level l is missed by a uniform path with
 * probability 1 - 2^-l, by all of them with that to the power of their number.
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
