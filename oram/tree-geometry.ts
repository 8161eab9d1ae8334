/**
 * Where things are in the tree: a complete binary tree of `levels` levels, level 0 the root, of which the first
 * `cachedLevels` are the client's (pool.ts) and the others are buckets in the table.
 */

import { type BucketIndex, type Leaf, toBucketIndex, toLeaf } from './ids.ts';

/** A bucket of the table: its index, level and position from the left within it. */
export interface BucketPlace {
  readonly index: BucketIndex;
  readonly level: number;
  readonly position: number;
}

export class TreeGeometry {
  readonly levels: number;
  readonly cachedLevels: number;
  readonly leafCount: number;
  /** Index of the leftmost bucket in the table; all before it are the client's. */
  readonly firstBucket: number;
  /** Buckets in the table. */
  readonly bucketCount: number;

  constructor({ levels, cachedLevels }: { readonly levels: number; readonly cachedLevels: number }) {
    this.levels = levels;
    this.cachedLevels = cachedLevels;
    this.leafCount = 2 ** (levels - 1);
    this.firstBucket = 2 ** cachedLevels - 1;
    this.bucketCount = 2 ** levels - 1 - this.firstBucket;
  }

  /** Whether the path to `leaf` passes through the bucket. */
  onPath({ level, position }: { readonly level: number; readonly position: number }, leaf: Leaf): boolean {
    return leaf >>> (this.levels - 1 - level) === position;
  }

  /** Which of the 2^cachedLevels subtrees below the client's levels the leaf is in. */
  subtreeOf(leaf: Leaf): number {
    return leaf >>> (this.levels - 1 - this.cachedLevels);
  }

  /** The bucket's subtree. */
  subtreeOfBucket({ level, position }: BucketPlace): number {
    return position >>> (level - this.cachedLevels);
  }

  place(level: number, position: number): BucketPlace {
    return { index: toBucketIndex(2 ** level - 1 + position), level, position };
  }

  /** As `bucketOnPath`, the index alone. */
  indexOnPath(level: number, leaf: Leaf): BucketIndex {
    return toBucketIndex(2 ** level - 1 + (leaf >>> (this.levels - 1 - level)));
  }

  bucketOnPath(level: number, leaf: Leaf): BucketPlace {
    return this.place(level, leaf >>> (this.levels - 1 - level));
  }

  /** A leaf drawn from 32 uniform bits; uniform, since the number of leaves is a power of two. */
  leafFrom(uniform: number): Leaf {
    return toLeaf((uniform & (this.leafCount - 1)) >>> 0);
  }

  /**
   * The distinct buckets of the paths to these leaves that are in the table, deepest level first, from the left
   * within a level: the order in which eviction fills them and in which a log record counts them.
   */
  union(leaves: readonly Leaf[]): BucketPlace[] {
    const places: BucketPlace[] = [];
    for (let level = this.levels - 1; level >= this.cachedLevels; level--) {
      const shift = this.levels - 1 - level;
      const first = leaves[0];
      if (leaves.length === 1 && first !== undefined) {
        places.push(this.bucketOnPath(level, first));
        continue;
      }
      const positions = [...new Set(leaves.map((leaf) => leaf >>> shift))].sort((a, b) => a - b);
      for (const position of positions) {
        places.push(this.place(level, position));
      }
    }
    return places;
  }
}
