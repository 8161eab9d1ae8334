/**
 * The memory of share vectors: slots in the linear memory of the AND kernel, used again and again.
 *
 * An AND of a thousand lanes takes 10 ns in WebAssembly. Copying four operands there and the product back takes ten times
 * that, and so does making a buffer with its views. So the vectors of an evaluation live where the kernel reaches them,
 * and when nothing reads one any more, its slot, views and objects serve the next vector of as many lanes. The circuit's
 * inputs and constants are ordinary vectors, and so are results that are too long or come when the slots are used up. A
 * vector's kind changes no value, no message and no mask.
 *
 * Whoever reads a vector after its `release` reads another secret of the same party. So only the walk of the circuit
 * releases (mpc/protocols/evaluate.ts), no result of an operation lies in an operand's slot, and the kernels' callers
 * refuse a released vector.
 *
 * Layout of a slot: both summands, one after the other, each rounded up to 16 bytes, so that the kernel works on whole
 * vectors of 128 bits. What lies between a summand's last word and the end of its place is arbitrary.
 */

import { BitVector } from '../../bits/bit-vector.ts';
import type { Circuit } from '../../circuit/circuit.ts';
import { MpcError } from '../../errors.ts';
import type { FieldKernels } from '../../kernels/field.ts';
import { ReplicatedVector, zeroShare } from './shares.ts';

/** 128 KB a summand: an AND of longer ones leaves the caches anyway. */
export const RESIDENT_UP_TO_LANES = 2 ** 20;

/**
 * What a second-level cache holds: eight vectors of the longest kind, eight thousand of 1024 lanes. An evaluation that
 * needs more falls back to ordinary vectors. With 4 and 16 MB evaluations took longer, up to twice as long.
 */
const MAX_SLOT_BYTES = 2 ** 21;

/** A vector in a slot. */
export class ResidentVector extends ReplicatedVector {
  /** Offset of summand i of party i in the kernels' memory. */
  readonly firstOffset: number;
  /** Offset of the other summand. */
  readonly secondOffset: number;
  /** Words that the lanes of a summand take. */
  readonly wordCount: number;
  /** Words from one summand's offset to the end of its place. */
  readonly placeWords: number;
  readonly owner: ShareMemory;
  /** The owner's free vectors of as many lanes. */
  readonly shelf: ResidentVector[];
  inUse = true;

  constructor(owner: ShareMemory, offset: number, lanes: number, shelf: ResidentVector[]) {
    const { memory } = owner.kernels;
    const placeBytes = placeBytesOf(lanes);
    const words = Math.ceil(lanes / 32);
    super(
      BitVector.over(lanes, memory.words(offset, words)),
      BitVector.over(lanes, memory.words(offset + placeBytes, words)),
    );
    this.firstOffset = offset;
    this.secondOffset = offset + placeBytes;
    this.wordCount = words;
    this.placeWords = placeBytes / 4;
    this.owner = owner;
    this.shelf = shelf;
  }
}

export class ShareMemory {
  readonly kernels: FieldKernels;
  #end: number;
  #top: number;
  readonly #shelves = new Map<number, ResidentVector[]>();

  /**
   * @param kernels whose memory nothing allocates from once the first vector is taken: growing detaches every view
   * @param bytes at least one slot, or every vector is an ordinary one
   */
  constructor(kernels: FieldKernels, bytes: number) {
    this.kernels = kernels;
    this.#top = kernels.memory.allocate(bytes);
    this.#end = this.#top + bytes;
  }

  /** A slot whose words are arbitrary but for the padding; undefined where the vector has to be an ordinary one. */
  takeSlot(lanes: number): ResidentVector | undefined {
    if (lanes > RESIDENT_UP_TO_LANES || lanes === 0) return undefined;
    let shelf = this.#shelves.get(lanes);
    if (shelf === undefined) {
      shelf = [];
      this.#shelves.set(lanes, shelf);
    }
    const used = shelf.pop();
    if (used !== undefined) {
      used.inUse = true;
      return used;
    }
    const bytes = 2 * placeBytesOf(lanes);
    if (this.#top + bytes > this.#end && !this.#recarve(bytes)) return undefined;
    const offset = this.#top;
    this.#top += bytes;
    return new ResidentVector(this, offset, lanes, shelf);
  }

  /** Makes new slots of the largest free one, for vectors of another length: circuits go from long to short ones. */
  #recarve(bytes: number): boolean {
    let best: ResidentVector[] | undefined;
    let most = bytes;
    for (const [lanes, shelf] of this.#shelves) {
      const freed = 2 * placeBytesOf(lanes);
      if (shelf.length === 0 || freed < most) continue;
      best = shelf;
      most = freed;
    }
    const slot = best?.pop();
    if (slot === undefined) return false;
    this.#top = slot.firstOffset;
    this.#end = this.#top + most;
    return true;
  }

  /** As `takeSlot`, for as many lanes as that vector has. */
  takeSlotLike(vector: ResidentVector): ResidentVector | undefined {
    const used = vector.shelf.pop();
    if (used === undefined) return this.takeSlot(vector.lanes);
    used.inUse = true;
    return used;
  }

  /** A vector to write a result to, in a slot or not; its words are arbitrary but for the padding. */
  take(lanes: number): ReplicatedVector {
    return this.takeSlot(lanes) ?? zeroShare(lanes);
  }

  /** The sum of two vectors, in a slot; undefined where not everything lies in slots. */
  xorSlots(left: ReplicatedVector, right: ReplicatedVector): ResidentVector | undefined {
    const x = this.slotOf(left);
    const y = this.slotOf(right);
    if (x === undefined || y === undefined || x.lanes !== y.lanes) return undefined;
    const sum = this.takeSlotLike(x);
    if (sum === undefined) return undefined;
    // Four words a vector, two summands one after the other.
    this.kernels.addVectors(x.firstOffset, y.firstOffset, x.placeWords / 2, sum.firstOffset);
    return sum;
  }

  /** The same vector if it lies in a slot. @throws MpcError CIRCUIT_INVALID when it was released */
  slotOf(vector: ReplicatedVector): ResidentVector | undefined {
    if (!(vector instanceof ResidentVector) || vector.owner !== this) return undefined;
    if (!vector.inUse) throw new MpcError('CIRCUIT_INVALID', 'an operation reads a vector that was given up');
    return vector;
  }

  /** The vector's slot is free for the next one; an ordinary vector is left alone. */
  release(vector: ReplicatedVector): void {
    const slot = this.slotOf(vector);
    if (slot === undefined) return;
    slot.inUse = false;
    slot.shelf.push(slot);
  }
}

/** What all vectors of an evaluation would take without any being released, or as much as an evaluation may have. */
export function slotBytesOf({ operations, lanes }: Circuit): number {
  let bytes = 0;
  operations.forEach(({ kind }, position) => {
    const count = lanes[position] ?? 0;
    if (kind === 'input' || kind === 'constant' || count > RESIDENT_UP_TO_LANES) return;
    bytes += 2 * placeBytesOf(count);
  });
  return Math.min(bytes, MAX_SLOT_BYTES);
}

function placeBytesOf(lanes: number): number {
  return Math.ceil(lanes / 128) * 16;
}
