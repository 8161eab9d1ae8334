import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planesOf, planesOfShares, valuesOf } from '../../../mpc/bits/bit-planes.ts';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';

const table = fc
  .integer({ min: 1, max: 80 })
  .chain((bits) =>
    fc.tuple(
      fc.constant(bits),
      fc.array(fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }), { maxLength: 100 }),
    ),
  );

function shareOf(value: bigint, bits: number): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(bits / 8) }, (_, byte) =>
    Number((value >> BigInt(8 * byte)) & 255n),
  );
}

describe('planesOf', () => {
  test('lane p * n + c is bit p of value c', () => {
    const planes = planesOf([0b01n, 0b10n, 0b11n], 2);
    expect(Array.from({ length: 6 }, (_, lane) => planes.get(lane))).toEqual([1, 0, 1, 0, 1, 1]);
  });

  test('valuesOf undoes it', () => {
    fc.assert(
      fc.property(table, ([bits, values]) => {
        expect(valuesOf(planesOf(values, bits), bits)).toEqual(values);
      }),
    );
  });

  test.each([-1n, 16n, 2n ** 64n])('refuses a value that does not fit, without naming it', (value) => {
    expect(() => planesOf([1n, value], 4)).toThrow(/VALUE_OUT_OF_RANGE/);
    expect(() => planesOf([1n, value], 4)).not.toThrow(new RegExp(String(value)));
  });

  test('valuesOf refuses lanes that are no whole planes', () => {
    expect(() => valuesOf(BitVector.zeros(7), 2)).toThrow(/BIT_VECTOR_SHAPE/);
  });
});

describe('planesOfShares', () => {
  test('equals its readable twin', () => {
    fc.assert(
      fc.property(table, ([bits, values]) => {
        const shares = values.map((value) => shareOf(value, bits));
        expect(planesOfShares(shares, bits).words).toEqual(planesOf(values, bits).words);
      }),
      { numRuns: 400 },
    );
  });

  test('equals its twin where candidates fill words exactly', () => {
    for (const bits of [1, 8, 31, 32, 33, 63, 64]) {
      for (const count of [31, 32, 33, 64, 96]) {
        const values = Array.from(
          { length: count },
          (_, index) => (BigInt(index + 1) * 0x9e3779b97f4a7c15n) % 2n ** BigInt(bits),
        );
        const shares = values.map((value) => shareOf(value, bits));
        expect(planesOfShares(shares, bits).equals(planesOf(values, bits))).toBe(true);
      }
    }
  });

  test('reads shares that are views into a larger buffer', () => {
    const buffer = Uint8Array.from([9, 9, 0x34, 0x12, 9]);
    expect(valuesOf(planesOfShares([buffer.subarray(2, 4)], 16), 16)).toEqual([0x1234n]);
  });

  test('refuses a wrong length and any bit beyond the last', () => {
    expect(() => planesOfShares([new Uint8Array(2), new Uint8Array(3)], 16)).toThrow(/MESSAGE_MALFORMED/);
    expect(() => planesOfShares([new Uint8Array(1)], 16)).toThrow(/MESSAGE_MALFORMED/);
    for (let bits = 1; bits <= 64; bits++) {
      for (let bit = bits; bit < Math.ceil(bits / 8) * 8; bit++) {
        const share = shareOf(1n << BigInt(bit), Math.ceil(bits / 8) * 8);
        expect(() => planesOfShares([share], bits)).toThrow(/MESSAGE_MALFORMED/);
      }
    }
  });
});
