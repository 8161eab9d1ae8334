import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { type CircuitCost, cost } from '../../../mpc/circuit/cost.ts';
import { argBest } from '../../../mpc/circuits/arg-best.ts';
import type { ArgBestShape } from '../../../mpc/circuits/tournament.ts';
import { levelsOf } from '../../../mpc/circuits/tournament.ts';
import { argBestCost, widestVector } from '../../../mpc/planner/arg-best-cost.ts';

function built(shape: ArgBestShape): { readonly cost: CircuitCost; readonly widest: number } {
  const builder = new CircuitBuilder();
  const { winner, price } = argBest(builder, builder.input('values', shape.candidates * shape.bits), shape);
  builder.output('winner', winner);
  builder.output('price', price);
  const circuit = builder.build();
  return { cost: cost(circuit), widest: circuit.lanes.reduce((most, lanes) => Math.max(most, lanes), 0) };
}

function predictedWidest(shape: ArgBestShape): number {
  const levels = levelsOf(shape).map((level) => widestVector(level, shape.bits, shape.price));
  return Math.max(shape.candidates * shape.bits, ...levels);
}

function expectEqual(shape: ArgBestShape): void {
  const actual = built(shape);
  expect(argBestCost(shape), JSON.stringify(shape)).toEqual(actual.cost);
  expect(actual.widest, JSON.stringify(shape)).toBeLessThanOrEqual(predictedWidest(shape));
}

describe('argBestCost', () => {
  test('equals the cost of the circuit for every two-level grouping of up to 14 candidates', () => {
    for (let candidates = 2; candidates <= 14; candidates++) {
      for (let size = 2; size <= candidates; size++) {
        const left = Math.ceil(candidates / size);
        const groups = left === 1 ? [size] : [size, left];
        for (const price of ['best', 'second'] as const) {
          for (const bits of [1, 2, 3, 8, 31, 32]) expectEqual({ candidates, bits, price, groups });
        }
      }
    }
  });

  test('equals the cost of the circuit for any number of levels, sizes and widths', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 600 }),
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom<'best' | 'second'>('best', 'second'),
        fc.array(fc.integer({ min: 2, max: 24 }), { minLength: 12, maxLength: 12 }),
        (candidates, bits, price, draws) => {
          const groups: number[] = [];
          for (let left = candidates, level = 0; left > 1; level++) {
            const size = draws[level]!;
            groups.push(size);
            left = Math.ceil(left / size);
          }
          expectEqual({ candidates, bits, price, groups });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of a single candidate is nothing but the opening', () => {
    expectEqual({ candidates: 1, bits: 64, price: 'best', groups: [] });
  });
});
