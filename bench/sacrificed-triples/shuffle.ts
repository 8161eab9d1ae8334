/**
 * A uniformly random permutation of packed triples, the same at all parties that hold the same key.
 *
 * Fisher and Yates (Knuth, TAOCP volume 2, algorithm 3.4.2 P). Indices are drawn without bias by multiplication and
 * rejection (Lemire, ACM TOMACS 2019) from AES-128-CTR. What moves is a single triple, as a byte of six bits that is
 * gathered from the planes and put back, or a word of 32 triples; buckets.ts has what the two are worth.
 *
 * Araki et al. (S&P 2017) shuffle single triples in blocks that fit the cache, and then blocks. A byte a triple keeps
 * 2^20 triples in a megabyte, which a second-level cache holds, so that is not done here.
 *
 * What is permuted is this party's secret, but the indices are public: no secret decides an address or a branch.
 */

import { createCipheriv, type KeyObject } from 'node:crypto';
import type { TriplePlanes } from './triple-planes.ts';

/** 30 random bits times an index below 2^23 are exact in a double. */
export const MAX_SHUFFLED_UNITS = 2 ** 23;

const RANDOM_BITS = 30;
const DRAW_RANGE = 2 ** RANDOM_BITS;
const CHUNK = new Uint8Array(65_536);

/** Nibble n as four bytes, bit k of n as the lowest bit of byte k. */
const SPREAD = Int32Array.from(
  { length: 16 },
  (_, n) => (n & 1) | ((n & 2) << 7) | ((n & 4) << 14) | ((n & 8) << 21),
);

/** Permutes the triples of an array in place, one by one. */
export function shuffleTriples(planes: TriplePlanes, key: KeyObject, arrayIndex: number): void {
  const triples = gatherBytes(planes);
  const partners = drawPartners(key, arrayIndex, triples.length);
  for (let last = triples.length - 1; last > 0; last--) {
    const index = partners[last]!;
    const triple = triples[last]!;
    triples[last] = triples[index]!;
    triples[index] = triple;
  }
  scatterBytes(triples, planes);
}

/** Permutes the words of an array in place: 32 triples move as one. */
export function shuffleWords(planes: TriplePlanes, key: KeyObject, arrayIndex: number): void {
  const partners = drawPartners(key, arrayIndex, planes.x0.length);
  for (const plane of [planes.x0, planes.x1, planes.y0, planes.y1, planes.z0, planes.z1]) {
    for (let last = plane.length - 1; last > 0; last--) {
      const index = partners[last]!;
      const word = plane[last]!;
      plane[last] = plane[index]!;
      plane[index] = word;
    }
  }
}

/** With whom each position changes places, from the last one down: uniform among itself and those before it. */
function drawPartners(key: KeyObject, arrayIndex: number, count: number): Int32Array {
  if (count > MAX_SHUFFLED_UNITS) throw new RangeError(`at most ${MAX_SHUFFLED_UNITS} units are shuffled`);
  // The upper half of the counter is the array's number: 2^64 blocks for each.
  const counter = new Uint8Array(16);
  new DataView(counter.buffer).setUint32(4, arrayIndex);
  const stream = createCipheriv('aes-128-ctr', key, counter);
  const partners = new Int32Array(count);
  for (let last = count - 1; last > 0; ) {
    const bytes = stream.update(CHUNK);
    last = fillPartners(partners, last, new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
  }
  return partners;
}

/** Fills from `last` down for as long as the random words last; yields the place to go on from. */
function fillPartners(partners: Int32Array, last: number, random: Uint32Array): number {
  let place = last;
  for (let used = 0; place > 0 && used < random.length; used++) {
    const bound = place + 1;
    const product = (random[used]! >>> (32 - RANDOM_BITS)) * bound;
    const index = (product / DRAW_RANGE) | 0;
    const low = product - index * DRAW_RANGE;
    if (low < bound && low < DRAW_RANGE % bound) continue;
    partners[place] = index;
    place -= 1;
  }
  return place;
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
