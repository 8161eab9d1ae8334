/**
 * The version that each bucket was last written in, and in which of its two slots: freshness, 4 bytes a bucket.
 *
 * A bucket alternates between two keys. The slot that is not current holds the version before it, or what an
 * unfinished access left; the next write goes there. So the last committed version is never overwritten before its
 * successor is committed, nothing ever needs to be deleted, and a table holds at most twice the tree. With unique keys
 * for each version instead, old ones need a TTL set when they are written, which loses the tree of an idle
 * vault, or a second write for each bucket, which doubles the cost.
 *
 * Every write is conditional on the slot holding no later version, and a version number belongs to the one writer who
 * won it on the head (compare-and-swap). So a writer that was paused may, when it wakes up, overwrite only what is
 * older than its own attempt: the slot it aims at was not current then; if it has been written since, it holds a later
 * version and the put is refused.
 *
 * Against a table that answers with old data: an item must have exactly the version noted here.
 */

import type { BucketIndex } from './ids.ts';
import type { TreeGeometry } from './tree-geometry.ts';

/** Versions have 31 bits: the slot takes one. Two versions an epoch: a thousand million accesses. */
export const MAX_VERSION = 2 ** 31 - 1;

export class VersionMap {
  readonly #firstBucket: number;
  /** Twice the version, plus the slot. */
  readonly entries: Uint32Array;

  constructor(geometry: TreeGeometry) {
    this.#firstBucket = geometry.firstBucket;
    this.entries = new Uint32Array(geometry.bucketCount);
  }

  version(bucket: BucketIndex): number {
    return (this.entries[bucket - this.#firstBucket] ?? 0) >>> 1;
  }

  /** Sort key of the slot that holds the current version. */
  slot(bucket: BucketIndex): '0' | '1' {
    return ((this.entries[bucket - this.#firstBucket] ?? 0) & 1) === 0 ? '0' : '1';
  }

  /** Sort key of the slot that the next version goes to. */
  nextSlot(bucket: BucketIndex): '0' | '1' {
    return this.slot(bucket) === '0' ? '1' : '0';
  }

  /** The bucket was written for the first time, to slot 0. */
  begin(bucket: BucketIndex, version: number): void {
    this.entries[bucket - this.#firstBucket] = (version << 1) >>> 0;
  }

  /** The bucket was written to its other slot. */
  advance(bucket: BucketIndex, version: number): void {
    const place = bucket - this.#firstBucket;
    this.entries[place] = ((version << 1) | (((this.entries[place] ?? 0) & 1) ^ 1)) >>> 0;
  }
}
