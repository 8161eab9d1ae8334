import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import type { VectorId } from '../../../mpc/circuit/circuit.ts';
import { FieldKernels } from '../../../mpc/kernels/field.ts';
import { ClearProtocol } from '../../../mpc/protocols/clear.ts';
import {
  RESIDENT_UP_TO_LANES,
  ResidentVector,
  ShareMemory,
  slotBytesOf,
} from '../../../mpc/protocols/replicated/share-memory.ts';
import { type ReplicatedVector, shareVector, xorShares } from '../../../mpc/protocols/replicated/shares.ts';
import { codeOf } from '../../support/settle.ts';
import { runParties } from '../../support/world.ts';

/** Four vectors of 128 lanes. */
const SMALL_BYTES = 4 * 2 * 16;

const newMemory = (bytes: number) => new ShareMemory(new FieldKernels(), bytes);

function fillWith(vector: ReplicatedVector, word: number): void {
  vector.first.words.fill(word);
  vector.second.words.fill(~word);
}

describe('memory of short share vectors', () => {
  test('vectors in use never share a word, whatever is taken and given up, and in whichever lengths', () => {
    const step = fc.record({ lanes: fc.constantFrom(1, 32, 128, 160, 500, 1024), release: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 4096 }), (steps, bytes) => {
        const memory = newMemory(bytes);
        const held: { vector: ReplicatedVector; word: number }[] = [];
        steps.forEach(({ lanes, release }, index) => {
          const vector = memory.take(lanes);
          expect(vector.lanes).toBe(lanes);
          fillWith(vector, index);
          held.push({ vector, word: index });
          if (release % 2 === 0) memory.release(held.splice(release % held.length, 1)[0]!.vector);
          for (const { vector: other, word } of held) {
            expect(other.first.words.every((held) => held === word)).toBe(true);
            expect(other.second.words.every((held) => held === ~word)).toBe(true);
          }
        });
      }),
    );
  });

  test('a slot that was given up serves the next vector of as many lanes; one in use never does', () => {
    const memory = newMemory(SMALL_BYTES);
    const [one, two] = [memory.take(100), memory.take(100)];
    expect(two).not.toBe(one);
    memory.release(one);
    expect(memory.take(100)).toBe(one);
    expect(memory.take(100)).not.toBe(one);
  });

  test('when slots are used up vectors are ordinary, until a slot at least as long is given up', () => {
    const memory = newMemory(SMALL_BYTES);
    const long = memory.take(512);
    expect(long).toBeInstanceOf(ResidentVector);
    expect(memory.take(128)).not.toBeInstanceOf(ResidentVector);
    memory.release(long);
    const short = [1, 2, 3, 4].map(() => memory.take(128));
    expect(short.every((vector) => vector instanceof ResidentVector)).toBe(true);
    expect(memory.take(128)).not.toBeInstanceOf(ResidentVector);
  });

  test('a vector that was given up is refused, also when it is given up again', () => {
    const memory = newMemory(SMALL_BYTES);
    const vector = memory.take(64);
    memory.release(vector);
    expect(codeOf(() => memory.slotOf(vector))).toBe('CIRCUIT_INVALID');
    expect(codeOf(() => memory.xorSlots(vector, memory.take(32)))).toBe('CIRCUIT_INVALID');
    expect(codeOf(() => memory.release(vector))).toBe('CIRCUIT_INVALID');
  });

  test('vectors that are empty, too long or of another memory are ordinary ones', () => {
    const memory = newMemory(2 ** 20);
    const stranger = newMemory(SMALL_BYTES).take(64);
    expect(memory.take(0)).not.toBeInstanceOf(ResidentVector);
    expect(memory.take(RESIDENT_UP_TO_LANES + 1)).not.toBeInstanceOf(ResidentVector);
    expect(memory.slotOf(stranger)).toBeUndefined();
    memory.release(stranger);
    expect(memory.take(64)).not.toBe(stranger);
  });

  test('the sum in slots is the sum of ordinary vectors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), (lanes) => {
        const memory = newMemory(4096);
        const [left, right] = [0, 1].map(() => {
          const bits = BitVector.over(
            lanes,
            new Int32Array(new Uint8Array(randomBytes(4 * Math.ceil(lanes / 32))).buffer),
          );
          return shareVector(bits, (bytes) => randomBytes(bytes))[0];
        });
        const slots = [left!, right!].map((ordinary) => {
          const slot = memory.take(lanes);
          slot.first.words.set(ordinary.first.words);
          slot.second.words.set(ordinary.second.words);
          return slot;
        });
        expect(memory.xorSlots(slots[0]!, right!)).toBeUndefined();
        const sum = memory.xorSlots(slots[0]!, slots[1]!);
        const expected = xorShares(left!, right!);
        expect(sum?.first.equals(expected.first)).toBe(true);
        expect(sum?.second.equals(expected.second)).toBe(true);
      }),
    );
  });

  test('a circuit gets room for all its results at most, inputs and constants aside', () => {
    const builder = new CircuitBuilder();
    const input = builder.input('a', 200);
    const sum = builder.xor(input, builder.constant(BitVector.ones(200)));
    builder.output('out', builder.and(sum, input));
    expect(slotBytesOf(builder.build())).toBe(2 * 2 * 32);
  });

  test('long circuits of few lengths, whose slots serve many times, give the right bits', async () => {
    const step = fc.record({
      kind: fc.constantFrom('and', 'and', 'xor', 'not', 'swap', 'join', 'constant'),
      left: fc.nat({ max: 11 }),
      right: fc.nat({ max: 11 }),
    });
    const lengths = fc.constantFrom(2, 40, 128, 1000, 2048);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 160 }), lengths, async (steps, lanes) => {
        const builder = new CircuitBuilder();
        const inputs = new Map(
          ['a', 'b', 'c'].map((name) => {
            const words = new Int32Array(new Uint8Array(randomBytes(4 * Math.ceil(lanes / 32))).buffer);
            return [name, BitVector.over(lanes, words)] as const;
          }),
        );
        const vectors: VectorId[] = [...inputs.keys()].map((name) => builder.input(name, lanes));
        for (const { kind, left, right } of steps) {
          // Of the latest dozen only, so that most vectors are finished long before the circuit is.
          const recent = vectors.slice(-12);
          const [one, two] = [recent[left % recent.length]!, recent[right % recent.length]!];
          if (kind === 'and') vectors.push(builder.and(one, two));
          if (kind === 'xor') vectors.push(builder.xor(one, two));
          if (kind === 'not') vectors.push(builder.not(one));
          if (kind === 'swap') vectors.push(builder.gather(one, lanes / 2, Uint32Array.of(1, 0)));
          if (kind === 'join') vectors.push(builder.slice(builder.concat([one, two]), lanes / 2, lanes));
          if (kind === 'constant') vectors.push(builder.constant(BitVector.ones(lanes)));
        }
        vectors.slice(-3).forEach((vector, index) => {
          builder.output(`${index}`, vector);
        });
        const circuit = builder.build();
        const clear = new ClearProtocol();
        const expected = await clear.open(await clear.evaluate(circuit, inputs));
        const { outputs } = await runParties(circuit, inputs);
        for (const [name, bits] of expected) expect(outputs.get(name)?.equals(bits)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
