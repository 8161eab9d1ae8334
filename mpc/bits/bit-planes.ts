/**
 * Numbers to bit-planes and back: the layout in which circuits compare many numbers at once.
 *
 * n values of k bits become one vector of n * k lanes, plane-major: lane p * n + c is bit p, least significant
 * first, of value c. `planesOfShares` is the hot way in, from the byte strings that shares arrive as: it
 * transposes 32 x 32 bits at a time (Warren, Hacker's Delight, section 7-3) and makes no bigint. Its slow
 * readable twin is `planesOf`; tests hold them against each other.
 */

import { MpcError } from '../errors.ts';
import { BitVector, byteLength } from './bit-vector.ts';

/**
 * @param values each from 0 to 2^bits - 1
 * @throws MpcError VALUE_OUT_OF_RANGE, without saying which value
 */
export function planesOf(values: readonly bigint[], bits: number): BitVector {
  const count = values.length;
  const planes = BitVector.zeros(count * bits);
  values.forEach((value, candidate) => {
    if (value < 0n || value >> BigInt(bits) !== 0n) {
      throw new MpcError('VALUE_OUT_OF_RANGE', 'a value is negative or has more bits than its planes', {
        bits,
      });
    }
    let rest = value;
    for (let plane = 0; rest !== 0n; plane++, rest >>= 1n) {
      if ((rest & 1n) === 1n) setLane(planes.words, plane * count + candidate);
    }
  });
  return planes;
}

/** @param planes a vector whose lanes are a multiple of `bits` */
export function valuesOf(planes: BitVector, bits: number): bigint[] {
  const count = planes.lanes / bits;
  if (!Number.isSafeInteger(count)) {
    throw new MpcError('BIT_VECTOR_SHAPE', 'the lanes are not a whole number of planes', {
      lanes: planes.lanes,
      bits,
    });
  }
  const values: bigint[] = [];
  for (let candidate = 0; candidate < count; candidate++) {
    let value = 0n;
    for (let top = bits; top > 0; ) {
      const from = Math.floor((top - 1) / 32) * 32;
      let word = 0;
      for (let plane = from; plane < top; plane++) {
        word |= planes.get(plane * count + candidate) << (plane - from);
      }
      value = (value << 32n) | BigInt(word >>> 0);
      top = from;
    }
    values.push(value);
  }
  return values;
}

/**
 * @param shares one string of ceil(bits / 8) bytes a candidate, little-endian, bits beyond `bits` zero
 * @throws MpcError MESSAGE_MALFORMED when a string has another length or a bit beyond the last is set
 */
export function planesOfShares(shares: readonly Uint8Array[], bits: number): BitVector {
  const count = shares.length;
  const shareBytes = byteLength(bits);
  for (const share of shares) {
    if (share.length !== shareBytes) {
      throw new MpcError('MESSAGE_MALFORMED', `a share of ${bits} bits takes ${shareBytes} bytes`, {
        bits,
        bytes: share.length,
      });
    }
  }
  const planes = BitVector.zeros(count * bits);
  const square = new Int32Array(32);
  let excess = 0;
  for (let first = 0; first < count; first += 32) {
    const present = Math.min(32, count - first);
    for (let lowest = 0; lowest < bits; lowest += 32) {
      square.fill(0);
      for (let row = 0; row < present; row++) square[row] = readWord(shares[first + row]!, lowest >>> 3);
      transpose32(square);
      for (let plane = lowest; plane < lowest + 32; plane++) {
        const lanes = square[plane - lowest]!;
        if (plane < bits) putWord(planes.words, plane * count + first, lanes);
        else excess |= lanes;
      }
    }
  }
  if (excess !== 0) {
    throw new MpcError('MESSAGE_MALFORMED', 'a bit beyond the last of a share is set', { bits });
  }
  return planes;
}

function setLane(words: Int32Array, lane: number): void {
  words[lane >>> 5]! |= 1 << (lane & 31);
}

/** Up to four bytes from `offset` on, little-endian; bytes beyond the end are zero. */
function readWord(bytes: Uint8Array, offset: number): number {
  let word = bytes[offset]!;
  const end = Math.min(bytes.length, offset + 4);
  for (let index = offset + 1; index < end; index++) word |= bytes[index]! << ((index - offset) << 3);
  return word;
}

/** ORs 32 lanes in from `lane` on. Lanes beyond the last candidate are zero, so neighbours are unharmed. */
function putWord(words: Int32Array, lane: number, lanes: number): void {
  const index = lane >>> 5;
  const shift = lane & 31;
  words[index]! |= lanes << shift;
  if (shift !== 0 && index + 1 < words.length) words[index + 1]! |= lanes >>> (32 - shift);
}

/** In place: bit c of row r trades places with bit r of row c, bit 0 being the least significant. */
function transpose32(rows: Int32Array): void {
  let mask = 0x0000ffff;
  for (let width = 16; width !== 0; width >>>= 1, mask ^= mask << width) {
    for (let row = 0; row < 32; row = (row + width + 1) & ~width) {
      const swap = ((rows[row]! >>> width) ^ rows[row + width]!) & mask;
      rows[row + width]! ^= swap;
      rows[row]! ^= swap << width;
    }
  }
}
