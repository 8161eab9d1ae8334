/**
 * Buckets as items of the tree table: sealing those that are written in one call, and opening what was read.
 *
 * All that are sealed for one call lie in one piece of memory, and it is given back as soon as the call is over: left to
 * the garbage collector, the ciphertexts of a large vault's accesses bring on collections of its whole heap.
 */

import { encodeBucket } from './bucket.ts';
import { OramError } from './errors.ts';
import type { PoolBlock } from './pool.ts';
import { freeAtOnce, type Sealer } from './sealing.ts';
import { bucketBytes, SEAL_BYTES } from './sizes.ts';
import type { Item, ItemKey } from './stores/store.ts';
import type { BucketPlace } from './tree-geometry.ts';

export function bucketKey(sealer: Sealer, { index }: { readonly index: number }, sort: '0' | '1'): ItemKey {
  return { partition: sealer.partition('bucket', index), sort };
}

export class SealedBuckets {
  readonly items: Item[] = [];
  readonly #sealer: Sealer;
  readonly #blockBytes: number;
  readonly #version: number;
  /** One for all of them: each is sealed at once. */
  readonly #plain: Uint8Array;
  readonly #sealed: Uint8Array;

  /** @param count buckets at most */
  constructor(sealer: Sealer, blockBytes: number, version: number, count: number) {
    this.#sealer = sealer;
    this.#blockBytes = blockBytes;
    this.#version = version;
    this.#plain = new Uint8Array(bucketBytes(blockBytes));
    this.#sealed = new Uint8Array(count * (this.#plain.length + SEAL_BYTES));
  }

  /** @param blocks their contents are copied */
  add(place: BucketPlace, sort: '0' | '1', blocks: readonly PoolBlock[]): void {
    const plain = encodeBucket(blocks, this.#blockBytes, this.#plain);
    const start = this.items.length * (this.#plain.length + SEAL_BYTES);
    const sealed = this.#sealed.subarray(start, start + plain.length + SEAL_BYTES);
    this.#sealer.seal('bucket', place.index, this.#version, plain, sealed);
    this.items.push({ key: bucketKey(this.#sealer, place, sort), version: this.#version, bytes: sealed });
  }

  /** Once every call that was handed the items is over; they are empty from then on. */
  free(): void {
    freeAtOnce(this.#plain);
    freeAtOnce(this.#sealed);
  }
}

/** @throws OramError BUCKET_MISSING, BUCKET_STALE, BUCKET_FORGED */
export function openBucket(
  sealer: Sealer,
  { index, level }: BucketPlace,
  version: number,
  item: { readonly version: number; readonly bytes: Uint8Array } | undefined,
): Uint8Array {
  const facts = { bucket: index, level };
  if (item === undefined) {
    throw new OramError(
      'BUCKET_MISSING',
      `the tree table lost a bucket of level ${level}; restore the table`,
      facts,
    );
  }
  if (item.version !== version) {
    const detail = `the tree table holds another version of a bucket of level ${level} than was written last`;
    throw new OramError('BUCKET_STALE', detail, facts);
  }
  const plain = sealer.open('bucket', index, version, item.bytes);
  if (plain === undefined) {
    throw new OramError('BUCKET_FORGED', `a bucket of level ${level} did not authenticate`, facts);
  }
  return plain;
}
