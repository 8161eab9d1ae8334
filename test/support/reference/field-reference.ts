/**
 * The slow twins of mpc/kernels: every kernel again, in BigInt and loops over bits, as close to the definitions as code
 * can be. Only for tests.
 */

/** X^128 = X^7 + X^2 + X + 1. */
const MODULUS = (1n << 128n) | 0x87n;

export type Bits = readonly (0 | 1)[];

/** Schoolbook: shift and add, then subtract the modulus from the top down. */
export function multiplyReference(left: bigint, right: bigint): bigint {
  let product = 0n;
  for (let bit = 0n; bit < 128n; bit++) {
    if ((left >> bit) & 1n) product ^= right << bit;
  }
  for (let bit = 255n; bit >= 128n; bit--) {
    if ((product >> bit) & 1n) product ^= MODULUS << (bit - 128n);
  }
  return product;
}

export function innerProductReference(left: readonly bigint[], right: readonly bigint[]): bigint {
  return sum(left.map((value, index) => multiplyReference(value, right[index]!)));
}

export function foldReference(
  low: readonly bigint[],
  high: readonly bigint[],
  constant: bigint,
): readonly bigint[] {
  return low.map((value, index) => value ^ multiplyReference(constant, value ^ high[index]!));
}

/** @param rows bits of each row, column 0 first; row j becomes bit j of every column */
export function columnsReference(rows: readonly Bits[], columns: number): readonly number[] {
  return Array.from({ length: columns }, (_, column) =>
    rows.reduce((word, row, index) => word | ((row[column] ?? 0) << index), 0),
  );
}

export function lookupReference(columns: readonly number[], elements: readonly bigint[]): readonly bigint[] {
  return columns.map((column) => sum(elements.filter((_, row) => bitOf(column, row) === 1)));
}

/** Row-major, 32 * 32. */
export function crossProductsReference(
  columnsU: readonly number[],
  columnsV: readonly number[],
  weights: readonly bigint[],
): readonly bigint[] {
  return Array.from({ length: 32 * 32 }, (_, index) => {
    const rowU = Math.floor(index / 32);
    const rowV = index % 32;
    return sum(weights.filter((_, c) => bitOf(columnsU[c]!, rowU) === 1 && bitOf(columnsV[c]!, rowV) === 1));
  });
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total ^ value, 0n);
}

/** Little-endian. */
export function toBytes(value: bigint, byteCount: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: byteCount }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function bitOf(word: number, bit: number): number {
  return (word >>> bit) & 1;
}
