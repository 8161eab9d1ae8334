import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assembleKernels } from '../../../mpc/kernels/assemble.ts';
import {
  CROSS_PRODUCTS_BYTES,
  ELEMENT_BYTES,
  FieldKernels,
  SUBSET_TABLES_BYTES,
  WEIGHT_BYTES,
} from '../../../mpc/kernels/field.ts';
import {
  columnsReference,
  crossProductsReference,
  foldReference,
  fromBytes,
  innerProductReference,
  lookupReference,
  multiplyReference,
  toBytes,
} from '../../support/reference/field-reference.ts';

const kernels = new FieldKernels();
const { memory } = kernels;

const ALL_ONES = 2n ** 128n - 1n;

/** Edge values as often as uniform ones. */
const element = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, ALL_ONES, 2n ** 127n, 2n ** 64n, 2n ** 64n - 1n, 0x87n),
  fc.bigInt({ min: 0n, max: ALL_ONES }),
);
const weight = fc.oneof(
  fc.constantFrom(0n, 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const column = fc.oneof(fc.constantFrom(0, 1, -1, 1 << 31), fc.integer());

/** Counts on both sides of every switch between methods; long ones are filled from one generator. */
const COUNTS = [0, 1, 2, 3, 39, 40, 41, 383, 384, 385, 4097] as const;

/** Deterministic values for lengths that fast-check would take too long to draw (splitmix64). */
function values(seed: bigint, count: number, bits: bigint): bigint[] {
  let state = seed;
  const word = () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let mixed = state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    return mixed ^ (mixed >> 31n);
  };
  return Array.from({ length: count }, () => BigInt.asUintN(Number(bits), (word() << 64n) | word()));
}

const columnsOf = (seed: bigint, count: number) =>
  values(seed, count, 32n).map((value) => Number(BigInt.asIntN(32, value)));

/** Runs `body` and frees what it allocated. */
function scoped<T>(body: () => T): T {
  const mark = memory.mark();
  try {
    return body();
  } finally {
    memory.release(mark);
  }
}

function put(elements: readonly bigint[], bytesEach: number): number {
  const offset = memory.allocate(elements.length * bytesEach);
  const bytes = memory.bytes(offset, elements.length * bytesEach);
  elements.forEach((value, index) => {
    bytes.set(toBytes(value, bytesEach), index * bytesEach);
  });
  return offset;
}

function putWords(columns: readonly number[]): number {
  const offset = memory.allocate(columns.length * 4);
  memory.words(offset, columns.length).set(columns);
  return offset;
}

function take(offset: number, count: number, bytesEach: number): bigint[] {
  const bytes = memory.bytes(offset, count * bytesEach);
  return Array.from({ length: count }, (_, index) =>
    fromBytes(bytes.subarray(index * bytesEach, (index + 1) * bytesEach)),
  );
}

const product = (left: bigint, right: bigint) =>
  fromBytes(kernels.multiply(toBytes(left, ELEMENT_BYTES), toBytes(right, ELEMENT_BYTES)));

test('the committed module is what the sources assemble to', async () => {
  const committed = new URL('../../../mpc/kernels/field-wasm.ts', import.meta.url);
  expect(await assembleKernels()).toBe(await readFile(committed, { encoding: 'utf8' }));
});

describe('products', () => {
  test('a product known from the definition: X^127 * X = X^7 + X^2 + X + 1', () => {
    expect(product(2n ** 127n, 2n)).toBe(0x87n);
    expect(product(2n ** 127n, 2n ** 127n)).toBe(multiplyReference(2n ** 127n, 2n ** 127n));
  });

  test('agree with schoolbook multiplication', () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        expect(product(a, b)).toBe(multiplyReference(a, b));
      }),
      { numRuns: 300 },
    );
  });

  test('obey the laws of a field', () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        expect(product(a, 1n)).toBe(a);
        expect(product(a, 0n)).toBe(0n);
        expect(product(a, b)).toBe(product(b, a));
        expect(product(product(a, b), c)).toBe(product(a, product(b, c)));
        expect(product(a, b ^ c)).toBe(product(a, b) ^ product(a, c));
      }),
    );
  });

  test('every element but zero has an inverse: a^(2^128 - 1) = 1', () => {
    fc.assert(
      fc.property(
        element.filter((a) => a !== 0n),
        (a) => {
          let power = 1n;
          for (let bit = 0; bit < 128; bit++) power = product(product(power, power), a);
          expect(power).toBe(1n);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('element by element, with 16-byte and 8-byte factors, in place as well', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(element, element, weight), { maxLength: 40 }), (terms) => {
        scoped(() => {
          const count = terms.length;
          const a = put(
            terms.map(([value]) => value),
            ELEMENT_BYTES,
          );
          const b = put(
            terms.map(([, value]) => value),
            ELEMENT_BYTES,
          );
          const e = put(
            terms.map(([, , value]) => value),
            WEIGHT_BYTES,
          );
          const out = memory.allocate(count * ELEMENT_BYTES);
          kernels.multiplyVector(a, b, out, count);
          expect(take(out, count, ELEMENT_BYTES)).toEqual(terms.map(([x, y]) => multiplyReference(x, y)));
          kernels.multiplyVector64(e, b, b, count);
          expect(take(b, count, ELEMENT_BYTES)).toEqual(terms.map(([, y, z]) => multiplyReference(z, y)));
        });
      }),
    );
  });
});

describe('inner products', () => {
  test.each(COUNTS)('of %i terms', (count) => {
    scoped(() => {
      const a = values(1n, count, 128n);
      const b = values(2n, count, 128n);
      const e = values(3n, count, 64n);
      const offsets = [put(a, ELEMENT_BYTES), put(b, ELEMENT_BYTES), put(e, WEIGHT_BYTES)] as const;
      expect(fromBytes(kernels.innerProduct(offsets[0], offsets[1], count))).toBe(
        innerProductReference(a, b),
      );
      expect(fromBytes(kernels.innerProduct64(offsets[2], offsets[1], count))).toBe(
        innerProductReference(e, b),
      );
    });
  });

  test('of edge values, repeated so that every method meets them', () => {
    fc.assert(
      fc.property(element, element, weight, fc.constantFrom(5, 41, 385), (a, b, e, count) => {
        scoped(() => {
          const repeat = (value: bigint) => new Array<bigint>(count).fill(value);
          const offsets = [
            put(repeat(a), ELEMENT_BYTES),
            put(repeat(b), ELEMENT_BYTES),
            put(repeat(e), WEIGHT_BYTES),
          ] as const;
          // An odd number of equal terms leaves one.
          expect(fromBytes(kernels.innerProduct(offsets[0], offsets[1], count))).toBe(
            multiplyReference(a, b),
          );
          expect(fromBytes(kernels.innerProduct64(offsets[2], offsets[1], count))).toBe(
            multiplyReference(e, b),
          );
        });
      }),
      { numRuns: 30 },
    );
  });
});

describe('folding by a constant', () => {
  test.each(COUNTS)('%i elements, onto the low half', (count) => {
    scoped(() => {
      const low = values(4n, count, 128n);
      const high = values(5n, count, 128n);
      for (const constant of [0n, 1n, ALL_ONES, ...values(6n, 1, 128n)]) {
        const lowAt = put(low, ELEMENT_BYTES);
        const highAt = put(high, ELEMENT_BYTES);
        kernels.foldByConstant(lowAt, highAt, toBytes(constant, ELEMENT_BYTES), count, lowAt);
        expect(take(lowAt, count, ELEMENT_BYTES)).toEqual(foldReference(low, high, constant));
      }
    });
  });
});

test.each(COUNTS)('the sum of two vectors of %i elements', (count) => {
  scoped(() => {
    const a = values(7n, count, 128n);
    const b = values(8n, count, 128n);
    const aAt = put(a, ELEMENT_BYTES);
    kernels.addVectors(aAt, put(b, ELEMENT_BYTES), count, aAt);
    expect(take(aAt, count, ELEMENT_BYTES)).toEqual(a.map((value, index) => value ^ b[index]!));
  });
});

describe('columns of bits', () => {
  test.each([8, 16, 24, 32])('%i rows are transposed to words', (rowCount) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 40 }),
        fc.bigInt(),
        (steps, gap, seed) => {
          scoped(() => {
            const columns = 128 * steps;
            const stride = columns / 8 + gap;
            const bytes = Uint8Array.from(values(seed, rowCount * stride, 8n), Number);
            const rows = memory.allocate(bytes.length);
            const out = memory.allocate(columns * 4);
            memory.bytes(rows, bytes.length).set(bytes);
            kernels.transposeRows(rows, stride, rowCount, columns, out);
            const bits = Array.from({ length: rowCount }, (_, row) =>
              Array.from({ length: columns }, (_, c) =>
                ((bytes[row * stride + (c >> 3)]! >> (c & 7)) & 1) === 1 ? 1 : 0,
              ),
            );
            expect([...memory.words(out, columns)]).toEqual(columnsReference(bits, columns));
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a look-up adds the elements of the rows whose bit is set', () => {
    fc.assert(
      fc.property(
        fc.array(element, { minLength: 32, maxLength: 32 }),
        fc.array(column, { maxLength: 50 }),
        (elements, columns) => {
          scoped(() => {
            const tables = memory.allocate(SUBSET_TABLES_BYTES);
            const out = memory.allocate(columns.length * ELEMENT_BYTES);
            kernels.subsetTables(put(elements, ELEMENT_BYTES), tables);
            kernels.lookup(putWords(columns), tables, columns.length, out);
            expect(take(out, columns.length, ELEMENT_BYTES)).toEqual(lookupReference(columns, elements));
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([0, 1, 2, 31, 1023, 1024, 1027])('cross products of %i random columns', (count) => {
    scoped(() => {
      const u = columnsOf(7n, count);
      const v = columnsOf(8n, count);
      const e = values(9n, count, 64n);
      const out = memory.allocate(CROSS_PRODUCTS_BYTES);
      kernels.crossProducts(putWords(u), putWords(v), put(e, WEIGHT_BYTES), count, out);
      expect(take(out, 1024, WEIGHT_BYTES)).toEqual(crossProductsReference(u, v, e));
    });
  });

  test('cross products of edge columns', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(column, column, weight), { maxLength: 12 }), (terms) => {
        scoped(() => {
          const u = terms.map(([value]) => value);
          const v = terms.map(([, value]) => value);
          const e = terms.map(([, , value]) => value);
          const out = memory.allocate(CROSS_PRODUCTS_BYTES);
          kernels.crossProducts(putWords(u), putWords(v), put(e, WEIGHT_BYTES), terms.length, out);
          expect(take(out, 1024, WEIGHT_BYTES)).toEqual(crossProductsReference(u, v, e));
        });
      }),
      { numRuns: 30 },
    );
  });

  test('the AND of shares, word by word', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(column, column, column, column, column), { maxLength: 20 }), (quads) => {
        scoped(() => {
          const lanes = quads.flatMap((quad) => [quad, quad, quad, quad]);
          const [x0, x1, y0, y1, mask] = ([0, 1, 2, 3, 4] as const).map((k) =>
            putWords(lanes.map((l) => l[k])),
          );
          const out = memory.allocate(lanes.length * 4);
          kernels.andShares(x0!, x1!, y0!, y1!, mask!, out, lanes.length);
          expect([...memory.words(out, lanes.length)]).toEqual(
            lanes.map(([a, b, c, d, m]) => (a & c) ^ (a & d) ^ (b & c) ^ m),
          );
        });
      }),
    );
  });
});
