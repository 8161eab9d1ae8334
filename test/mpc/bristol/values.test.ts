import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { valuesOf } from '../../../mpc/bits/bit-planes.ts';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { evaluateBristol } from '../../../mpc/bristol/evaluate.ts';
import { formatHexOutputs, parseHexInputs } from '../../../mpc/bristol/values.ts';
import { evaluateClear } from './run-file.ts';

const mismatch = (problem: RegExp) =>
  expect.objectContaining({ code: 'BRISTOL_INPUT_MISMATCH', message: expect.stringMatching(problem) });

describe('hexadecimal values', () => {
  test('put the least significant bit on wire 0', () => {
    const [value] = parseHexInputs(['0x2C'], [7]);
    expect([0, 1, 2, 3, 4, 5, 6].map((lane) => value!.get(lane))).toEqual([0, 0, 1, 1, 0, 1, 0]);
  });

  test('are read and written as numbers of every width', () => {
    const valueArbitrary = fc
      .integer({ min: 1, max: 300 })
      .chain((bits) => fc.tuple(fc.constant(bits), fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n })));
    fc.assert(
      fc.property(fc.array(valueArbitrary, { maxLength: 4 }), (drawn) => {
        const texts = drawn.map(([, value]) => `0x${value.toString(16)}`);
        const widths = drawn.map(([bits]) => bits);
        const vectors = parseHexInputs(texts, widths);
        expect(vectors.map((vector, i) => valuesOf(vector, widths[i]!)[0])).toEqual(drawn.map(([, v]) => v));
        expect(formatHexOutputs(vectors)).toEqual(
          drawn.map(([bits, value]) => `0x${value.toString(16).padStart(Math.ceil(bits / 4), '0')}`),
        );
      }),
    );
  });

  test('have ceil(bits / 4) digits in lower case', () => {
    expect(formatHexOutputs([BitVector.ones(9), BitVector.zeros(8), BitVector.ones(4)])).toEqual([
      '0x1ff',
      '0x00',
      '0xf',
    ]);
  });

  test('may have leading zeros beyond their width', () => {
    expect(valuesOf(parseHexInputs(['0x0000000000003'], [2])[0]!, 2)).toEqual([3n]);
  });

  test.each([
    ['one value too few', ['0x1'], [4, 4], /takes 2 input values, but 1 were given/],
    ['one value too many', ['0x1', '0x1'], [4], /takes 1 input values, but 2 were given/],
    ['a value one bit too long', ['0x0', '0x8'], [3, 3], /input value 1 has more than the 3 bits/],
    ['a value one digit too long', ['0x100'], [8], /input value 0 has more than the 8 bits/],
    ['a number without 0x', ['12'], [8], /not a hexadecimal number/],
    ['no digits', ['0x'], [8], /not a hexadecimal number/],
    ['other characters', ['0x1g'], [8], /not a hexadecimal number/],
    ['a line feed at the end', ['0x1\n'], [8], /not a hexadecimal number/],
  ])('refuse %s', (_, texts, widths, problem) => {
    expect(() => parseHexInputs(texts, widths)).toThrowError(mismatch(problem));
  });

  test('are never repeated in a refusal', () => {
    for (const text of ['0xdeadbeef', 'deadbeef']) {
      expect(() => parseHexInputs([text], [8])).toThrowError(
        expect.objectContaining({ message: expect.not.stringContaining('deadbeef') }),
      );
    }
  });
});

describe('evaluateBristol', () => {
  const halfAdder = '2 4\n2 1 1\n1 2\n2 1 0 1 2 XOR\n2 1 0 1 3 AND\n';

  test('goes from numbers to numbers', async () => {
    expect(await evaluateBristol(halfAdder, ['0x1', '0x1'], evaluateClear)).toEqual(['0x2']);
    expect(await evaluateBristol(halfAdder, ['0x1', '0x0'], evaluateClear)).toEqual(['0x1']);
  });

  test('evaluates nothing when a value does not fit', async () => {
    const never = () => Promise.reject(new Error('evaluated'));
    await expect(evaluateBristol(halfAdder, ['0x2', '0x1'], never)).rejects.toThrowError(mismatch(/1 bits/));
  });

  test('refuses an evaluation that yields other outputs', async () => {
    await expect(evaluateBristol(halfAdder, ['0x1', '0x1'], async () => new Map())).rejects.toThrowError(
      expect.objectContaining({ code: 'CIRCUIT_INVALID' }),
    );
  });
});
