import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { CLEAR_MANIFEST, ClearProtocol } from '../../../mpc/protocols/clear.ts';
import { predictCost } from '../../../mpc/protocols/protocol.ts';
import { bitsOf, runClear } from '../circuits/run-clear.ts';

const pair = fc
  .integer({ min: 1, max: 100 })
  .chain((lanes) =>
    fc.tuple(
      fc.array(fc.boolean(), { minLength: lanes, maxLength: lanes }),
      fc.array(fc.boolean(), { minLength: lanes, maxLength: lanes }),
    ),
  );

const numbers = (bits: readonly boolean[]): number[] => bits.map((bit) => (bit ? 1 : 0));

describe('the clear protocol', () => {
  test('computes every operation as plain arithmetic does', async () => {
    await fc.assert(
      fc.asyncProperty(pair, async ([x, y]) => {
        const { outputs } = await runClear(
          { x: BitVector.fromBits(x), y: BitVector.fromBits(y) },
          (b, { x: left, y: right }) => ({
            xor: b.xor(left!, right!),
            and: b.and(left!, right!),
            or: b.or(left!, right!),
            not: b.not(left!),
            concat: b.concat([left!, right!, left!]),
            reversed: b.gather(
              left!,
              1,
              Uint32Array.from(x, (_, lane) => x.length - 1 - lane),
            ),
            twice: b.repeat(left!, 2),
            constant: b.constant(BitVector.fromBits(y)),
          }),
        );
        const results = Object.fromEntries([...outputs].map(([name, vector]) => [name, bitsOf(vector)]));
        expect(results).toEqual({
          xor: numbers(x.map((bit, lane) => bit !== y[lane])),
          and: numbers(x.map((bit, lane) => bit && y[lane]!)),
          or: numbers(x.map((bit, lane) => bit || y[lane]!)),
          not: numbers(x.map((bit) => !bit)),
          concat: numbers([...x, ...y, ...x]),
          reversed: numbers(x.toReversed()),
          twice: numbers([...x, ...x]),
          constant: numbers(y),
        });
      }),
    );
  });

  test('keeps a vector that a later layer and an output still read', async () => {
    const { outputs } = await runClear({ x: BitVector.fromBits([1, 0, 1]) }, (b, { x }) => {
      const square = b.and(x!, x!);
      return { x: x!, square, deep: b.and(b.and(square, x!), b.not(x!)) };
    });
    expect(bitsOf(outputs.get('x'))).toEqual([1, 0, 1]);
    expect(bitsOf(outputs.get('square'))).toEqual([1, 0, 1]);
    expect(bitsOf(outputs.get('deep'))).toEqual([0, 0, 0]);
  });

  test('refuses inputs that are missing, too many or of another width', async () => {
    const builder = new CircuitBuilder();
    builder.output('z', builder.not(builder.input('x', 3)));
    const circuit = builder.build();
    const x = BitVector.zeros(3);
    for (const inputs of [{}, { x: BitVector.zeros(4) }, { x, y: x }]) {
      const given = new Map(Object.entries(inputs));
      await expect(new ClearProtocol().evaluate(circuit, given)).rejects.toThrow(/CIRCUIT_INPUT_MISMATCH/);
    }
  });

  test('opens only what it evaluated itself', async () => {
    const builder = new CircuitBuilder();
    builder.output('x', builder.input('x', 1));
    const evaluated = await new ClearProtocol().evaluate(
      builder.build(),
      new Map([['x', BitVector.ones(1)]]),
    );
    await expect(new ClearProtocol().open(evaluated)).rejects.toThrow(/CIRCUIT_INVALID/);
  });

  test('predicts neither rounds nor bytes', () => {
    const builder = new CircuitBuilder();
    const x = builder.input('x', 9);
    builder.output('z', builder.and(x, x));
    expect(predictCost(CLEAR_MANIFEST, cost(builder.build()))).toEqual({ rounds: 0, ands: 9, bytes: 0 });
  });
});
