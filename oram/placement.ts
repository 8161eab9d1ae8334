/**
 * Placing all blocks of a vault at once: each at a fresh uniform leaf, as deep on its path as there is room.
 *
 * The result is what Path ORAM's eviction would reach if every path were written at once, so the pool starts nearly
 * empty. Which blocks share a bucket follows from the fresh leaves alone.
 */

import type { ClientState } from './client-state.ts';
import { type BlockId, NO_ID, toBlockId } from './ids.ts';
import { BUCKET_SIZE } from './parameters.ts';

export interface Placement {
  /** BUCKET_SIZE identifiers for each bucket of the table, in level order; NO_ID where a slot is empty. */
  readonly buckets: Uint32Array;
  /** Blocks that found no room below the cached levels. */
  readonly pool: readonly BlockId[];
}

/** @param blocks all blocks in use; their leaves are in the position map */
export function placeBlocks(state: ClientState, blocks: Uint32Array): Placement {
  const { geometry, positions } = state;
  const buckets = new Uint32Array(geometry.bucketCount * BUCKET_SIZE).fill(NO_ID);
  let waiting = blocks
    .slice()
    .sort((left, right) => (positions.leaves[left] ?? 0) - (positions.leaves[right] ?? 0));
  for (let level = geometry.levels - 1; level >= geometry.cachedLevels; level--) {
    const shift = geometry.levels - 1 - level;
    const firstSlot = (2 ** level - 1 - geometry.firstBucket) * BUCKET_SIZE;
    let left = 0;
    let position = -1;
    let filled = 0;
    for (const block of waiting) {
      const here = (positions.leaves[block] ?? 0) >>> shift;
      if (here !== position) {
        position = here;
        filled = 0;
      }
      if (filled < BUCKET_SIZE) {
        buckets[firstSlot + here * BUCKET_SIZE + filled] = block;
        filled += 1;
      } else {
        waiting[left] = block;
        left += 1;
      }
    }
    waiting = waiting.subarray(0, left);
  }
  return { buckets, pool: Array.from(waiting, toBlockId) };
}
