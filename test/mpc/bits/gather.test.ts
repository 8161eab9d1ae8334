import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitVector, gatherBlocks } from '../../../mpc/bits/bit-vector.ts';
import { copyBits } from '../../../mpc/bits/copy-bits.ts';

const bits = (most: number) => fc.array(fc.boolean(), { minLength: 1, maxLength: most });

test('blocks of any width equal what single reads give, and padding stays zero', () => {
  const widths = fc.constantFrom(1, 2, 3, 7, 31, 32, 33, 64);
  fc.assert(
    fc.property(bits(200), widths, fc.array(fc.nat(), { maxLength: 80 }), (source, width, wanted) => {
      const vector = BitVector.fromBits(source);
      const available = Math.floor(vector.lanes / width);
      fc.pre(available > 0);
      const blocks = Uint32Array.from(wanted, (block) => block % available);
      const single = [...blocks].flatMap((block) =>
        Array.from({ length: width }, (_, lane) => vector.get(block * width + lane)),
      );
      // `equals` compares whole words, so it also sees a padding bit.
      expect(gatherBlocks(vector, width, blocks).equals(BitVector.fromBits(single))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('single lanes equal the general path', () => {
  fc.assert(
    fc.property(bits(3000), fc.array(fc.nat(), { maxLength: 300 }), (source, wanted) => {
      const vector = BitVector.fromBits(source);
      const lanes = Uint32Array.from(wanted, (lane) => lane % vector.lanes);
      const general = BitVector.zeros(lanes.length);
      lanes.forEach((lane, index) => {
        copyBits(vector.words, lane, general.words, index, 1);
      });
      expect(gatherBlocks(vector, 1, lanes).equals(general)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
