/**
 * A generator that can be run again: AES-256 in counter mode from a seed, as uniform as the cipher is. For tests whose
 * outcome is statistical: a printed seed repeats the run.
 */

import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** 48 bits: fits an integer, and a line of output. */
const SEED_BYTES = 6;

export class SeededRandom {
  readonly #stream: ReturnType<typeof createCipheriv>;

  /** @param purpose generators of one seed and different purposes are independent */
  constructor(seed: number, purpose = '') {
    const key = createHash('sha256').update(`${seed} ${purpose}`).digest();
    this.#stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  }

  readonly bytes = (count: number): Uint8Array =>
    new Uint8Array(this.#stream.update(Buffer.alloc(count)).subarray());

  uint32(): number {
    return this.#stream.update(Buffer.alloc(4)).readUInt32BE();
  }

  /** Uniform in 0 to 1, 1 excluded. */
  unit(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Uniform in 0 to `count` - 1; the bias is below `count` / 2^32. */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }
}

export function freshSeed(): number {
  return randomBytes(SEED_BYTES).readUIntBE(0, SEED_BYTES);
}
