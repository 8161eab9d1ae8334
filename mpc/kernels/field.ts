/**
 * Arithmetic in GF(2^128) and on columns of bits, in WebAssembly SIMD: what checking the ANDs of a three-party
 * computation by a sum-check costs nearly all its time on.
 *
 * The field is GF(2)[X] / (X^128 + X^7 + X^2 + X + 1). An element is 16 bytes, little-endian: bit i of the string is
 * the coefficient of X^i (not the reflected order of GHASH). Weights of 8 bytes are polynomials of degree below 64.
 * Vectors are elements one after another in the linear memory, named by their offset; a column is a 32-bit
 * little-endian word whose bit j is row j's bit.
 *
 * No loop branches on an element, and every length is public. Tables and buckets are indexed by secret bytes: whoever
 * shares the machine's cache could learn from it; the threat model leaves that out. The slow twins, in BigInt, are in
 * test/support/reference/field-reference.ts; each method's method and source stand in its `.wat` file.
 *
 * Long vectors are worked off in parts, because V8 enters optimised code only at a call, never inside a running loop.
 */

import { MpcError } from '../errors.ts';
import { FIELD_WASM_BASE64 } from './field-wasm.ts';
import { KernelMemory } from './kernel-memory.ts';

export const ELEMENT_BYTES = 16;
export const WEIGHT_BYTES = 8;
export const COLUMN_BYTES = 4;

/** Rows of a column, and so elements that `subsetTables` takes. */
export const COLUMN_ROWS = 32;

/** Four tables of 256 elements, as `subsetTables` writes and `lookup` reads them. */
export const SUBSET_TABLES_BYTES = 4 * 256 * ELEMENT_BYTES;

/** 32 * 32 sums of 8 bytes, row-major: what `crossProducts` writes. */
export const CROSS_PRODUCTS_BYTES = 32 * 32 * WEIGHT_BYTES;

/** `transposeRows` works on whole vectors of 128 bits. */
export const TRANSPOSE_COLUMNS = 128;

/** A call on so many elements takes some 10 to 40 microseconds: many calls for V8 to switch tiers between. */
const PART = 4096;

/** Columns of one pass of cross products: 512 KB of operands, which stay in the second-level cache. */
const CROSS_PART = 32_768;

/** Sums of 8 bytes for every pair of a nibble and a byte. */
const CROSS_TABLE_BYTES = 16 * 256 * WEIGHT_BYTES;

/** From so many columns on, 32 passes with tables of 32 KB (fixed cost 30 us) beat 64 with tables of 2 KB (5 us). */
const CROSS_BYTES_FROM = 1024;

/** Where operands and results of single products pass through the memory, below the heap. */
const LEFT = 0x40;
const RIGHT = 0x50;
const RESULT = 0x60;

/**
 * From so many elements on, tables or buckets by nibbles pay (fixed cost 0.5 us), and by bytes (2 to 3 us). Measured
 * crossings on a Xeon of 2023: 24 to 48 and 280 to 450, different for each kernel but too close to tell apart.
 */
const NIBBLES_FROM = 40;
const BYTES_FROM = 384;

/** Compiled once for all instances of this process; it holds code only. */
let compiled: WebAssembly.Module | undefined;

export class FieldKernels {
  readonly memory: KernelMemory;
  readonly #kernels: Exports;

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(FIELD_WASM_BASE64, 'base64'));
    // The one cast: these are the exports of the module that assemble.ts made from our own sources.
    this.#kernels = new WebAssembly.Instance(compiled).exports as WebAssembly.Exports & Exports;
    this.memory = new KernelMemory(this.#kernels.memory);
  }

  /** @param left 16 bytes @param right 16 bytes @returns their product, 16 bytes */
  multiply(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#put(LEFT, left);
    this.#put(RIGHT, right);
    this.#kernels.multiplyVector(LEFT, RIGHT, RESULT, 1);
    return this.#result();
  }

  /** out[c] = a[c] * b[c]; `out` may equal `a` or `b`. */
  multiplyVector(a: number, b: number, out: number, count: number): void {
    this.#require([a, b, out], count, ELEMENT_BYTES);
    inParts(count, (from, length) => {
      const at = from * ELEMENT_BYTES;
      this.#kernels.multiplyVector(a + at, b + at, out + at, length);
    });
  }

  /** out[c] = e[c] * b[c], e of 8 bytes each; `out` may equal `b`. */
  multiplyVector64(e: number, b: number, out: number, count: number): void {
    this.#require([e], count, WEIGHT_BYTES);
    this.#require([b, out], count, ELEMENT_BYTES);
    inParts(count, (from, length) => {
      const at = from * ELEMENT_BYTES;
      this.#kernels.multiplyVector64(e + from * WEIGHT_BYTES, b + at, out + at, length);
    });
  }

  /** The sum of a[c] * b[c], 16 bytes. */
  innerProduct(a: number, b: number, count: number): Uint8Array<ArrayBuffer> {
    this.#require([a, b], count, ELEMENT_BYTES);
    const kernels = this.#kernels;
    if (count < NIBBLES_FROM) {
      kernels.innerProductByProducts(a, b, count, RESULT);
      return this.#result();
    }
    const bits = count < BYTES_FROM ? 4 : 8;
    const collect = bits === 4 ? kernels.bucketNibbles : kernels.bucketBytes;
    kernels.clearBuckets((128 / bits) * 2 ** bits * ELEMENT_BYTES);
    inParts(count, (from, length) => {
      collect(a + from * ELEMENT_BYTES, b + from * ELEMENT_BYTES, length);
    });
    kernels.gatherBuckets(128 / bits, 2 ** bits, RESULT);
    return this.#result();
  }

  /** The sum of e[c] * b[c], 16 bytes; e of 8 bytes each. */
  innerProduct64(e: number, b: number, count: number): Uint8Array<ArrayBuffer> {
    this.#require([e], count, WEIGHT_BYTES);
    this.#require([b], count, ELEMENT_BYTES);
    const kernels = this.#kernels;
    if (count < NIBBLES_FROM) {
      kernels.innerProductByProducts64(e, b, count, RESULT);
      return this.#result();
    }
    const bits = count < BYTES_FROM ? 4 : 8;
    const collect = bits === 4 ? kernels.bucketNibbles64 : kernels.bucketBytes64;
    kernels.clearBuckets((64 / bits) * 2 ** bits * ELEMENT_BYTES);
    inParts(count, (from, length) => {
      collect(e + from * WEIGHT_BYTES, b + from * ELEMENT_BYTES, length);
    });
    kernels.gatherBuckets(64 / bits, 2 ** bits, RESULT);
    return this.#result();
  }

  /**
   * out[k] = low[k] + constant * (low[k] + high[k]): the line through low[k] at 0 and high[k] at 1, at `constant`.
   *
   * @param constant 16 bytes
   * @param out may equal `low` or `high`
   */
  foldByConstant(low: number, high: number, constant: Uint8Array, count: number, out: number): void {
    this.#require([low, high, out], count, ELEMENT_BYTES);
    this.#put(LEFT, constant);
    const kernels = this.#kernels;
    if (count < NIBBLES_FROM) {
      kernels.foldByProducts(low, high, count, out, LEFT);
      return;
    }
    const bits = count < BYTES_FROM ? 4 : 8;
    const fold = bits === 4 ? kernels.foldByNibbles : kernels.foldByBytes;
    kernels.tabulateMultiples(LEFT, 128 / bits, 2 ** bits);
    inParts(count, (from, length) => {
      const at = from * ELEMENT_BYTES;
      fold(low + at, high + at, length, out + at);
    });
  }

  /** out[k] = a[k] + b[k]; out may equal either. */
  addVectors(a: number, b: number, count: number, out: number): void {
    this.#require([a, b, out], count, ELEMENT_BYTES);
    inParts(count, (from, length) => {
      const at = from * ELEMENT_BYTES;
      this.#kernels.addVectors(a + at, b + at, length, out + at);
    });
  }

  /**
   * The sums of all subsets of 8 rows, for each of the four bytes of a column.
   *
   * @param elements 32 of them, one a row
   * @param out SUBSET_TABLES_BYTES
   */
  subsetTables(elements: number, out: number): void {
    this.#require([elements], COLUMN_ROWS, ELEMENT_BYTES);
    this.#require([out], 1, SUBSET_TABLES_BYTES);
    this.#kernels.subsetTables(elements, out);
  }

  /** out[c] = the sum of the elements of the rows whose bit is set in columns[c]. */
  lookup(columns: number, tables: number, count: number, out: number): void {
    this.#require([columns], count, COLUMN_BYTES);
    this.#require([tables], 1, SUBSET_TABLES_BYTES);
    this.#require([out], count, ELEMENT_BYTES);
    inParts(count, (from, length) => {
      this.#kernels.lookup(columns + from * COLUMN_BYTES, tables, length, out + from * ELEMENT_BYTES);
    });
  }

  /**
   * Rows of bits to columns.
   *
   * @param rows offset of row 0, packed least significant bit first
   * @param strideBytes from one row to the next
   * @param rowCount 8, 16, 24 or 32; the bits of the rows beyond are zero
   * @param columns a multiple of 128; every row has columns / 8 bytes
   * @param out one word a column
   * @throws MpcError KERNEL_OPERAND_SHAPE
   */
  transposeRows(rows: number, strideBytes: number, rowCount: number, columns: number, out: number): void {
    if (![8, 16, 24, 32].includes(rowCount) || columns % TRANSPOSE_COLUMNS !== 0) {
      throw new MpcError(
        'KERNEL_OPERAND_SHAPE',
        'a transposition takes 8, 16, 24 or 32 rows of whole vectors',
        {
          rowCount,
          columns,
        },
      );
    }
    if (!Number.isSafeInteger(strideBytes) || strideBytes < 0) {
      throw new MpcError('KERNEL_OPERAND_SHAPE', 'rows follow each other at a whole number of bytes', {
        strideBytes,
      });
    }
    this.memory.requireAllocated(rows, (rowCount - 1) * strideBytes + columns / 8);
    this.#require([out], columns, COLUMN_BYTES);
    inParts(columns / TRANSPOSE_COLUMNS, (from, steps) => {
      this.#kernels.transposeRows(
        rows + from * (TRANSPOSE_COLUMNS / 8),
        strideBytes,
        rowCount / 8,
        steps,
        out + from * TRANSPOSE_COLUMNS * COLUMN_BYTES,
      );
    });
  }

  /**
   * C[j][l] = the sum of e[c] over the columns c with bit j of columnsU[c] and bit l of columnsV[c] set.
   *
   * @param out CROSS_PRODUCTS_BYTES, row-major, overwritten
   */
  crossProducts(columnsU: number, columnsV: number, e: number, count: number, out: number): void {
    this.#require([columnsU, columnsV], count, COLUMN_BYTES);
    this.#require([e], count, WEIGHT_BYTES);
    this.#require([out], 1, CROSS_PRODUCTS_BYTES);
    this.memory.bytes(out, CROSS_PRODUCTS_BYTES).fill(0);
    const kernels = this.#kernels;
    const cross = count < CROSS_BYTES_FROM ? kernels.crossByNibbles : kernels.crossByBytes;
    kernels.clearBuckets(CROSS_TABLE_BYTES);
    for (let from = 0; from < count; from += CROSS_PART) {
      cross(
        columnsU + from * COLUMN_BYTES,
        columnsV + from * COLUMN_BYTES,
        e + from * WEIGHT_BYTES,
        Math.min(CROSS_PART, count - from),
        out,
      );
    }
  }

  /**
   * out = x0 & (y0 ^ y1) ^ x1 & y0 ^ mask, on words of 32 lanes: one party's summand of the AND of replicated shares.
   *
   * @param wordCount a multiple of 4
   * @throws MpcError KERNEL_OPERAND_SHAPE
   */
  andShares(
    x0: number,
    x1: number,
    y0: number,
    y1: number,
    mask: number,
    out: number,
    wordCount: number,
  ): void {
    if (wordCount % 4 !== 0) {
      throw new MpcError('KERNEL_OPERAND_SHAPE', 'the AND kernel works on whole vectors of four words', {
        wordCount,
      });
    }
    // Without `#require` and `inParts`: an array and a closure would take longer than the AND of a short vector. What
    // lies between two allocated places is allocated, so the lowest and the highest operand stand for all six.
    const { memory } = this;
    const bytes = 4 * wordCount;
    memory.requireAllocated(Math.min(x0, x1, y0, y1, mask, out), bytes);
    memory.requireAllocated(Math.max(x0, x1, y0, y1, mask, out), bytes);
    for (let at = 0; at < bytes; at += 16 * PART) {
      const vectors = Math.min(PART, (bytes - at) >>> 4);
      this.#kernels.andShares(x0 + at, x1 + at, y0 + at, y1 + at, mask + at, out + at, vectors);
    }
  }

  #require(offsets: readonly number[], count: number, bytesEach: number): void {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new MpcError('KERNEL_OPERAND_SHAPE', 'a count of elements is a whole number, not negative', {
        count,
      });
    }
    for (const offset of offsets) this.memory.requireAllocated(offset, count * bytesEach);
  }

  #put(offset: number, element: Uint8Array): void {
    if (element.length !== ELEMENT_BYTES) {
      throw new MpcError('KERNEL_OPERAND_SHAPE', `a field element has ${ELEMENT_BYTES} bytes`, {
        bytes: element.length,
      });
    }
    new Uint8Array(this.#kernels.memory.buffer, offset, ELEMENT_BYTES).set(element);
  }

  #result(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#kernels.memory.buffer.slice(RESULT, RESULT + ELEMENT_BYTES));
  }
}

/** What the module exports; the parameters are explained in the `.wat` files. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly multiplyVector: (a: number, b: number, out: number, count: number) => void;
  readonly multiplyVector64: (e: number, b: number, out: number, count: number) => void;
  readonly subsetTables: (elements: number, out: number) => void;
  readonly lookup: (columns: number, tables: number, count: number, out: number) => void;
  readonly clearBuckets: (byteCount: number) => void;
  readonly bucketBytes: (a: number, b: number, count: number) => void;
  readonly bucketNibbles: (a: number, b: number, count: number) => void;
  readonly bucketBytes64: (e: number, b: number, count: number) => void;
  readonly bucketNibbles64: (e: number, b: number, count: number) => void;
  readonly gatherBuckets: (tables: number, size: number, out: number) => void;
  readonly innerProductByProducts: (a: number, b: number, count: number, out: number) => void;
  readonly innerProductByProducts64: (e: number, b: number, count: number, out: number) => void;
  readonly tabulateMultiples: (constant: number, tables: number, size: number) => void;
  readonly foldByBytes: (low: number, high: number, count: number, out: number) => void;
  readonly foldByNibbles: (low: number, high: number, count: number, out: number) => void;
  readonly foldByProducts: (low: number, high: number, count: number, out: number, constant: number) => void;
  readonly addVectors: (a: number, b: number, count: number, out: number) => void;
  readonly transposeRows: (rows: number, stride: number, groups: number, steps: number, out: number) => void;
  readonly crossByBytes: (u: number, v: number, e: number, count: number, out: number) => void;
  readonly crossByNibbles: (u: number, v: number, e: number, count: number, out: number) => void;
  readonly andShares: (
    x0: number,
    x1: number,
    y0: number,
    y1: number,
    mask: number,
    out: number,
    vectors: number,
  ) => void;
}

function inParts(count: number, work: (from: number, length: number) => void): void {
  for (let from = 0; from < count; from += PART) work(from, Math.min(PART, count - from));
}
