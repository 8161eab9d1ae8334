import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { exportBristol } from '../../../mpc/bristol/export.ts';
import { importBristol } from '../../../mpc/bristol/import.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { type Circuit, inputsOf } from '../../../mpc/circuit/circuit.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { addModulo, addWithCarry } from '../../../mpc/circuits/adder.ts';
import { argBest } from '../../../mpc/circuits/arg-best.ts';
import { lessThan } from '../../../mpc/circuits/compare.ts';
import { circuitArbitrary } from '../../support/random-circuit.ts';
import { fileArbitrary } from './random-gates.ts';
import { evaluateClear } from './run-file.ts';

function bytesOf(results: ReadonlyMap<string, BitVector>): number[][] {
  return [...results.values()].map((value) => [value.lanes, ...value.toBytes()]);
}

/** Exports, imports again and evaluates both on the same inputs. */
async function expectSameResults(
  circuit: Circuit,
  text: string,
  inputs: readonly BitVector[],
): Promise<void> {
  const imported = importBristol(text);
  const names = [...inputsOf(circuit).keys()];
  const before = await evaluateClear(circuit, new Map(names.map((name, i) => [name, inputs[i]!])));
  const after = await evaluateClear(
    imported.circuit,
    new Map(imported.inputs.map(({ name }, i) => [name, inputs[i]!])),
  );
  expect(bytesOf(after)).toEqual(bytesOf(before));
}

function circuitOf(make: (builder: CircuitBuilder) => void): Circuit {
  const builder = new CircuitBuilder();
  make(builder);
  return builder.build();
}

describe('exportBristol', () => {
  test('keeps what a random circuit computes and its ANDs, and never deepens it', async () => {
    await fc.assert(
      fc.asyncProperty(circuitArbitrary, async ({ circuit, inputs }) => {
        const text = exportBristol(circuit);
        await expectSameResults(circuit, text, [...inputs.values()]);
        const again = cost(importBristol(text).circuit);
        expect(again.ands).toBe(cost(circuit).ands);
        expect(again.depth).toBeLessThanOrEqual(circuit.depth);
      }),
      { numRuns: 300 },
    );
  });

  test('keeps depth and ANDs of what was imported', () => {
    fc.assert(
      fc.property(fileArbitrary, ({ text }) => {
        const first = importBristol(text).circuit;
        const second = importBristol(exportBristol(first)).circuit;
        expect([second.depth, cost(second).ands]).toEqual([first.depth, cost(first).ands]);
      }),
    );
  });

  test.each<readonly [string, Circuit]>([
    [
      'comparison',
      circuitOf((builder) => {
        const [left, right] = [builder.input('left', 17 * 5), builder.input('right', 17 * 5)];
        builder.output('less', lessThan(builder, left, right, 17, 5));
      }),
    ],
    [
      'adder',
      circuitOf((builder) => {
        const [left, right] = [builder.input('left', 64), builder.input('right', 64)];
        builder.output('sum', addModulo(builder, left, right, 64, 1));
      }),
    ],
    [
      'adder with carry',
      circuitOf((builder) => {
        const [left, right] = [builder.input('left', 12 * 3), builder.input('right', 12 * 3)];
        builder.output('sum', addWithCarry(builder, left, right, 12, 3));
      }),
    ],
    [
      'second-price tournament',
      circuitOf((builder) => {
        const planes = builder.input('values', 9 * 8);
        const shape = { candidates: 9, bits: 8, price: 'second', groups: [3, 3] } as const;
        const { winner, price } = argBest(builder, planes, shape);
        builder.output('winner', winner);
        builder.output('price', price);
      }),
    ],
  ])('keeps results, ANDs and depth of our %s', async (_, circuit) => {
    const text = exportBristol(circuit);
    const { ands, depth } = cost(importBristol(text).circuit);
    expect({ ands, depth }).toEqual({ ands: cost(circuit).ands, depth: circuit.depth });
    const widths = [...inputsOf(circuit).values()];
    const inputs = fc.tuple(
      ...widths.map((lanes) =>
        fc.array(fc.boolean(), { minLength: lanes, maxLength: lanes }).map(BitVector.fromBits),
      ),
    );
    await fc.assert(
      fc.asyncProperty(inputs, (values) => expectSameResults(circuit, text, values)),
      { numRuns: 20 },
    );
  });

  test('writes moved, repeated and passed-through wires as the format wants them', () => {
    const circuit = circuitOf((builder) => {
      const input = builder.input('bits', 2);
      const product = builder.and(builder.slice(input, 0, 1), builder.slice(input, 1, 1));
      const inverse = builder.not(product);
      builder.output('early', builder.concat([product, product]));
      builder.output('late', builder.concat([inverse, builder.slice(input, 1, 1)]));
      builder.output('public', builder.constant(BitVector.fromBits([1, 0, 1])));
    });
    expect(exportBristol(circuit).split('\n')).toEqual([
      '7 9',
      '1 2',
      '3 2 2 3',
      '',
      '2 1 0 1 2 AND',
      '1 1 2 4 INV',
      '1 1 1 6 EQ',
      '1 1 0 7 EQ',
      '1 1 2 3 EQW',
      '1 1 1 5 EQW',
      '1 1 6 8 EQW',
      '',
    ]);
  });

  test('refuses a circuit of more gates than can be imported', () => {
    const circuit = circuitOf((builder) => {
      builder.output('many', builder.not(builder.input('bits', 2 ** 22)));
    });
    expect(() => exportBristol(circuit)).toThrowError(
      expect.objectContaining({ code: 'BRISTOL_OVER_BOUND' }),
    );
  });
});
