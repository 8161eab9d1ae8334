/** Random circuits of every kind of operation, with inputs, as a fast-check arbitrary. */

import fc from 'fast-check';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import type { Circuit, VectorId } from '../../mpc/circuit/circuit.ts';

export interface CircuitWithInputs {
  readonly circuit: Circuit;
  readonly inputs: ReadonlyMap<string, BitVector>;
}

/** Longer than two words, shorter than anything slow. */
const MAX_TEST_LANES = 200;

const bitsArbitrary = fc.array(fc.boolean(), { minLength: 1, maxLength: 70 }).map(BitVector.fromBits);

const stepArbitrary = fc.record({
  kind: fc.constantFrom('xor', 'and', 'and', 'not', 'gather', 'concat', 'constant'),
  left: fc.nat(),
  right: fc.nat(),
  blockLanes: fc.integer({ min: 1, max: 40 }),
  blocks: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
  bits: bitsArbitrary,
});

export const circuitArbitrary: fc.Arbitrary<CircuitWithInputs> = fc
  .record({
    inputs: fc.array(bitsArbitrary, { minLength: 1, maxLength: 3 }),
    steps: fc.array(stepArbitrary, { minLength: 1, maxLength: 25 }),
    outputs: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ inputs, steps, outputs }) => {
    const builder = new CircuitBuilder();
    const named = new Map(inputs.map((bits, index) => [`in${index}`, bits]));
    const vectors: VectorId[] = [...named].map(([name, bits]) => builder.input(name, bits.lanes));
    for (const { kind, left, right, blockLanes, blocks, bits } of steps) {
      const source = vectors[left % vectors.length]!;
      const lanes = builder.lanesOf(source);
      const partners = vectors.filter((vector) => builder.lanesOf(vector) === lanes);
      const partner = partners[right % partners.length]!;
      const other = vectors[right % vectors.length]!;
      if (kind === 'xor') vectors.push(builder.xor(source, partner));
      if (kind === 'and') vectors.push(builder.and(source, partner));
      if (kind === 'not') vectors.push(builder.not(source));
      if (kind === 'constant') vectors.push(builder.constant(bits));
      if (kind === 'gather' && blockLanes <= lanes) {
        const available = Math.floor(lanes / blockLanes);
        const chosen = Uint32Array.from(blocks, (block) => block % available);
        vectors.push(builder.gather(source, blockLanes, chosen));
      }
      if (kind === 'concat' && lanes + builder.lanesOf(other) <= MAX_TEST_LANES) {
        vectors.push(builder.concat([source, other]));
      }
    }
    vectors.slice(-outputs).forEach((vector, index) => {
      builder.output(`out${index}`, vector);
    });
    return { circuit: builder.build(), inputs: named };
  });
