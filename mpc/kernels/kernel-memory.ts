/**
 * The linear memory of one kernel instance, handed out from the bottom up: `allocate` gives an offset, `mark` and
 * `release` free everything that was allocated in between, `bytes` and `words` look at an offset from TypeScript.
 *
 * An offset stays valid until it is released. A view does not: when `allocate` grows the memory, the engine detaches
 * every view taken before, and a detached view reads as empty. So keep offsets, and take a view at the place of use,
 * after the last `allocate`. Released memory keeps its content until it is allocated again or `wipe` is called; fresh
 * allocations are not cleared either.
 */

import { MpcError } from '../errors.ts';

/** Below lie the tables of the kernels: 64 KB of operands and small tables, 64 KB of buckets or multiples. */
export const HEAP_START = 0x20000;

/** Cache lines, so that no element straddles two. */
const ALIGNMENT_BYTES = 64;

const PAGE_BYTES = 0x10000;

/** Offsets stay below 2^31, the largest that passes as a positive 32-bit integer. */
const MAX_BYTES = 2 ** 31 - PAGE_BYTES;

export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  #top = HEAP_START;
  #highest = HEAP_START;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /**
   * @returns an offset, a multiple of 64; the bytes there are not cleared
   * @throws MpcError KERNEL_MEMORY_FULL
   */
  allocate(byteCount: number): number {
    const offset = this.#top;
    const top = offset + Math.ceil(byteCount / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    if (!Number.isSafeInteger(byteCount) || byteCount < 0 || top > MAX_BYTES) {
      throw new MpcError(
        'KERNEL_MEMORY_FULL',
        `kernels have at most ${MAX_BYTES} bytes; work in smaller parts`,
        {
          byteCount,
          used: offset,
        },
      );
    }
    const missing = top - this.#memory.buffer.byteLength;
    if (missing > 0) this.#grow(missing);
    this.#top = top;
    this.#highest = Math.max(this.#highest, top);
    return offset;
  }

  /** What to give `release` to free everything allocated from now on. */
  mark(): number {
    return this.#top;
  }

  /** @throws MpcError KERNEL_OPERAND_RANGE when the mark was not given by `mark` or is already released */
  release(mark: number): void {
    if (
      !Number.isSafeInteger(mark) ||
      mark < HEAP_START ||
      mark > this.#top ||
      mark % ALIGNMENT_BYTES !== 0
    ) {
      throw new MpcError('KERNEL_OPERAND_RANGE', 'a mark is released once, the latest one first', { mark });
    }
    this.#top = mark;
  }

  /** Releases everything and clears it, and the tables of the kernels with it: for the end of a session. */
  wipe(): void {
    new Uint8Array(this.#memory.buffer, 0, this.#highest).fill(0);
    this.#top = HEAP_START;
    this.#highest = HEAP_START;
  }

  /** A view that dies with the next `allocate`; @throws MpcError KERNEL_OPERAND_RANGE */
  bytes(offset: number, byteCount: number): Uint8Array<ArrayBuffer> {
    this.requireAllocated(offset, byteCount);
    return new Uint8Array(this.#memory.buffer, offset, byteCount);
  }

  /** As `bytes`, in words of 32 bits; the offset is a multiple of 4. @throws MpcError KERNEL_OPERAND_RANGE */
  words(offset: number, wordCount: number): Int32Array<ArrayBuffer> {
    this.requireAllocated(offset, 4 * wordCount);
    if (offset % 4 !== 0) {
      throw new MpcError('KERNEL_OPERAND_RANGE', 'words begin at a multiple of 4 bytes', { offset });
    }
    return new Int32Array(this.#memory.buffer, offset, wordCount);
  }

  /** @throws MpcError KERNEL_OPERAND_RANGE when a byte of the range is not allocated now */
  requireAllocated(offset: number, byteCount: number): void {
    // Before every kernel call, so it is small; what is allocated lies below 2^31, where `| 0` changes nothing.
    const whole = (offset | 0) === offset && (byteCount | 0) === byteCount;
    if (!whole || offset < HEAP_START || byteCount < 0 || offset + byteCount > this.#top) {
      throw this.#outside(offset, byteCount);
    }
  }

  #outside(offset: number, byteCount: number): MpcError {
    return new MpcError('KERNEL_OPERAND_RANGE', 'a kernel operand lies outside what is allocated', {
      offset,
      byteCount,
      allocatedEnd: this.#top,
    });
  }

  /** By half again at least, so that many small allocations copy little. */
  #grow(missingBytes: number): void {
    const size = this.#memory.buffer.byteLength;
    const bytes = Math.min(Math.max(missingBytes, size / 2), MAX_BYTES - size);
    try {
      this.#memory.grow(Math.ceil(bytes / PAGE_BYTES));
    } catch (cause) {
      throw new MpcError(
        'KERNEL_MEMORY_FULL',
        'the machine has no more memory for kernels',
        { size },
        { cause },
      );
    }
  }
}
