/**
 * Reproducible bytes for a run: a case that failed is repeated by its seed, masks, keys and mutations alike.
 */

import { createCipheriv, createSecretKey, hash } from 'node:crypto';

export type RandomBytes = (bytes: number) => Uint8Array<ArrayBuffer>;

/** AES-256-CTR under the hash of the seed. */
export function seededRandom(seed: string): RandomBytes {
  const key = createSecretKey(hash('sha256', seed, 'buffer'));
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return (bytes) => new Uint8Array(stream.update(new Uint8Array(bytes)));
}

/** 0 to bound - 1, for bounds far below 2^32; the slight bias does not matter for choosing what to attack. */
export function chooseBelow(bound: number, random: RandomBytes): number {
  return new DataView(random(4).buffer).getUint32(0) % bound;
}
