/**
 * A uniformly random permutation of packed triples, the same at all parties that hold the same key.
 *
 * Fisher and Yates (Knuth, TAOCP volume 2, algorithm 3.4.2 P) over one byte a triple: its six bits are gathered from the
 * planes four triples at a time, permuted, and put back. Indices are drawn without bias by multiplication and rejection
 * (Lemire, ACM TOMACS 2019) from AES-128-CTR.
 *
 * Araki et al. (S&P 2017, section 3.3) shuffle in blocks that fit the cache. A byte a triple keeps 2^20 triples in a
 * megabyte, which a second-level cache holds, so that is not done here; beyond it the permutation costs more.
 *
 * What is permuted is this party's secret, but the indices are public: no secret decides an address or a branch.
 */

import { createCipheriv, type KeyObject } from 'node:crypto';
import type { TriplePlanes } from './triple-planes.ts';

/** 30 random bits times an index below 2^23 are exact in a double. */
export const MAX_TRIPLES_PER_ARRAY = 2 ** 23;

const RANDOM_BITS = 30;
const DRAW_RANGE = 2 ** RANDOM_BITS;
const CHUNK = new Uint8Array(65_536);

/** Nibble n as four bytes, bit k of n as the lowest bit of byte k. */
const SPREAD = Int32Array.from(
  { length: 16 },
  (_, n) => (n & 1) | ((n & 2) << 7) | ((n & 4) << 14) | ((n & 8) << 21),
);

/** Permutes the triples of an array in place. */
export function shuffleTriples(planes: TriplePlanes, key: KeyObject, arrayIndex: number): void {
  const triples = gatherBytes(planes);
  permute(triples, key, arrayIndex);
  scatterBytes(triples, planes);
}

function permute(items: Uint8Array, key: KeyObject, arrayIndex: number): void {
  if (items.length > MAX_TRIPLES_PER_ARRAY) {
    throw new RangeError(`an array of triples has at most ${MAX_TRIPLES_PER_ARRAY}`);
  }
  // The upper half of the counter is the array's number: 2^64 blocks for each.
  const counter = new Uint8Array(16);
  new DataView(counter.buffer).setUint32(4, arrayIndex);
  const stream = createCipheriv('aes-128-ctr', key, counter);
  let drawn = new Uint32Array();
  let used = 0;
  for (let last = items.length - 1; last > 0; last--) {
    const bound = last + 1;
    let index = 0;
    for (;;) {
      if (used === drawn.length) {
        const bytes = stream.update(CHUNK);
        drawn = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
        used = 0;
      }
      const product = (drawn[used++]! >>> (32 - RANDOM_BITS)) * bound;
      index = (product / DRAW_RANGE) | 0;
      const low = product - index * DRAW_RANGE;
      if (low >= bound || low >= DRAW_RANGE % bound) break;
    }
    const item = items[last]!;
    items[last] = items[index]!;
    items[index] = item;
  }
}

/** One byte a triple: bits x0, x1, y0, y1, z0, z1 from the lowest. */
function gatherBytes({ x0, x1, y0, y1, z0, z1 }: TriplePlanes): Uint8Array {
  const quads = new Int32Array(x0.length * 8);
  for (let word = 0; word < x0.length; word++) {
    const a = x0[word]!;
    const b = x1[word]!;
    const c = y0[word]!;
    const d = y1[word]!;
    const e = z0[word]!;
    const f = z1[word]!;
    for (let nibble = 0; nibble < 8; nibble++) {
      const shift = nibble << 2;
      quads[(word << 3) + nibble] =
        SPREAD[(a >>> shift) & 15]! |
        (SPREAD[(b >>> shift) & 15]! << 1) |
        (SPREAD[(c >>> shift) & 15]! << 2) |
        (SPREAD[(d >>> shift) & 15]! << 3) |
        (SPREAD[(e >>> shift) & 15]! << 4) |
        (SPREAD[(f >>> shift) & 15]! << 5);
    }
  }
  return new Uint8Array(quads.buffer);
}

function scatterBytes(triples: Uint8Array, { x0, x1, y0, y1, z0, z1 }: TriplePlanes): void {
  const quads = new Int32Array(triples.buffer);
  for (let word = 0; word < x0.length; word++) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    let f = 0;
    for (let nibble = 0; nibble < 8; nibble++) {
      const quad = quads[(word << 3) + nibble]!;
      const shift = nibble << 2;
      a |= nibbleOf(quad) << shift;
      b |= nibbleOf(quad >>> 1) << shift;
      c |= nibbleOf(quad >>> 2) << shift;
      d |= nibbleOf(quad >>> 3) << shift;
      e |= nibbleOf(quad >>> 4) << shift;
      f |= nibbleOf(quad >>> 5) << shift;
    }
    x0[word] = a;
    x1[word] = b;
    y0[word] = c;
    y1[word] = d;
    z0[word] = e;
    z1[word] = f;
  }
}

/** The lowest bits of the four bytes: the multiplication moves them to bits 28 to 31, and no two sums collide. */
function nibbleOf(quad: number): number {
  return Math.imul(quad & 0x01010101, 0x10204080) >>> 28;
}
