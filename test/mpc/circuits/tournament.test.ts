import { describe, expect, test } from 'vitest';
import { ceilLog2, indexBitsOf, isPowerOfTwo, levelsOf } from '../../../mpc/circuits/tournament.ts';

describe('levelsOf', () => {
  test('powers of two carry the index within the run, digits on top', () => {
    const levels = levelsOf({ candidates: 1002, bits: 64, price: 'best', groups: [8, 4, 32] });
    expect(levels).toEqual([
      {
        entries: 1002,
        size: 8,
        groups: 126,
        first: true,
        last: false,
        carriedBits: 0,
        indexBits: 3,
        absolute: false,
      },
      {
        entries: 126,
        size: 4,
        groups: 32,
        first: false,
        last: false,
        carriedBits: 3,
        indexBits: 5,
        absolute: false,
      },
      {
        entries: 32,
        size: 32,
        groups: 1,
        first: false,
        last: true,
        carriedBits: 5,
        indexBits: 10,
        absolute: false,
      },
    ]);
  });

  test('the first other run writes the whole index, once', () => {
    const levels = levelsOf({ candidates: 1002, bits: 64, price: 'best', groups: [4, 5, 6, 9] });
    expect(
      levels.map(({ carriedBits, indexBits, absolute }) => ({ carriedBits, indexBits, absolute })),
    ).toEqual([
      { carriedBits: 0, indexBits: 2, absolute: false },
      { carriedBits: 2, indexBits: 10, absolute: true },
      { carriedBits: 10, indexBits: 10, absolute: false },
      { carriedBits: 10, indexBits: 10, absolute: false },
    ]);
  });
});

test('logarithms are exact at and around powers of two', () => {
  for (let exponent = 1; exponent <= 30; exponent++) {
    const power = 2 ** exponent;
    expect([ceilLog2(power), ceilLog2(power + 1)]).toEqual([exponent, exponent + 1]);
    expect([isPowerOfTwo(power), isPowerOfTwo(power + 1)]).toEqual([true, false]);
  }
  expect([1, 2, 3, 4, 5, 1000, 1024, 1025].map(indexBitsOf)).toEqual([1, 1, 2, 2, 3, 10, 10, 11]);
  expect([ceilLog2(1), isPowerOfTwo(1)]).toEqual([0, true]);
});
