/**
 * Checking one multiplication by another without opening either, bit by bit on whole words (Furukawa et al., EUROCRYPT
 * 2017, "triple verification using another without opening").
 *
 * For x y = z and a b = c open r = x ^ a and s = y ^ b. Then w = z ^ c ^ s a ^ r b ^ r s is 0 iff both are right or both are
 * wrong. Opening r and s takes two bits of a party. That w is 0 takes a hash: then w_{i+2} = w_i ^ w_{i+1}, which party i
 * claims and the next party holds.
 */

import type { PartyIndex } from '../../mpc/party.ts';
import type { TriplePlanes } from './triple-planes.ts';

export interface Pair {
  readonly checked: TriplePlanes;
  readonly by: TriplePlanes;
}

/** This party's first summands of r and s, written to `out` from `offset` on: r, then s. */
export function writeDifferences({ checked, by }: Pair, out: Int32Array, offset: number): void {
  const words = checked.x0.length;
  xorInto(checked.x0, by.x0, out, offset, words);
  xorInto(checked.y0, by.y0, out, offset + words, words);
}

export interface ZeroClaims {
  /** r, then s. */
  readonly opened: Int32Array;
  /** What the third summand of w must be for w to be 0. */
  readonly claims: Int32Array;
  /** The own second summand of w: what the previous party must claim. */
  readonly seconds: Int32Array;
}

/**
 * @param firsts what `writeDifferences` wrote
 * @param thirds the previous party's of the same
 */
export function claimZeros(
  { checked, by }: Pair,
  firsts: Int32Array,
  thirds: Int32Array,
  self: PartyIndex,
): ZeroClaims {
  const words = checked.x0.length;
  const opened = new Int32Array(2 * words);
  const claims = new Int32Array(words);
  const seconds = new Int32Array(words);
  // Summand 0 takes the public r s: first at party 0, second at party 2.
  const inFirst = self === 0 ? -1 : 0;
  const inSecond = self === 2 ? -1 : 0;
  const { x1, y1, z0, z1 } = checked;
  const { x0: a0, x1: a1, y0: b0, y1: b1, z0: c0, z1: c1 } = by;
  for (let word = 0; word < words; word++) {
    const r = firsts[word]! ^ x1[word]! ^ a1[word]! ^ thirds[word]!;
    const s = firsts[words + word]! ^ y1[word]! ^ b1[word]! ^ thirds[words + word]!;
    opened[word] = r;
    opened[words + word] = s;
    const first = z0[word]! ^ c0[word]! ^ (s & a0[word]!) ^ (r & b0[word]!) ^ (r & s & inFirst);
    const second = z1[word]! ^ c1[word]! ^ (s & a1[word]!) ^ (r & b1[word]!) ^ (r & s & inSecond);
    claims[word] = first ^ second;
    seconds[word] = second;
  }
  return { opened, claims, seconds };
}

function xorInto(left: Int32Array, right: Int32Array, out: Int32Array, offset: number, words: number): void {
  for (let word = 0; word < words; word++) out[offset + word] = left[word]! ^ right[word]!;
}
