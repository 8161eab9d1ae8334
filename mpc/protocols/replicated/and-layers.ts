/**
 * The local work of the AND layers of one evaluation: this party's summand of every product, masked.
 *
 * Masks are drawn from one stream of zeros, in the order in which the circuit's layers are evaluated, each operation
 * in whole words. A position is never drawn twice because the stream only moves forward; it means the same to all
 * three parties because they evaluate the same circuit in the same order (mpc/random/prss.ts). They are drawn up to
 * 64 KB at a time, in advance, to where the WebAssembly kernel reads them.
 *
 * Speed: operands that lie in the kernel's memory (share-memory.ts), as nearly all do, are multiplied where they are, by
 * one call and without a new view or buffer. Others are copied there, a piece that fits the second-level cache at a time;
 * of these, what is left below that goes through the loop of mpc/bits/and-kernel.ts. Ordinary products of one layer lie
 * one after another, so that in the common case (whole words) they are the message of the round as they are. Measured by
 * bench/and-gates.ts.
 */

import { andShares } from '../../bits/and-kernel.ts';
import { BitVector } from '../../bits/bit-vector.ts';
import { FieldKernels } from '../../kernels/field.ts';
import { type PseudoRandomStream, STREAM_CHUNK_BYTES } from '../../random/prss.ts';
import type { AndOperands } from '../evaluate.ts';
import { type ResidentVector, ShareMemory } from './share-memory.ts';
import { ReplicatedVector } from './shares.ts';

/** 16 KB of each of four operands, the product and the masks stay in the second-level cache. */
const PIECE_WORDS = 4096;

/** From so many words on, the WebAssembly kernel pays for its copies. */
const KERNEL_FROM_WORDS = 64;

/** A small circuit should not wait for 64 KB of masks: the first draw; every next one is twice as long. */
const FIRST_DRAW_BYTES = 4096;

/** A draw may find three words unused, and the kernel reads three beyond the last. */
const MASK_BYTES = STREAM_CHUNK_BYTES + 32;

/** Products of small layers share buffers of this size, because a small buffer costs more than its AND. */
const SLAB_WORDS = 16_384;
const SLAB_UP_TO_WORDS = 1024;

/** A product of which only this party's own summand is known: in a slot, or an ordinary vector. */
export type HalfProduct = ResidentVector | BitVector;

export class AndLayers {
  /** For the vectors of this evaluation. */
  readonly memory: ShareMemory;
  readonly #openStream: () => PseudoRandomStream;
  #stream: PseudoRandomStream | undefined;
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

  /**
   * @param openStream gives a stream of this evaluation alone; called at the first AND
   * @param slotBytes how much memory short vectors get
   */
  constructor(openStream: () => PseudoRandomStream, slotBytes: number) {
    this.#openStream = openStream;
    const { memory } = this.#kernels;
    this.#maskOffset = memory.allocate(MASK_BYTES);
    this.#pieceOffset = memory.allocate(5 * PIECE_WORDS * 4);
    this.memory = new ShareMemory(this.#kernels, slotBytes);
    this.#masks = memory.words(this.#maskOffset, MASK_BYTES / 4);
    this.#maskBytes = memory.bytes(this.#maskOffset, MASK_BYTES);
    this.#pieces = memory.words(this.#pieceOffset, 5 * PIECE_WORDS);
  }

  /** One layer's products as far as this party knows them, in order. */
  multiply(operands: readonly AndOperands<ReplicatedVector>[]): readonly HalfProduct[] {
    if (operands.length === 1) {
      // The usual layer: what is spared here is a twentieth of the time for 1024 lanes.
      const { left, right } = operands[0]!;
      const slot = this.#multiplySlots(left, right);
      if (slot !== undefined) return [slot];
    }
    const halves = new Array<HalfProduct>(operands.length);
    let space: Int32Array<ArrayBuffer> | undefined;
    let start = 0;
    for (let index = 0; index < operands.length; index++) {
      const { left, right } = operands[index]!;
      const slot = this.#multiplySlots(left, right);
      if (slot !== undefined) {
        halves[index] = slot;
        continue;
      }
      space ??= this.#take(wordsFrom(operands, index));
      const count = left.first.words.length;
      const words = count === space.length ? space : space.subarray(start, start + count);
      start += count;
      this.#multiply(left, right, words);
      halves[index] = BitVector.over(left.lanes, words);
    }
    return halves;
  }

  /** One call of the kernel where everything lies in slots. */
  #multiplySlots(left: ReplicatedVector, right: ReplicatedVector): ResidentVector | undefined {
    const { memory } = this;
    const x = memory.slotOf(left);
    const y = memory.slotOf(right);
    if (x === undefined || y === undefined || x.lanes !== y.lanes) return undefined;
    const product = memory.takeSlotLike(x);
    if (product === undefined) return undefined;
    const { wordCount } = product;
    for (let start = 0; start < wordCount; ) {
      const left = wordCount - start;
      const masks = this.#maskWords - this.#masksUsed;
      if (masks < 4 && masks < left) {
        this.#draw();
        continue;
      }
      // Whole vectors of the kernel, but for the end: there it goes on into the rest of the place and unused masks.
      const count = left <= masks ? left : masks & ~3;
      const at = 4 * start;
      this.#kernels.andShares(
        x.firstOffset + at,
        x.secondOffset + at,
        y.firstOffset + at,
        y.secondOffset + at,
        this.#maskOffset + 4 * this.#masksUsed,
        product.firstOffset + at,
        (count + 3) & ~3,
      );
      this.#masksUsed += count;
      start += count;
    }
    product.first.clearPadding();
    return product;
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

  /** More masks behind those that are left, which go to the front. */
  #draw(): void {
    const left = this.#maskWords - this.#masksUsed;
    if (left > 0) this.#masks.copyWithin(0, this.#masksUsed, this.#maskWords);
    this.#stream ??= this.#openStream();
    this.#stream.fill(this.#maskBytes.subarray(4 * left, 4 * left + this.#nextDrawBytes));
    this.#maskWords = left + this.#nextDrawBytes / 4;
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

/** This party's summand of a product. */
export function firstOf(product: HalfProduct): BitVector {
  return product instanceof BitVector ? product : product.first;
}

/** @param second the neighbour's summand; of an ordinary product it becomes a part */
export function completed(product: HalfProduct, second: BitVector): ReplicatedVector {
  if (product instanceof BitVector) return new ReplicatedVector(product, second);
  product.second.words.set(second.words);
  return product;
}

/** Of the operands from `index` on; at least what the ordinary ones among them take. */
function wordsFrom(operands: readonly AndOperands<ReplicatedVector>[], index: number): number {
  let words = 0;
  for (let later = index; later < operands.length; later++) words += operands[later]!.left.first.words.length;
  return words;
}
