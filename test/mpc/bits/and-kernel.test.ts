import fc from 'fast-check';
import { expect, test } from 'vitest';
import { andShares } from '../../../mpc/bits/and-kernel.ts';
import { andSharesOfWord } from '../../support/reference/and-shares.ts';

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

test('the kernel equals its bitwise twin on every word of its range and touches no other', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, word, word, word, word, word), { minLength: 1, maxLength: 40 }),
      fc.nat({ max: 39 }),
      fc.nat({ max: 40 }),
      fc.nat({ max: 5 }),
      (rows, from, length, maskStart) => {
        const [x0, x1, y0, y1, mask, old] = [0, 1, 2, 3, 4, 5].map((column) =>
          Int32Array.from(rows, (row) => row[column]!),
        );
        const start = Math.min(from, rows.length);
        const end = Math.min(rows.length, start + length);
        const masks = new Int32Array(maskStart + rows.length);
        masks.set(mask!, maskStart);
        const z = old!.slice();
        andShares(x0!, x1!, y0!, y1!, masks, maskStart, z, start, end);
        rows.forEach((row, index) => {
          const inside = index >= start && index < end;
          const expected = inside
            ? andSharesOfWord(row[0], row[1], row[2], row[3], mask![index - start]!)
            : row[5];
          expect(z[index]! | 0).toBe(expected | 0);
        });
      },
    ),
  );
});
