/**
 * Packed vectors of bits, one bit per lane, 32 lanes to a machine word: the unit on which every circuit
 * operation works.
 *
 * Bit order: lane i is bit (i mod 32) of word floor(i / 32), least significant first, and so bit (i mod 8) of
 * byte floor(i / 8) on the wire. Bits beyond the last lane are zero; every function here keeps them so.
 *
 * A vector may hold shares, so it never prints its content: `String`, `JSON.stringify` and `console.log`
 * all give `[secret]`. Reading bits out is `get`, `toBytes` or the words themselves.
 */

import { MpcError } from '../errors.ts';
import { copyBits } from './copy-bits.ts';

/** 2^27 lanes are 16 MB a vector: more than the largest layer of any tender we accept, far below memory. */
export const MAX_LANES = 2 ** 27;

export class BitVector {
  readonly lanes: number;
  readonly words: Int32Array<ArrayBuffer>;

  private constructor(lanes: number, words: Int32Array<ArrayBuffer>) {
    this.lanes = lanes;
    this.words = words;
  }

  static zeros(lanes: number): BitVector {
    if (!Number.isSafeInteger(lanes) || lanes < 0 || lanes > MAX_LANES) {
      throw new MpcError('BIT_VECTOR_SHAPE', `a vector has 0 to ${MAX_LANES} lanes`, { lanes });
    }
    return new BitVector(lanes, new Int32Array(Math.ceil(lanes / 32)));
  }

  static ones(lanes: number): BitVector {
    const vector = BitVector.zeros(lanes);
    vector.words.fill(-1);
    vector.clearPadding();
    return vector;
  }

  static fromBits(bits: readonly (0 | 1 | boolean)[]): BitVector {
    const vector = BitVector.zeros(bits.length);
    bits.forEach((bit, lane) => {
      if (bit) vector.words[lane >>> 5]! |= 1 << (lane & 31);
    });
    return vector;
  }

  /**
   * A vector over words that exist already, without a copy: whoever calls gives them up. Padding is cleared.
   * @param words exactly ceil(lanes / 32) of them, perhaps a part of a larger buffer
   * @throws MpcError BIT_VECTOR_SHAPE
   */
  static over(lanes: number, words: Int32Array<ArrayBuffer>): BitVector {
    if (lanes > MAX_LANES || words.length !== Math.ceil(lanes / 32)) {
      throw new MpcError('BIT_VECTOR_SHAPE', `these words do not hold ${lanes} lanes`, {
        lanes,
        words: words.length,
      });
    }
    const vector = new BitVector(lanes, words);
    vector.clearPadding();
    return vector;
  }

  /**
   * @param bytes exactly ceil(lanes / 8) of them
   * @throws MpcError MESSAGE_MALFORMED when the length is wrong or a padding bit is set
   */
  static fromBytes(bytes: Uint8Array, lanes: number): BitVector {
    if (bytes.length !== byteLength(lanes)) {
      throw new MpcError('MESSAGE_MALFORMED', `${lanes} lanes take ${byteLength(lanes)} bytes`, {
        lanes,
        bytes: bytes.length,
      });
    }
    const vector = BitVector.zeros(lanes);
    new Uint8Array(vector.words.buffer).set(bytes);
    const lastWord = vector.words[vector.words.length - 1] ?? 0;
    vector.clearPadding();
    if (lastWord !== (vector.words[vector.words.length - 1] ?? 0)) {
      throw new MpcError('MESSAGE_MALFORMED', 'a bit beyond the last lane is set', { lanes });
    }
    return vector;
  }

  /** ceil(lanes / 8) bytes, a copy. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.words;
    return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength(this.lanes)));
  }

  get(lane: number): 0 | 1 {
    if (lane < 0 || lane >= this.lanes) {
      throw new MpcError('BIT_VECTOR_SHAPE', 'lane out of range', { lane, lanes: this.lanes });
    }
    return ((this.words[lane >>> 5]! >>> (lane & 31)) & 1) === 1 ? 1 : 0;
  }

  /** Sets bits beyond the last lane to zero; kernels that write whole words call it last. */
  clearPadding(): void {
    const used = this.lanes & 31;
    if (used !== 0) this.words[this.words.length - 1]! &= (1 << used) - 1;
  }

  equals(other: BitVector): boolean {
    return this.lanes === other.lanes && this.words.every((word, index) => word === other.words[index]);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `BitVector(${this.lanes} lanes) [secret]`;
  }
}

/** Bytes that `lanes` bits take on the wire. */
export function byteLength(lanes: number): number {
  return Math.ceil(lanes / 8);
}

/** @param result is overwritten; as long as the operands, and none of them */
export function xorVectors(
  left: BitVector,
  right: BitVector,
  result = BitVector.zeros(left.lanes),
): BitVector {
  requireSameLanes(left, right);
  requireSameLanes(left, result);
  const { words } = result;
  const a = left.words;
  const b = right.words;
  for (let index = 0; index < words.length; index++) words[index] = a[index]! ^ b[index]!;
  return result;
}

export function andVectors(left: BitVector, right: BitVector): BitVector {
  requireSameLanes(left, right);
  const result = BitVector.zeros(left.lanes);
  const { words } = result;
  const a = left.words;
  const b = right.words;
  for (let index = 0; index < words.length; index++) words[index] = a[index]! & b[index]!;
  return result;
}

/** @param result is overwritten; as long as the source */
export function notVector(source: BitVector, result = BitVector.zeros(source.lanes)): BitVector {
  requireSameLanes(source, result);
  const { words } = result;
  const a = source.words;
  for (let index = 0; index < words.length; index++) words[index] = ~a[index]!;
  result.clearPadding();
  return result;
}

/** @param result is overwritten; as long as all sources together, and none of them */
export function concatVectors(
  sources: readonly BitVector[],
  result = BitVector.zeros(totalLanes(sources)),
): BitVector {
  requireLanes(result, totalLanes(sources));
  result.words.fill(0);
  let offset = 0;
  for (const source of sources) {
    copyBits(source.words, 0, result.words, offset, source.lanes);
    offset += source.lanes;
  }
  return result;
}

export function totalLanes(vectors: readonly { readonly lanes: number }[]): number {
  let lanes = 0;
  for (const vector of vectors) lanes += vector.lanes;
  return lanes;
}

/**
 * The blocks of `source` that `blocks` names, one after another; block b is lanes b * blockLanes to
 * (b + 1) * blockLanes - 1. With it slices, permutations and repetitions are one operation.
 *
 * @param result is overwritten; as long as all blocks together, and not the source
 */
export function gatherBlocks(
  source: BitVector,
  blockLanes: number,
  blocks: Uint32Array,
  result = BitVector.zeros(blockLanes * blocks.length),
): BitVector {
  requireLanes(result, blockLanes * blocks.length);
  if (blockLanes % 32 === 0) {
    const blockWords = blockLanes >>> 5;
    for (let index = 0; index < blocks.length; index++) {
      const start = blocks[index]! * blockWords;
      if (blockWords === 1) result.words[index] = source.words[start]!;
      else result.words.set(source.words.subarray(start, start + blockWords), index * blockWords);
    }
    return result;
  }
  if (blockLanes === 1) {
    gatherLanes(source.words, blocks, result.words);
    return result;
  }
  result.words.fill(0);
  for (let index = 0; index < blocks.length; index++) {
    copyBits(source.words, blocks[index]! * blockLanes, result.words, index * blockLanes, blockLanes);
  }
  return result;
}

/** Single lanes, collected in a register until a word is full: what permutations of bits are made of. */
function gatherLanes(source: Int32Array, lanes: Uint32Array, target: Int32Array): void {
  for (let word = 0; word < target.length; word++) {
    const start = word << 5;
    const count = Math.min(32, lanes.length - start);
    let bits = 0;
    for (let place = 0; place < count; place++) {
      const lane = lanes[start + place]!;
      bits |= ((source[lane >>> 5]! >>> (lane & 31)) & 1) << place;
    }
    target[word] = bits;
  }
}

function requireSameLanes(left: BitVector, right: BitVector): void {
  if (left.lanes !== right.lanes) {
    throw new MpcError('BIT_VECTOR_SHAPE', 'both operands must have the same number of lanes', {
      left: left.lanes,
      right: right.lanes,
    });
  }
}

function requireLanes(vector: BitVector, lanes: number): void {
  if (vector.lanes !== lanes) {
    throw new MpcError('BIT_VECTOR_SHAPE', 'the result has another number of lanes than is given', {
      lanes: vector.lanes,
      given: lanes,
    });
  }
}
