import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountOf, bitsOf, formatAmount, MAX_AMOUNT, parseAmount, rankOf } from '../../auction/amount.ts';
import { refused } from './fixture.ts';

const decimals = fc.integer({ min: 0, max: 8 });
const amounts = fc.bigInt({ min: 0n, max: MAX_AMOUNT });
const directions = fc.constantFrom('lowest' as const, 'highest' as const);

describe('amounts', () => {
  it('reads what it writes, exactly, for every amount and precision', () => {
    fc.assert(
      fc.property(amounts, decimals, (amount, places) => {
        expect(parseAmount(formatAmount(amount, places), places)).toBe(amount);
      }),
    );
  });

  it.each([
    ['12', 2, 1200n],
    ['12.5', 2, 1250n],
    ['12.50', 2, 1250n],
    ['0.07', 2, 7n],
    ['0', 0, 0n],
    ['007', 0, 7n],
    ['1.005', 3, 1005n],
    ['90071992547409.93', 2, 9007199254740993n],
    ['18446744073709551615', 0, MAX_AMOUNT],
    ['0.00000001', 8, 1n],
  ])('%s with %i decimals is %i minor units', (text, places, minorUnits) => {
    expect(parseAmount(text, places)).toBe(minorUnits);
  });

  it.each([
    ['', 'AMOUNT_MALFORMED'],
    ['.5', 'AMOUNT_MALFORMED'],
    ['5.', 'AMOUNT_MALFORMED'],
    ['+5', 'AMOUNT_MALFORMED'],
    ['1e3', 'AMOUNT_MALFORMED'],
    ['1,000', 'AMOUNT_MALFORMED'],
    [' 5', 'AMOUNT_MALFORMED'],
    ['5\n', 'AMOUNT_MALFORMED'],
    ['0x10', 'AMOUNT_MALFORMED'],
    ['٣', 'AMOUNT_MALFORMED'],
    ['--5', 'AMOUNT_MALFORMED'],
    ['Infinity', 'AMOUNT_MALFORMED'],
    ['-5', 'AMOUNT_NEGATIVE'],
    ['-0.01', 'AMOUNT_NEGATIVE'],
    ['5.001', 'AMOUNT_TOO_PRECISE'],
    ['5.000', 'AMOUNT_TOO_PRECISE'],
    ['184467440737095516.16', 'AMOUNT_TOO_LARGE'],
    ['9'.repeat(5000), 'AMOUNT_TOO_LARGE'],
  ] as const)('refuses %j as %s', (text, code) => {
    refused(() => parseAmount(text, 2), code);
  });

  it('never repeats what was typed, since a bid is secret', () => {
    for (const text of ['7654321e', '-7654321', '7654321.999', '7654321'.repeat(5)]) {
      try {
        parseAmount(text, 2);
        expect.unreachable();
      } catch (error) {
        expect(String(error)).not.toContain('7654321');
      }
    }
  });

  it('writes exactly the decimals of the currency', () => {
    expect(formatAmount(5n, 2)).toBe('0.05');
    expect(formatAmount(500n, 2)).toBe('5.00');
    expect(formatAmount(5n, 0)).toBe('5');
    refused(() => formatAmount(-1n, 2), 'AMOUNT_NEGATIVE');
    expect(() => formatAmount(1n, 9)).toThrow(RangeError);
  });
});

describe('ranks', () => {
  it('fit in the bits of the ceiling and give the amount back', () => {
    const ceilings = fc.bigInt({ min: 1n, max: MAX_AMOUNT });
    fc.assert(
      fc.property(ceilings, amounts, directions, (ceiling, any, direction) => {
        const terms = { direction, ceiling };
        const amount = any % (ceiling + 1n);
        const rank = rankOf(amount, terms);
        expect(rank >> BigInt(bitsOf(ceiling))).toBe(0n);
        expect(rank).toBeGreaterThanOrEqual(0n);
        expect(amountOf(rank, terms)).toBe(amount);
      }),
    );
  });

  it('are smaller for better amounts', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 20n }), (one, other) => {
        const better = (direction: 'lowest' | 'highest') =>
          rankOf(one, { direction, ceiling: 20n }) < rankOf(other, { direction, ceiling: 20n });
        expect(better('lowest')).toBe(one < other);
        expect(better('highest')).toBe(one > other);
      }),
    );
  });

  it('exist for no amount over the ceiling and for no negative one', () => {
    for (const direction of ['lowest', 'highest'] as const) {
      refused(() => rankOf(101n, { direction, ceiling: 100n }), 'AMOUNT_OVER_CEILING');
      refused(() => rankOf(-1n, { direction, ceiling: 100n }), 'AMOUNT_NEGATIVE');
      refused(() => amountOf(101n, { direction, ceiling: 100n }), 'AMOUNT_OVER_CEILING');
    }
  });

  it.each([
    [1n, 1],
    [2n, 2],
    [3n, 2],
    [4n, 3],
    [255n, 8],
    [256n, 9],
    [MAX_AMOUNT, 64],
  ])('of ceiling %i have %i bits', (ceiling, bits) => {
    expect(bitsOf(ceiling)).toBe(bits);
  });

  it('need a ceiling above zero and within 64 bits', () => {
    refused(() => bitsOf(0n), 'AMOUNT_MALFORMED');
    refused(() => bitsOf(MAX_AMOUNT + 1n), 'AMOUNT_TOO_LARGE');
  });
});
