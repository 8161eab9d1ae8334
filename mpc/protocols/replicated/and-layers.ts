/**
 * The local work of the AND layers of one evaluation: this party's summand of every product, masked.
 *
 * Masks are drawn from one stream of zeros, in the order in which the circuit's layers are evaluated, each operation
 * in whole words. A position is never drawn twice because the stream only moves forward; it means the same to all
 * three parties because they evaluate the same circuit in the same order (mpc/random/prss.ts).
 *
 * Speed: short operations run in place by the loop of mpc/bits/and-kernel.ts. Longer ones are copied, a piece that
 * fits the second-level cache at a time, to where the WebAssembly kernel reaches them: copies included, it takes less
 * than half the time. Masks are put there when they are drawn. The products of one layer lie one after another, so
 * that in the common case (whole words) they are the message of the round as they are. Measured by bench/and-gates.ts.
 */

import { andShares } from '../../bits/and-kernel.ts';
import { BitVector } from '../../bits/bit-vector.ts';
import { FieldKernels } from '../../kernels/field.ts';
import { type PseudoRandomStream, STREAM_CHUNK_BYTES } from '../../random/prss.ts';
import type { AndOperands } from '../evaluate.ts';
import type { ReplicatedVector } from './shares.ts';

/** 16 KB of each of four operands, the product and the masks stay in the second-level cache. */
const PIECE_WORDS = 4096;

/** From so many words on, the WebAssembly kernel pays for its copies. */
const KERNEL_FROM_WORDS = 64;

/** A small circuit should not wait for 64 KB of masks: the first draw; every next one is twice as long. */
const FIRST_DRAW_BYTES = 4096;

/** Products of small layers share buffers of this size, because a small buffer costs more than its AND. */
const SLAB_WORDS = 16_384;
const SLAB_UP_TO_WORDS = 1024;

export class AndLayers {
  readonly #stream: PseudoRandomStream;
  readonly #kernels = new FieldKernels();
  readonly #maskOffset: number;
  readonly #pieceOffset: number;
  readonly #masks: Int32Array<ArrayBuffer>;
  readonly #maskBytes: Uint8Array<ArrayBuffer>;
  readonly #pieces: Int32Array<ArrayBuffer>;
  /** The products of a piece; kept, because pieces of one size follow one another. */
  #products = new Int32Array();
  #maskWords = 0;
  #masksUsed = 0;
  #nextDrawBytes = FIRST_DRAW_BYTES;
  #slab = new Int32Array();
  #slabUsed = 0;

  /** @param stream of this evaluation alone */
  constructor(stream: PseudoRandomStream) {
    this.#stream = stream;
    const { memory } = this.#kernels;
    this.#maskOffset = memory.allocate(STREAM_CHUNK_BYTES);
    this.#pieceOffset = memory.allocate(5 * PIECE_WORDS * 4);
    this.#masks = memory.words(this.#maskOffset, STREAM_CHUNK_BYTES / 4);
    this.#maskBytes = memory.bytes(this.#maskOffset, STREAM_CHUNK_BYTES);
    this.#pieces = memory.words(this.#pieceOffset, 5 * PIECE_WORDS);
  }

  /** The summands of one layer's products, in order. */
  multiply(operands: readonly AndOperands<ReplicatedVector>[]): readonly BitVector[] {
    let total = 0;
    for (const { left } of operands) total += left.first.words.length;
    const space = this.#take(total);
    const products: BitVector[] = [];
    let start = 0;
    for (const { left, right } of operands) {
      const count = left.first.words.length;
      const words = count === total ? space : space.subarray(start, start + count);
      this.#multiply(left, right, words);
      products.push(BitVector.over(left.lanes, words));
      start += count;
    }
    return products;
  }

  #multiply(left: ReplicatedVector, right: ReplicatedVector, z: Int32Array): void {
    const x0 = left.first.words;
    const x1 = left.second.words;
    const y0 = right.first.words;
    const y1 = right.second.words;
    for (let start = 0; start < z.length; ) {
      if (this.#masksUsed === this.#maskWords) this.#draw();
      const available = Math.min(z.length - start, this.#maskWords - this.#masksUsed);
      let end = start + available;
      if (available < KERNEL_FROM_WORDS) {
        andShares(x0, x1, y0, y1, this.#masks, this.#masksUsed, z, start, end);
      } else {
        end = start + Math.min(PIECE_WORDS, available & ~3);
        this.#multiplyPiece(x0, x1, y0, y1, z, start, end);
      }
      this.#masksUsed += end - start;
      start = end;
    }
  }

  /** The same by the WebAssembly kernel; a multiple of 4 words, at most PIECE_WORDS. */
  #multiplyPiece(
    x0: Int32Array,
    x1: Int32Array,
    y0: Int32Array,
    y1: Int32Array,
    z: Int32Array,
    start: number,
    end: number,
  ): void {
    const pieces = this.#pieces;
    pieces.set(partOf(x0, start, end), 0);
    pieces.set(partOf(x1, start, end), PIECE_WORDS);
    pieces.set(partOf(y0, start, end), 2 * PIECE_WORDS);
    pieces.set(partOf(y1, start, end), 3 * PIECE_WORDS);
    const offset = this.#pieceOffset;
    this.#kernels.andShares(
      offset,
      offset + 4 * PIECE_WORDS,
      offset + 8 * PIECE_WORDS,
      offset + 12 * PIECE_WORDS,
      this.#maskOffset + 4 * this.#masksUsed,
      offset + 16 * PIECE_WORDS,
      end - start,
    );
    if (this.#products.length !== end - start) {
      this.#products = pieces.subarray(4 * PIECE_WORDS, 4 * PIECE_WORDS + end - start);
    }
    z.set(this.#products, start);
  }

  #draw(): void {
    this.#stream.fill(this.#maskBytes.subarray(0, this.#nextDrawBytes));
    this.#maskWords = this.#nextDrawBytes >>> 2;
    this.#masksUsed = 0;
    this.#nextDrawBytes = Math.min(2 * this.#nextDrawBytes, STREAM_CHUNK_BYTES);
  }

  /** Words for the products of a layer, never handed out twice. */
  #take(words: number): Int32Array<ArrayBuffer> {
    if (words > SLAB_UP_TO_WORDS) return new Int32Array(words);
    if (words > this.#slab.length - this.#slabUsed) {
      this.#slab = new Int32Array(SLAB_WORDS);
      this.#slabUsed = 0;
    }
    const start = this.#slabUsed;
    this.#slabUsed += words;
    return this.#slab.subarray(start, start + words);
  }
}

/** The vector itself where it is the whole of it: a view costs as much as hundreds of ANDs. */
function partOf(words: Int32Array, start: number, end: number): Int32Array {
  return end - start === words.length ? words : words.subarray(start, end);
}
