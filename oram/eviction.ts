/**
 * Which blocks go into which bucket when the paths of an epoch are written back: Path ORAM's eviction
 * (Stefanov et al., CCS 2013, figure 1, lines 10 to 15) for one path or the union of several, deepest buckets first.
 *
 * One rule is added: a bucket takes blocks that came from the paths before blocks from the pool. Then every block that
 * was read from a bucket and not accessed finds a place again, so the only blocks that can newly enter the pool are the
 * accessed ones, and logging those makes the pool durable. Proof: suppose a block is left over above the union. Let C be
 * the buckets that are connected with its topmost bucket through buckets that path blocks filled; the left-over block
 * and all those in C number more than 4 |C|, so one of them was read from a bucket u outside C. Between C and u lies a
 * bucket that path blocks did not fill, though this block may lie in it and was waiting when it was filled:
 * a contradiction. How many blocks a bucket receives is not changed by the rule, only which.
 */

import { OramError } from './errors.ts';
import type { BlockId, BucketIndex, Leaf } from './ids.ts';
import { BUCKET_SIZE } from './parameters.ts';
import { type Pool, type PoolBlock, takeEligible } from './pool.ts';
import type { BucketPlace, TreeGeometry } from './tree-geometry.ts';

export interface EvictionInput {
  readonly geometry: TreeGeometry;
  readonly pool: Pool;
  /** In the order of `TreeGeometry.union`. */
  readonly places: readonly BucketPlace[];
  /** What was read from each of them. */
  readonly read: ReadonlyMap<BucketIndex, readonly PoolBlock[]>;
  /** Accessed blocks, with the leaf they had: they leave path and pool. */
  readonly accessed: ReadonlyMap<BlockId, Leaf>;
  /** Those of them that stay in the vault, with their new leaves, in the order of the accesses. */
  readonly kept: readonly PoolBlock[];
}

export interface Eviction {
  /** At most BUCKET_SIZE blocks for each place, in the order of the places. */
  readonly buckets: readonly (readonly PoolBlock[])[];
  /** How many of them came from the pool. */
  readonly taken: Uint8Array;
  /** Blocks in the pool afterwards. */
  readonly poolSize: number;
}

/** Leaves the pool as it is: `ClientState.apply` repeats the same takes once the epoch is committed. */
export function planEviction(input: EvictionInput): Eviction {
  const { geometry, pool, places, read, accessed, kept } = input;
  const subtrees = new Map<number, PoolBlock[]>();
  const subtree = (index: number): PoolBlock[] => {
    const known = subtrees.get(index);
    if (known !== undefined) return known;
    const copy = [...pool.subtree(index)];
    subtrees.set(index, copy);
    return copy;
  };
  let poolSize = pool.size;
  for (const [block, leaf] of accessed) {
    const entries = subtree(geometry.subtreeOf(leaf));
    const place = entries.findIndex((entry) => entry.block === block);
    if (place < 0) continue;
    entries.splice(place, 1);
    poolSize -= 1;
  }
  for (const entry of kept) subtree(geometry.subtreeOf(entry.leaf)).push(entry);
  poolSize += kept.length;

  const waiting = new Map<BucketIndex, PoolBlock[]>();
  for (const blocks of read.values()) {
    for (const entry of blocks) {
      if (!accessed.has(entry.block)) queueAtDeepest(waiting, read, geometry, entry);
    }
  }
  const taken = new Uint8Array(places.length);
  const buckets = places.map((place, index) => {
    const fromPath = waiting.get(place.index) ?? [];
    const blocks = fromPath.slice(0, BUCKET_SIZE);
    if (fromPath.length > BUCKET_SIZE) passUp(waiting, geometry, place, fromPath.slice(BUCKET_SIZE));
    const fromPool = takeEligible(
      geometry,
      subtree(geometry.subtreeOfBucket(place)),
      place,
      BUCKET_SIZE - blocks.length,
    );
    taken[index] = fromPool.length;
    poolSize -= fromPool.length;
    return blocks.length === 0 ? fromPool : [...blocks, ...fromPool];
  });
  return { buckets, taken, poolSize };
}

function queueAtDeepest(
  waiting: Map<BucketIndex, PoolBlock[]>,
  read: ReadonlyMap<BucketIndex, readonly PoolBlock[]>,
  geometry: TreeGeometry,
  entry: PoolBlock,
): void {
  for (let level = geometry.levels - 1; level >= geometry.cachedLevels; level--) {
    const index = geometry.indexOnPath(level, entry.leaf);
    if (!read.has(index)) continue;
    const queue = waiting.get(index);
    if (queue === undefined) waiting.set(index, [entry]);
    else queue.push(entry);
    return;
  }
}

function passUp(
  waiting: Map<BucketIndex, PoolBlock[]>,
  geometry: TreeGeometry,
  { level }: BucketPlace,
  blocks: readonly PoolBlock[],
): void {
  const [first] = blocks;
  if (first === undefined) return;
  if (level === geometry.cachedLevels) {
    throw new OramError(
      'BUCKET_MALFORMED',
      'the buckets read hold more blocks than fit; the tree was altered',
    );
  }
  const index = geometry.indexOnPath(level - 1, first.leaf);
  const queue = waiting.get(index);
  if (queue === undefined) waiting.set(index, [...blocks]);
  else queue.push(...blocks);
}
