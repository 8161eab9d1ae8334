/**
 * Eviction against its proof: in any tree that it built itself, whatever is accessed, at most the accessed blocks enter the
 * pool, every block lies on its path, no bucket overflows, and the client state replays what the live epoch did.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClientState } from '../../oram/client-state.ts';
import type { AccessChange } from '../../oram/epoch-record.ts';
import { planEviction } from '../../oram/eviction.ts';
import { type BlockId, type BucketIndex, type Leaf, toBlockId, toLeaf, toRecordId } from '../../oram/ids.ts';
import { BUCKET_SIZE } from '../../oram/parameters.ts';
import { placeBlocks } from '../../oram/placement.ts';
import { Pool, type PoolBlock } from '../../oram/pool.ts';
import type { BucketPlace } from '../../oram/tree-geometry.ts';
import { TreeGeometry } from '../../oram/tree-geometry.ts';
import { treeParameters } from './tree-world.ts';

interface Shape {
  readonly levels: number;
  readonly cachedLevels: number;
}

const shape: fc.Arbitrary<Shape> = fc
  .integer({ min: 2, max: 6 })
  .chain((levels) =>
    fc.record({ levels: fc.constant(levels), cachedLevels: fc.integer({ min: 0, max: levels - 1 }) }),
  );

/** Tree and state as a vault has them, without tables: blocks are known by number, their content says so. */
class World {
  readonly state: ClientState;
  readonly buckets = new Map<BucketIndex, readonly PoolBlock[]>();
  readonly #blocks: number;

  /** Half as many blocks as slots, or more. */
  constructor({ levels, cachedLevels }: Shape, load: number) {
    this.#blocks = Math.ceil(load * BUCKET_SIZE * 2 ** (levels - 1));
    this.state = new ClientState({
      ...treeParameters({ capacity: this.#blocks }),
      levels,
      cachedLevels,
    });
  }

  get blocks(): number {
    return this.#blocks;
  }

  fill(draw: () => number): void {
    const { positions, pool, geometry } = this.state;
    const all = Uint32Array.from({ length: this.#blocks }, (_, block) => block);
    for (const block of all) {
      positions.assign(toRecordId(block), { low: block + 1, high: 7 });
      positions.move(toBlockId(block), geometry.leafFrom(draw()));
    }
    const placement = placeBlocks(this.state, all);
    for (const block of placement.pool) pool.add(this.#entry(block));
    for (let index = 0; index < geometry.bucketCount; index++) {
      const ids = [...placement.buckets.subarray(index * BUCKET_SIZE, (index + 1) * BUCKET_SIZE)];
      const held = ids.filter((id) => id < this.#blocks).map((id) => this.#entry(toBlockId(id)));
      this.buckets.set((geometry.firstBucket + index) as BucketIndex, held);
    }
  }

  /** One epoch that accesses these blocks, and as many dummies. @returns how many blocks entered the pool anew */
  access(
    blocks: readonly number[],
    removed: readonly boolean[],
    dummies: number,
    draw: () => number,
  ): number {
    const { geometry, positions, pool, sequence } = this.state;
    const accesses = blocks.map((number, index): AccessChange => {
      const block = toBlockId(number);
      const isUsed = positions.isUsed(positions.recordOf(block));
      return {
        block,
        leafRead: isUsed ? positions.leafOf(block) : geometry.leafFrom(draw()),
        newLeaf: geometry.leafFrom(draw()),
        content: removed[index] === true ? undefined : contentOf(block),
      };
    });
    for (let index = 0; index < dummies; index++) {
      const leaf = () => geometry.leafFrom(draw());
      accesses.push({ block: undefined, leafRead: leaf(), newLeaf: leaf(), content: undefined });
    }
    const places = geometry.union(accesses.map(({ leafRead }) => leafRead));
    const read = new Map(places.map((place) => [place.index, this.buckets.get(place.index)!]));
    const accessed = new Map<BlockId, Leaf>();
    const kept: PoolBlock[] = [];
    for (const { block, newLeaf, content } of accesses) {
      if (block === undefined) continue;
      accessed.set(block, positions.leafOf(block));
      if (content !== undefined) kept.push({ block, leaf: newLeaf, content });
    }
    const inPool = new Set([...pool.blocks()].map(({ block }) => block));
    const poolBefore = [...pool.blocks()];
    const eviction = planEviction({ geometry, pool, places, read, accessed, kept });
    expect([...pool.blocks()]).toEqual(poolBefore);

    const taken = new Set<BlockId>();
    for (const [index, place] of places.entries()) {
      const bucket = eviction.buckets[index]!;
      expect(bucket.length).toBeLessThanOrEqual(BUCKET_SIZE);
      for (const { block, leaf } of bucket) {
        expect(geometry.onPath(place, leaf)).toBe(true);
        expect(taken.has(block)).toBe(false);
        taken.add(block);
      }
      this.buckets.set(place.index, bucket);
    }
    for (const [, bucket] of read) {
      for (const { block } of bucket) expect(taken.has(block) || accessed.has(block)).toBe(true);
    }
    this.state.apply({
      sequence: sequence + 1,
      version: 2 * sequence + 5,
      previousVersion: this.state.lastVersion,
      checkpoint: false,
      operations: accesses.map(({ block, content }) => {
        if (block === undefined) return undefined;
        const fingerprint = content === undefined ? undefined : { low: block + 1, high: 7 };
        return { record: toRecordId(block), fingerprint };
      }),
      accesses,
      taken: eviction.taken,
    });
    expect(pool.size).toBe(eviction.poolSize);
    const entered = [...pool.blocks()].filter(({ block }) => !inPool.has(block));
    for (const { block } of entered) expect(accessed.has(block)).toBe(true);
    return entered.length;
  }

  /** Every block in use is in one place, under its leaf, with its content. */
  check(): void {
    const { positions, pool, geometry } = this.state;
    const seen = new Set<BlockId>();
    const see = ({ block, leaf, content }: PoolBlock) => {
      expect(seen.has(block)).toBe(false);
      seen.add(block);
      expect(leaf).toBe(positions.leafOf(block));
      expect(content).toEqual(contentOf(block));
    };
    for (const entry of pool.blocks()) see(entry);
    for (let level = geometry.cachedLevels; level < geometry.levels; level++) {
      for (let position = 0; position < 2 ** level; position++) {
        const place = geometry.place(level, position);
        for (const entry of this.buckets.get(place.index)!) {
          see(entry);
          expect(geometry.onPath(place, entry.leaf)).toBe(true);
        }
      }
    }
    expect(seen.size).toBe(positions.records);
  }

  #entry(block: BlockId): PoolBlock {
    return { block, leaf: this.state.positions.leafOf(block), content: contentOf(block) };
  }
}

const contentOf = (block: number) => Uint8Array.of(block & 255, block >> 8);

const words = () => fc.infiniteStream(fc.nat());

describe('writing paths back', () => {
  test('places every block that was read; only accessed ones enter the pool; replayed it is the same', () => {
    fc.assert(
      fc.property(
        shape,
        fc.constantFrom(0.3, 1, 1.4),
        words(),
        fc.array(
          fc.record({
            seed: fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
            dummies: fc.nat({ max: 4 }),
          }),
          {
            minLength: 1,
            maxLength: 30,
          },
        ),
        (sizes, load, stream, epochs) => {
          const draw = () => stream.next().value;
          const world = new World(sizes, load);
          world.fill(draw);
          world.check();
          for (const { seed, dummies } of epochs) {
            const blocks = [...new Set(seed.map((number) => number % world.blocks))];
            const removed = blocks.map((_, index) => seed[index]! % 5 === 0);
            expect(world.access(blocks, removed, dummies, draw)).toBeLessThanOrEqual(blocks.length);
            world.check();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('and an overfull set of buckets is an altered tree', () => {
    const { geometry, pool } = new ClientState({
      ...treeParameters({ capacity: 8 }),
      levels: 2,
      cachedLevels: 1,
    });
    const places = geometry.union([toLeaf(0)]);
    const tooMany = Array.from({ length: 5 }, (_, block) => ({
      block: toBlockId(block),
      leaf: toLeaf(0),
      content: contentOf(block),
    }));
    const read = new Map([[places[0]!.index, tooMany]]);
    expect(() => planEviction({ geometry, pool, places, read, accessed: new Map(), kept: [] })).toThrow(
      'BUCKET_MALFORMED',
    );
  });
});

describe('the pool', () => {
  test('is a list per subtree with a stash count', () => {
    fc.assert(
      fc.property(
        shape,
        fc.array(
          fc.record({
            what: fc.constantFrom('add', 'add', 'remove', 'take'),
            number: fc.nat(),
            count: fc.nat({ max: 5 }),
          }),
        ),
        (sizes, steps) => {
          const geometry = new TreeGeometry(sizes);
          const pool = new Pool(geometry);
          let naive: PoolBlock[] = [];
          for (const [block, { what, number, count }] of steps.entries()) {
            const leaf = geometry.leafFrom(number);
            if (what === 'add') {
              const entry = { block: toBlockId(block), leaf, content: contentOf(block) };
              pool.add(entry);
              naive.push(entry);
            } else if (what === 'remove') {
              const chosen = naive[number % Math.max(1, naive.length)];
              if (chosen === undefined) continue;
              expect(pool.find(chosen.block, chosen.leaf)).toBe(chosen);
              expect(pool.remove(chosen.block, chosen.leaf)).toBe(chosen);
              expect(pool.remove(chosen.block, chosen.leaf)).toBeUndefined();
              naive = naive.filter((entry) => entry !== chosen);
            } else {
              const level = sizes.cachedLevels + (number % (sizes.levels - sizes.cachedLevels));
              const place = geometry.bucketOnPath(level, leaf);
              const eligible = naive.filter((entry) => geometry.onPath(place, entry.leaf)).slice(0, count);
              expect(pool.take(place, count)).toEqual(eligible);
              naive = naive.filter((entry) => !eligible.includes(entry));
            }
            expect(pool.size).toBe(naive.length);
            expect(new Set(pool.blocks())).toEqual(new Set(naive));
            expect(pool.stash).toBe(stashOf(naive, geometry));
          }
        },
      ),
    );
  });
});

/** Blocks left over when the top buckets are filled from below. */
function stashOf(blocks: readonly PoolBlock[], geometry: TreeGeometry): number {
  let waiting = [...blocks];
  for (let level = geometry.cachedLevels - 1; level >= 0; level--) {
    for (let position = 0; position < 2 ** level; position++) {
      const here = waiting
        .filter(({ leaf }) => geometry.onPath({ level, position }, leaf))
        .slice(0, BUCKET_SIZE);
      waiting = waiting.filter((entry) => !here.includes(entry));
    }
  }
  return waiting.length;
}

describe('placing everything at once', () => {
  test('puts each block once, on its path, as deep as there is room', () => {
    fc.assert(
      fc.property(shape, fc.constantFrom(0.2, 1, 2), words(), (sizes, load, stream) => {
        const world = new World(sizes, load);
        world.fill(() => stream.next().value);
        world.check();
        const { geometry, pool } = world.state;
        const full = (place: BucketPlace) => world.buckets.get(place.index)!.length === BUCKET_SIZE;
        const all: (readonly [PoolBlock, number])[] = [...pool.blocks()].map((entry) => [
          entry,
          geometry.cachedLevels - 1,
        ]);
        for (let level = geometry.cachedLevels; level < geometry.levels; level++) {
          for (let position = 0; position < 2 ** level; position++) {
            for (const entry of world.buckets.get(geometry.place(level, position).index)!)
              all.push([entry, level]);
          }
        }
        for (const [{ leaf }, level] of all) {
          for (let below = level + 1; below < geometry.levels; below++) {
            expect(full(geometry.bucketOnPath(below, leaf))).toBe(true);
          }
        }
      }),
    );
  });
});
