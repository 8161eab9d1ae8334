import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  andVectors,
  type BitVector,
  concatVectors,
  gatherBlocks,
  notVector,
  xorVectors,
} from '../../../mpc/bits/bit-vector.ts';
import { evaluateCircuit, type ShareAlgebra } from '../../../mpc/protocols/evaluate.ts';
import { circuitArbitrary } from '../../support/random-circuit.ts';
import { bitsOf, evaluatePlainly } from '../../support/reference/plain-evaluation.ts';

/** Every vector that is told of is overwritten at once, and remembered. */
function destroying(told: Map<BitVector, boolean>): ShareAlgebra<BitVector> {
  return {
    lanesOf: (vector) => vector.lanes,
    constant: (bits) => xorVectors(bits, xorVectors(bits, bits)),
    xor: (left, right) => xorVectors(left, right),
    not: (source) => notVector(source),
    gather: (source, blockLanes, blocks) => gatherBlocks(source, blockLanes, blocks),
    concat: (sources) => concatVectors(sources),
    and: async (_layer, operands) => operands.map(({ left, right }) => andVectors(left, right)),
    finished: (vector, readByNot) => {
      expect(told.has(vector)).toBe(false);
      told.set(vector, readByNot);
      for (let lane = 0; lane < vector.lanes; lane++) vector.words[lane >>> 5]! ^= 1 << (lane & 31);
    },
  };
}

test('a vector is told of once and never read again; inputs and outputs are never told of', async () => {
  await fc.assert(
    fc.asyncProperty(circuitArbitrary, async ({ circuit, inputs }) => {
      const told = new Map<BitVector, boolean>();
      const outputs = await evaluateCircuit(circuit, inputs, destroying(told));
      const expected = evaluatePlainly(circuit, inputs);
      for (const [name, bits] of outputs) expect(bitsOf(bits)).toEqual(expected.get(name));
      for (const input of inputs.values()) expect(told.has(input)).toBe(false);
      const kept = new Set<number>(circuit.outputs.map(({ vector }) => vector));
      const results = circuit.operations.filter(
        ({ kind }, position) => kind !== 'input' && !kept.has(position),
      );
      expect(told.size).toBe(results.length);
      const negated = new Set(
        circuit.operations.flatMap((step) => (step.kind === 'not' ? [step.source] : [])),
      );
      const flagged = [...negated].filter((id) => circuit.operations[id]?.kind !== 'input' && !kept.has(id));
      expect([...told.values()].filter((readByNot) => readByNot)).toHaveLength(flagged.length);
    }),
    { numRuns: 300 },
  );
});
