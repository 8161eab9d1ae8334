import { describe, expect, test } from 'vitest';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { cost, mergeCosts } from '../../../mpc/circuit/cost.ts';
import { argBest } from '../../../mpc/circuits/arg-best.ts';
import type { ArgBestShape } from '../../../mpc/circuits/tournament.ts';

function place(builder: CircuitBuilder, lot: number, shape: ArgBestShape): void {
  const values = builder.input(`values ${lot}`, shape.candidates * shape.bits);
  const { winner, price } = argBest(builder, values, shape);
  builder.output(`winner ${lot}`, winner);
  builder.output(`price ${lot}`, price);
}

describe('cost', () => {
  test('rounds each operation up to whole bytes, layer by layer', () => {
    const builder = new CircuitBuilder();
    const x = builder.input('x', 9);
    const product = builder.and(builder.and(x, x), x);
    builder.and(builder.slice(x, 0, 3), builder.slice(x, 3, 3));
    builder.output('z', product);
    expect(cost(builder.build())).toEqual({
      depth: 2,
      ands: 21,
      layers: [
        { ands: 12, bytes: 3 },
        { ands: 9, bytes: 2 },
      ],
      outputLanes: [9],
    });
  });
});

describe('mergeCosts', () => {
  test('is the cost of the lots in one circuit', () => {
    const shapes: ArgBestShape[] = [
      { candidates: 10, bits: 32, price: 'second', groups: [4, 3] },
      { candidates: 7, bits: 12, price: 'best', groups: [7] },
      { candidates: 1, bits: 5, price: 'best', groups: [] },
    ];
    const together = new CircuitBuilder();
    const alone = shapes.map((shape, lot) => {
      place(together, lot, shape);
      const builder = new CircuitBuilder();
      place(builder, lot, shape);
      return cost(builder.build());
    });
    expect(mergeCosts(alone)).toEqual(cost(together.build()));
  });

  test('of nothing is nothing', () => {
    expect(mergeCosts([])).toEqual({ depth: 0, ands: 0, layers: [], outputLanes: [] });
  });
});
