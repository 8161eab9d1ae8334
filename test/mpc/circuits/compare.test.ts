import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planesOf } from '../../../mpc/bits/bit-planes.ts';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { type CircuitCost, cost } from '../../../mpc/circuit/cost.ts';
import { lessThan } from '../../../mpc/circuits/compare.ts';
import { bitsOf, runClear } from './run-clear.ts';

async function compared(left: bigint[], right: bigint[], bits: number): Promise<number[]> {
  const { outputs } = await runClear(
    { left: planesOf(left, bits), right: planesOf(right, bits) },
    (builder, { left: l, right: r }) => ({ less: lessThan(builder, l!, r!, bits, left.length) }),
  );
  return bitsOf(outputs.get('less'));
}

function comparisonCost(bits: number, pairs: number): CircuitCost {
  const builder = new CircuitBuilder();
  const left = builder.input('left', bits * pairs);
  const right = builder.input('right', bits * pairs);
  builder.output('less', lessThan(builder, left, right, bits, pairs));
  return cost(builder.build());
}

describe('lessThan', () => {
  test.each([1, 2, 3, 4, 5])('is right on every pair of %i-bit numbers', async (bits) => {
    const numbers = Array.from({ length: 2 ** bits }, (_, value) => BigInt(value));
    const left = numbers.flatMap((value) => numbers.map(() => value));
    const right = numbers.flatMap(() => numbers);
    expect(await compared(left, right, bits)).toEqual(left.map((value, i) => (value < right[i]! ? 1 : 0)));
  });

  test('is right at every width from 1 to 64 on equal, adjacent and random numbers', async () => {
    for (let bits = 1; bits <= 64; bits++) {
      const top = 2n ** BigInt(bits) - 1n;
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(fc.bigInt({ min: 0n, max: top }), fc.bigInt({ min: 0n, max: top }), fc.nat(bits - 1)),
            { minLength: 1, maxLength: 20 },
          ),
          async (drawn) => {
            const pairs = drawn.flatMap(([a, b, bit]) => [
              [a, b],
              [a, a],
              [a, a ^ (1n << BigInt(bit))],
              [0n, a],
              [a, top],
            ]);
            const left = pairs.map((pair) => pair[0]!);
            const right = pairs.map((pair) => pair[1]!);
            expect(await compared(left, right, bits)).toEqual(left.map((a, i) => (a < right[i]! ? 1 : 0)));
          },
        ),
        { numRuns: 3 },
      );
    }
  });

  test('takes ceil(log2(k + 1)) layers and 2k - ceil(log2(k + 1)) ANDs a pair at every width', () => {
    for (let bits = 1; bits <= 64; bits++) {
      const depth = bits.toString(2).length;
      for (const pairs of [1, 32, 33]) {
        const { depth: layers, ands } = comparisonCost(bits, pairs);
        expect({ bits, layers, ands }).toEqual({ bits, layers: depth, ands: (2 * bits - depth) * pairs });
      }
    }
  });

  test('never takes more layers or ANDs than the textbook comparison', () => {
    for (let bits = 2; bits <= 64; bits++) {
      const log = (bits - 1).toString(2).length;
      const { depth, ands } = comparisonCost(bits, 1);
      expect(depth).toBeLessThanOrEqual(1 + log);
      expect(ands).toBeLessThanOrEqual(3 * bits - 2 - log);
    }
    expect(comparisonCost(64, 1)).toMatchObject({ depth: 7, ands: 121 });
    expect(comparisonCost(32, 1)).toMatchObject({ depth: 6, ands: 58 });
  });

  test('sends one AND operation a layer', () => {
    const builder = new CircuitBuilder();
    const left = builder.input('left', 64 * 5);
    const right = builder.input('right', 64 * 5);
    builder.output('less', lessThan(builder, left, right, 64, 5));
    const circuit = builder.build();
    expect(circuit.operations.filter(({ kind }) => kind === 'and')).toHaveLength(circuit.depth);
  });

  test('refuses vectors that are not bits * pairs lanes', () => {
    const builder = new CircuitBuilder();
    const good = builder.input('good', 12);
    const bad = builder.constant(BitVector.zeros(13));
    expect(() => lessThan(builder, good, bad, 4, 3)).toThrow(/CIRCUIT_INVALID/);
    expect(() => lessThan(builder, bad, good, 4, 3)).toThrow(/CIRCUIT_INVALID/);
    expect(() => lessThan(builder, good, good, 0, 3)).toThrow(/CIRCUIT_INVALID/);
  });
});
