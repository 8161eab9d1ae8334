/**
 * The shape of a tournament: how many entries meet in groups of what size at each level, and how the index
 * of a group's best is written down on the way.
 *
 * Candidates are cut into consecutive runs of the first group size; the bests of the runs, in order, are the
 * entries of the next level, and so on until one is left. Consecutive runs keep the order of candidates, and
 * with it the tie rule, at every level. The last group of a level is filled up with constants that lose to
 * every real candidate.
 *
 * Index bits: as long as runs are powers of two, an entry's index within its run is enough, and each level adds
 * its own digits on top. At the first level that breaks this (unless it is the last) the digits count from the
 * first candidate of all, so that from there on the whole index is carried and nothing ever needs an adder.
 */

import { MpcError } from '../errors.ts';

/** Which value is the price: the winner's own, or the runner-up's. */
export type PriceRule = 'best' | 'second';

export interface ArgBestShape {
  readonly candidates: number;
  /** Bits of a value. */
  readonly bits: number;
  readonly price: PriceRule;
  /** Group size of each level, first level first, each at least 2; empty for a single candidate. */
  readonly groups: readonly number[];
}

export interface Level {
  readonly entries: number;
  /** Members of a group. */
  readonly size: number;
  /** ceil(entries / size). */
  readonly groups: number;
  readonly first: boolean;
  readonly last: boolean;
  /** Index bits that an entry brings along, and that the best of a group takes on. */
  readonly carriedBits: number;
  readonly indexBits: number;
  /** The digits added here count from the first candidate of all, not from the first of the group. */
  readonly absolute: boolean;
}

/** Lanes of a winner's index: ceil(log2 candidates), at least 1. */
export function indexBitsOf(candidates: number): number {
  return Math.max(1, ceilLog2(candidates));
}

/** The least e with 2^e >= value, for 1 <= value <= 2^31; no floating-point logarithm is involved. */
export function ceilLog2(value: number): number {
  return value <= 1 ? 0 : 32 - Math.clz32(value - 1);
}

/** For 1 <= value <= 2^31. */
export function isPowerOfTwo(value: number): boolean {
  return 2 ** ceilLog2(value) === value;
}

/** @param run candidates behind one entry of this level: the product of the earlier group sizes */
export function levelAt(candidates: number, run: number, size: number): Level {
  const entries = Math.ceil(candidates / run);
  const groups = Math.ceil(entries / size);
  const last = groups === 1;
  const whole = indexBitsOf(candidates);
  const aligned = isPowerOfTwo(run);
  const stays = aligned && isPowerOfTwo(size) && !last;
  return {
    entries,
    size,
    groups,
    first: run === 1,
    last,
    carriedBits: aligned ? ceilLog2(run) : whole,
    indexBits: stays ? ceilLog2(run * size) : whole,
    absolute: aligned && !stays && !last,
  };
}

/**
 * @throws MpcError CIRCUIT_INVALID when the groups do not reduce the candidates to exactly one, or a price
 * from the second of fewer than two candidates is asked for
 */
export function levelsOf({ candidates, price, groups }: ArgBestShape): Level[] {
  if (!Number.isSafeInteger(candidates) || candidates < (price === 'second' ? 2 : 1)) {
    throw new MpcError('CIRCUIT_INVALID', 'too few candidates for this price', { candidates, price });
  }
  const levels: Level[] = [];
  let run = 1;
  for (const size of groups) {
    if (!Number.isSafeInteger(size) || size < 2 || run >= candidates) {
      throw new MpcError(
        'CIRCUIT_INVALID',
        'a group has two members or more, and a level two entries or more',
        {
          candidates,
          size,
        },
      );
    }
    levels.push(levelAt(candidates, run, size));
    run *= size;
  }
  if (run < candidates) {
    throw new MpcError('CIRCUIT_INVALID', 'the groups leave more than one candidate', { candidates, run });
  }
  return levels;
}
