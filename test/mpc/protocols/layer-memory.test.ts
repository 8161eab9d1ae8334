import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import type { VectorId } from '../../../mpc/circuit/circuit.ts';
import { ClearProtocol } from '../../../mpc/protocols/clear.ts';
import { LayerMemory } from '../../../mpc/protocols/replicated/layer-memory.ts';
import { RESIDENT_UP_TO_LANES } from '../../../mpc/protocols/replicated/share-memory.ts';
import { ReplicatedVector } from '../../../mpc/protocols/replicated/shares.ts';
import { runParties } from '../../support/world.ts';

/** A product of so many lanes alone is a large layer, and too long for a slot of the share memory. */
const LANES = RESIDENT_UP_TO_LANES + 64;

function randomVector(): BitVector {
  return BitVector.over(LANES, new Int32Array(new Uint8Array(randomBytes(LANES / 8)).buffer));
}

/** Products that lie one after another in two buffers, as those of a layer do. */
function layerOf(lanes: readonly number[]): ReplicatedVector[] {
  const words = lanes.reduce((sum, count) => sum + count / 32, 0);
  const [first, second] = [new Int32Array(words), new Int32Array(words)];
  let start = 0;
  return lanes.map((count) => {
    const end = start + count / 32;
    const part = new ReplicatedVector(
      BitVector.over(count, first.subarray(start, end)),
      BitVector.over(count, second.subarray(start, end)),
    );
    start = end;
    return part;
  });
}

const isFreed = ({ first, second }: ReplicatedVector) =>
  first.words.length === 0 && second.words.length === 0;

describe('memory of large layers', () => {
  test('a layer is freed with its last product, whatever the order, and told twice changes nothing', () => {
    const memory = new LayerMemory();
    const products = layerOf([LANES, 32, LANES]);
    memory.hold(products);
    for (const index of [2, 0, 2, 0]) memory.finished(products[index]!);
    expect(products.map(isFreed)).toEqual([false, false, false]);
    memory.finished(products[1]!);
    expect(products.map(isFreed)).toEqual([true, true, true]);
  });

  test('small layers, buffers that hold more than the layer, and vectors of no layer stay', () => {
    const memory = new LayerMemory();
    const small = layerOf([32, 64]);
    const [inLarger, rest] = layerOf([LANES, 32]);
    const stranger = layerOf([LANES]);
    memory.hold(small);
    memory.hold([inLarger!]);
    for (const vector of [...small, inLarger!, ...stranger]) memory.finished(vector);
    expect([...small, inLarger!, rest!, ...stranger].some(isFreed)).toBe(false);
  });

  test('a product stays whose NOT is read later than itself', async () => {
    const builder = new CircuitBuilder();
    const a = builder.input('a', LANES);
    const negated = builder.not(builder.and(a, builder.input('b', LANES)));
    builder.output('out', builder.and(negated, a));
    const ones = BitVector.ones(LANES);
    const inputs = new Map([
      ['a', ones],
      ['b', BitVector.zeros(LANES)],
    ]);
    const { outputs } = await runParties(builder.build(), inputs);
    expect(outputs.get('out')?.equals(ones)).toBe(true);
  });

  test('wide circuits of every operation give the right bits', async () => {
    const step = fc.record({
      kind: fc.constantFrom('and', 'and', 'xor', 'not', 'swap', 'join'),
      left: fc.nat(),
      right: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 4, maxLength: 14 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, outputs) => {
          const builder = new CircuitBuilder();
          const inputs = new Map([
            ['a', randomVector()],
            ['b', randomVector()],
          ]);
          const vectors: VectorId[] = [...inputs.keys()].map((name) => builder.input(name, LANES));
          for (const { kind, left, right } of steps) {
            const one = vectors[left % vectors.length]!;
            const two = vectors[right % vectors.length]!;
            if (kind === 'and') vectors.push(builder.and(one, two));
            if (kind === 'xor') vectors.push(builder.xor(one, two));
            if (kind === 'not') vectors.push(builder.not(one));
            if (kind === 'swap') vectors.push(builder.gather(one, LANES / 2, Uint32Array.of(1, 0)));
            if (kind === 'join') vectors.push(builder.slice(builder.concat([one, two]), LANES / 2, LANES));
          }
          vectors.slice(-outputs).forEach((vector, index) => {
            builder.output(`${index}`, vector);
          });
          const circuit = builder.build();
          const clear = new ClearProtocol();
          const expected = await clear.open(await clear.evaluate(circuit, inputs));
          const run = await runParties(circuit, inputs);
          for (const [name, bits] of expected) expect(run.outputs.get(name)?.equals(bits)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });
});
