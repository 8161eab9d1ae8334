import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import {
  AndLayers,
  completed,
  firstOf,
  type HalfProduct,
} from '../../../mpc/protocols/replicated/and-layers.ts';
import { ResidentVector } from '../../../mpc/protocols/replicated/share-memory.ts';
import { ReplicatedVector } from '../../../mpc/protocols/replicated/shares.ts';
import { createPrss, type PairKeys } from '../../../mpc/random/prss.ts';
import { andSharesOfWord } from '../../support/reference/and-shares.ts';
import { codeOf } from '../../support/settle.ts';

function randomVector(lanes: number): BitVector {
  const words = new Int32Array(Math.ceil(lanes / 32));
  new Uint8Array(words.buffer).set(randomBytes(words.byteLength));
  return BitVector.over(lanes, words);
}

const newKeys = (): PairKeys => ({
  withPrevious: createSecretKey(randomBytes(32)),
  withNext: createSecretKey(randomBytes(32)),
});

/** A random operand, in a slot if there is one and it is wanted. */
function operand(ands: AndLayers, lanes: number, resident: boolean): ReplicatedVector {
  const vector = new ReplicatedVector(randomVector(lanes), randomVector(lanes));
  if (!resident) return vector;
  const slot = ands.memory.take(lanes);
  slot.first.words.set(vector.first.words);
  slot.second.words.set(vector.second.words);
  return slot;
}

interface Operation {
  readonly lanes: number;
  readonly leftResident: boolean;
  readonly rightResident: boolean;
}

/** Multiplies layer by layer, and bit by bit with the words of one and the same stream in order. */
function compareWithTwin(layers: readonly (readonly Operation[])[], slotBytes: number): void {
  const keys = newKeys();
  const ands = new AndLayers(() => createPrss(keys).zeroStream('and'), slotBytes);
  const wordsOf = (lanes: number) => Math.ceil(lanes / 32);
  const total = layers.flat().reduce((sum, { lanes }) => sum + wordsOf(lanes), 0);
  const masks = createPrss(keys).zeroShare('and', 32 * total).words;
  let used = 0;
  for (const operations of layers) {
    const operands = operations.map(({ lanes, leftResident, rightResident }) => ({
      left: operand(ands, lanes, leftResident),
      right: operand(ands, lanes, rightResident),
    }));
    const products = ands.multiply(operands);
    expect(products).toHaveLength(operands.length);
    operands.forEach(({ left, right }, index) => {
      const words = left.first.words.map((x0, word) =>
        andSharesOfWord(
          x0,
          left.second.words[word]!,
          right.first.words[word]!,
          right.second.words[word]!,
          masks[used + word]!,
        ),
      );
      used += words.length;
      // `equals` compares whole words, so it also sees a padding bit.
      expect(firstOf(products[index]!).equals(BitVector.over(left.lanes, words))).toBe(true);
      ands.memory.release(left);
      ands.memory.release(right);
    });
    for (const product of products) if (product instanceof ResidentVector) ands.memory.release(product);
  }
}

const operation = (most: number): fc.Arbitrary<Operation> =>
  fc.record({
    lanes: fc.integer({ min: 1, max: most }),
    leftResident: fc.boolean(),
    rightResident: fc.boolean(),
  });

describe('AND layers', () => {
  test('each layer equals the bitwise twin, each operation with the next words of the stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(operation(400), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 300, 2 ** 16),
        compareWithTwin,
      ),
    );
  });

  test('so do operations longer than the masks drawn at a time, beside odd ones', () => {
    const resident = (lanes: number): Operation => ({ lanes, leftResident: true, rightResident: true });
    const ordinary = (lanes: number): Operation => ({ lanes, leftResident: false, rightResident: false });
    compareWithTwin(
      [
        [resident(33), resident(700_001), ordinary(65), resident(1)],
        [ordinary(300_000), resident(130), resident(100_000)],
        [resident(128), resident(524_288), resident(31)],
      ],
      2 ** 20,
    );
  });

  test('a product takes the summand that the neighbour sends, and a vector given up is refused', () => {
    const ands = new AndLayers(() => createPrss(newKeys()).zeroStream('and'), 2 ** 16);
    for (const resident of [true, false]) {
      const left = operand(ands, 70, resident);
      const [half] = ands.multiply([{ left, right: left }]);
      const second = randomVector(70);
      const product = completed(half as HalfProduct, second);
      expect(product instanceof ResidentVector).toBe(resident);
      expect(product.first).toBe(firstOf(half as HalfProduct));
      expect(product.second.equals(second)).toBe(true);
      if (!resident) continue;
      ands.memory.release(left);
      expect(codeOf(() => ands.multiply([{ left: product, right: left }]))).toBe('CIRCUIT_INVALID');
    }
  });
});
