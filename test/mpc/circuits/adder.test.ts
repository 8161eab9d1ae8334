import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planesOf, valuesOf } from '../../../mpc/bits/bit-planes.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { type CircuitCost, cost } from '../../../mpc/circuit/cost.ts';
import { addModulo, addWithCarry } from '../../../mpc/circuits/adder.ts';
import { runClear } from './run-clear.ts';

/** Both sums of each pair: modulo 2^bits, and in full. */
async function sums(left: bigint[], right: bigint[], bits: number): Promise<[bigint[], bigint[]]> {
  const { outputs } = await runClear(
    { left: planesOf(left, bits), right: planesOf(right, bits) },
    (builder, { left: l, right: r }) => ({
      modulo: addModulo(builder, l!, r!, bits, left.length),
      full: addWithCarry(builder, l!, r!, bits, left.length),
    }),
  );
  return [valuesOf(outputs.get('modulo')!, bits), valuesOf(outputs.get('full')!, bits + 1)];
}

function adderCost(add: typeof addModulo, bits: number, pairs: number): CircuitCost {
  const builder = new CircuitBuilder();
  const left = builder.input('left', bits * pairs);
  const right = builder.input('right', bits * pairs);
  builder.output('sum', add(builder, left, right, bits, pairs));
  return cost(builder.build());
}

describe('adders', () => {
  test.each([1, 2, 3, 4, 5])('are right on every pair of %i-bit numbers', async (bits) => {
    const numbers = Array.from({ length: 2 ** bits }, (_, value) => BigInt(value));
    const left = numbers.flatMap((value) => numbers.map(() => value));
    const right = numbers.flatMap(() => numbers);
    const [modulo, full] = await sums(left, right, bits);
    expect(full).toEqual(left.map((value, i) => value + right[i]!));
    expect(modulo).toEqual(full.map((value) => BigInt.asUintN(bits, value)));
  });

  test('are right at every width from 1 to 70 on random numbers and long carries', async () => {
    for (let bits = 1; bits <= 70; bits++) {
      const top = 2n ** BigInt(bits) - 1n;
      const number = fc.bigInt({ min: 0n, max: top });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 20 }),
          async (drawn) => {
            const pairs = drawn.flatMap(([a, b]) => [
              [a, b],
              [a, top - a],
              [a, top - a + (a === 0n ? 0n : 1n)],
              [top, a],
            ]);
            const left = pairs.map((pair) => pair[0]!);
            const right = pairs.map((pair) => pair[1]!);
            const [modulo, full] = await sums(left, right, bits);
            expect(full).toEqual(left.map((a, i) => a + right[i]!));
            expect(modulo).toEqual(full.map((value) => BigInt.asUintN(bits, value)));
          },
        ),
        { numRuns: 3 },
      );
    }
  });

  test('take ceil(log2 n) layers of one operation, for n = bits, or bits + 1 with the carry', () => {
    for (let bits = 1; bits <= 130; bits++) {
      expect(adderCost(addModulo, bits, 8).depth).toBe(Math.ceil(Math.log2(bits)));
      const withCarry = adderCost(addWithCarry, bits, 8);
      expect(withCarry.depth).toBe(Math.ceil(Math.log2(bits + 1)));
      for (const { ands, bytes } of withCarry.layers) expect(bytes).toBe(ands / 8);
    }
  });

  test.each([
    [1, 0],
    [2, 1],
    [4, 5],
    [8, 17],
    [16, 47],
    [32, 117],
    [64, 273],
  ])('cost, for %i bits modulo, %i ANDs a pair', (bits, ands) => {
    expect(adderCost(addModulo, bits, 3).ands).toBe(3 * ands);
  });

  test.each([
    [63, 1],
    [65, 1],
    [64, 2],
  ])('refuse operands that are not bits * pairs lanes (%i bits, %i pairs)', (bits, pairs) => {
    const builder = new CircuitBuilder();
    const planes = builder.input('planes', 64);
    for (const add of [addModulo, addWithCarry]) {
      expect(() => add(builder, planes, planes, bits, pairs)).toThrowError(
        expect.objectContaining({ code: 'CIRCUIT_INVALID' }),
      );
    }
  });
});
