/**
 * The blocks that the client holds: the stash of Path ORAM and the top levels of its tree, as one pool.
 *
 * Holding the top t levels at the client ("tree-top caching") changes nothing that is seen of the others: their
 * paths are read and written as before. Here these levels are no buckets but only a bound: a block whose leaf lies
 * in a subtree below them may be anywhere above, so the pool keeps it with that subtree. The levels below evolve exactly
 * as in the paper: what may go below level t on a path lies, in the paper, in the stash or in a top bucket on that very
 * path, so it is a candidate there as here. Hence the pool holds just the blocks that the paper's top buckets and stash
 * hold together, and exceeds 4 (2^t - 1) + R only if the paper's stash exceeds R (Stefanov et al., JACM 2018,
 * section 5, for the probability of that).
 *
 * `stash` counts the blocks beyond what the cached buckets could hold. With no cached level it is the paper's stash; with
 * some it is at most that, since here a block may be thought of in any top bucket on its way, not only one just read.
 *
 * The order within a subtree is part of the state: live accesses and replayed ones take blocks in the same order.
 */

import type { BlockId, Leaf } from './ids.ts';
import { BUCKET_SIZE } from './parameters.ts';
import type { BucketPlace, TreeGeometry } from './tree-geometry.ts';

export interface PoolBlock {
  readonly block: BlockId;
  readonly leaf: Leaf;
  /** Never changed in place. */
  readonly content: Uint8Array;
}

export class Pool {
  readonly #geometry: TreeGeometry;
  readonly #subtrees: PoolBlock[][];
  /** Heap order: node 1 is the root, 2^t + i counts the blocks of subtree i; inner nodes hold what passes upwards. */
  readonly #overflow: Int32Array;
  #size = 0;

  constructor(geometry: TreeGeometry) {
    this.#geometry = geometry;
    const subtrees = 2 ** geometry.cachedLevels;
    this.#subtrees = Array.from({ length: subtrees }, () => []);
    this.#overflow = new Int32Array(2 * subtrees);
  }

  get size(): number {
    return this.#size;
  }

  /** Blocks beyond what the cached buckets would hold. */
  get stash(): number {
    return this.#overflow[1] ?? 0;
  }

  /** Oldest first. */
  subtree(index: number): readonly PoolBlock[] {
    return this.#subtrees[index] ?? [];
  }

  add(entry: PoolBlock): void {
    const index = this.#geometry.subtreeOf(entry.leaf);
    this.#subtrees[index]?.push(entry);
    this.#recount(index, 1);
  }

  /** @returns what was removed; undefined where the pool does not hold the block */
  remove(block: BlockId, leaf: Leaf): PoolBlock | undefined {
    const index = this.#geometry.subtreeOf(leaf);
    const entries = this.#subtrees[index] ?? [];
    const place = entries.findIndex((entry) => entry.block === block);
    if (place < 0) return undefined;
    this.#recount(index, -1);
    return entries.splice(place, 1)[0];
  }

  find(block: BlockId, leaf: Leaf): PoolBlock | undefined {
    return this.subtree(this.#geometry.subtreeOf(leaf)).find((entry) => entry.block === block);
  }

  /** Removes the oldest `count` blocks that may lie in the bucket. */
  take(place: BucketPlace, count: number): PoolBlock[] {
    const index = this.#geometry.subtreeOfBucket(place);
    const taken = takeEligible(this.#geometry, this.#subtrees[index] ?? [], place, count);
    this.#recount(index, -taken.length);
    return taken;
  }

  *blocks(): Generator<PoolBlock> {
    for (const entries of this.#subtrees) yield* entries;
  }

  #recount(subtree: number, change: number): void {
    if (change === 0) return;
    this.#size += change;
    const counts = this.#overflow;
    let node = this.#subtrees.length + subtree;
    counts[node] = (counts[node] ?? 0) + change;
    for (node >>>= 1; node >= 1; node >>>= 1) {
      counts[node] = Math.max(0, (counts[2 * node] ?? 0) + (counts[2 * node + 1] ?? 0) - BUCKET_SIZE);
    }
  }
}

/** Moves the first `count` entries that may lie in the bucket out of `entries`, keeping the order of both. */
export function takeEligible(
  geometry: TreeGeometry,
  entries: PoolBlock[],
  place: BucketPlace,
  count: number,
): PoolBlock[] {
  const taken: PoolBlock[] = [];
  for (let index = 0; index < entries.length && taken.length < count; ) {
    const entry = entries[index];
    if (entry !== undefined && geometry.onPath(place, entry.leaf)) {
      taken.push(entry);
      entries.splice(index, 1);
    } else {
      index += 1;
    }
  }
  return taken;
}
