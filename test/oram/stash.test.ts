/**
 * The stash: as small as the paper's simulations say, whatever the size of the vault; and the client's pool is the paper's
 * stash and top of the tree, block for block.
 *
 * Seeds are fixed and printed in the titles, so outcomes do not vary. `npm run soak -- stash` runs 10^6 accesses
 * with fresh seeds.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBlockId } from '../../oram/ids.ts';
import { BUCKET_SIZE, STASH_BOUND } from '../../oram/parameters.ts';
import { BlockSimulation, bitsPerBlock, cyclicStash, tailOf } from './block-simulation.ts';
import { SeededRandom } from './seeded-random.ts';
import { TextbookPathOram } from './textbook-path-oram.ts';

const ACCESSES = 100_000;

/** Over 8 other seeds, 10^5 accesses each, the slope from 0 to 4 blocks had mean 1.1 and standard deviation 0.14. */
const SLOPE = { mean: 1.1, tolerance: 0.5 };

/** Over the same runs, of 2^8 to 2^14 blocks, P(stash > 0) had mean 0.018 and standard deviation 0.002. */
const NOT_EMPTY = { mean: 0.018, tolerance: 0.006 };

/** At a bit a block, more than this is seen in one of 10^5 runs. */
const LARGEST = 32;

const simulated = (blocks: number, seed: number) => ({
  blocks,
  cachedLevels: 0,
  random: new SeededRandom(seed, 'stash').bytes,
});

describe('cyclic worst case, Z = 4, a leaf for four blocks, no level cached, 10^5 accesses', () => {
  test.each([
    { blocks: 2 ** 8, seed: 1 },
    { blocks: 2 ** 10, seed: 2 },
    { blocks: 2 ** 12, seed: 3 },
  ])('$blocks blocks, seed $seed: a bit a block, not empty in 1.8 %, far below the bound', (sizes) => {
    const simulation = new BlockSimulation(simulated(sizes.blocks, sizes.seed));
    const seen = cyclicStash(simulation, sizes.blocks, ACCESSES);
    const tail = tailOf(seen);
    expect(Math.abs(bitsPerBlock(tail, 0, 4) - SLOPE.mean)).toBeLessThan(SLOPE.tolerance);
    expect(Math.abs(tail[0]! - NOT_EMPTY.mean)).toBeLessThan(NOT_EMPTY.tolerance);
    expect(seen.length - 1).toBeLessThan(LARGEST);
    expect(LARGEST).toBeLessThan(STASH_BOUND / 2);
  });

  test('seed 4: the same measurement sees that a leaf for eight blocks is too few', () => {
    const simulation = new BlockSimulation({ ...simulated(2 ** 10, 4), levels: 8 });
    const seen = cyclicStash(simulation, 2 ** 10, 10_000);
    expect(tailOf(seen)[0]).toBeGreaterThan(0.5);
    expect(seen.length - 1).toBeGreaterThan(LARGEST);
  });
});

describe('pool and eviction against the paper, tree of 32 leaves', () => {
  const BLOCKS = 128;
  const LEVELS = 6;

  test.each([0, 1, 3, 5])(
    '%i levels cached: every run is one of the paper, lower buckets, top and stash block for block',
    (cachedLevels) => {
      const access = fc.record({
        block: fc.integer({ min: 0, max: BLOCKS - 1 }),
        what: fc.constantFrom('put' as const, 'put' as const, 'get' as const, 'delete' as const),
      });
      const epoch = fc.uniqueArray(access, { minLength: 1, maxLength: 8, selector: ({ block }) => block });
      fc.assert(
        fc.property(fc.array(epoch, { maxLength: 200 }), fc.integer({ min: 0 }), (epochs, seed) => {
          const { bytes: random } = new SeededRandom(seed);
          const ours = new BlockSimulation({ blocks: BLOCKS, cachedLevels, random, loaded: false });
          const { state, buckets } = ours;
          const textbook = new TextbookPathOram(LEVELS);
          expect(state.geometry.levels).toBe(LEVELS);
          const fill = Array.from({ length: BLOCKS }, (_, block) => [{ block, what: 'put' as const }]);
          for (const accesses of [...fill, ...epochs]) {
            const done = ours.epoch(
              accesses.map(({ block: id, what }) => {
                const block = toBlockId(id);
                return { block, kept: what === 'put' || (what === 'get' && ours.has(block)) };
              }),
            );
            const idsAt = (level: number, position: number) =>
              (buckets.get(state.geometry.place(level, position).index) ?? []).map(({ block }) =>
                Number(block),
              );
            const placed = new Map(
              done.places.map(({ level, position }) => [`${level}.${position}`, idsAt(level, position)]),
            );
            textbook.access(
              done.accesses.map((change) => ({ ...change, kept: change.content !== undefined })),
              (level, position, block) => placed.get(`${level}.${position}`)?.includes(block) ?? false,
            );
            for (const { level, position } of done.places) {
              expect(idsAt(level, position).sort()).toEqual(textbook.bucket(level, position).toSorted());
            }
            const held = [...state.pool.blocks()].map(({ block }) => Number(block)).sort();
            expect(held).toEqual([...textbook.stash, ...textbook.top(cachedLevels)].sort());
            if (cachedLevels === 0) expect(state.pool.stash).toBe(textbook.stash.size);
            expect(state.pool.stash).toBeLessThanOrEqual(textbook.stash.size);
            expect(state.pool.size).toBeLessThanOrEqual(
              BUCKET_SIZE * (2 ** cachedLevels - 1) + textbook.stash.size,
            );
          }
        }),
        { numRuns: 10 },
      );
    },
  );
});
