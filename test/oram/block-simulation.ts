/**
 * Path ORAM of this vault at the level of blocks: the position map, pool, eviction and replay that ship, on buckets that
 * are plain arrays; no contents, no seals, no tables. A million accesses take a minute.
 */

import { ClientState } from '../../oram/client-state.ts';
import type { AccessChange } from '../../oram/epoch-record.ts';
import { planEviction } from '../../oram/eviction.ts';
import { type BlockId, type BucketIndex, type Leaf, toBlockId } from '../../oram/ids.ts';
import { BUCKET_SIZE, chooseParameters } from '../../oram/parameters.ts';
import { placeBlocks } from '../../oram/placement.ts';
import type { PoolBlock } from '../../oram/pool.ts';
import { randomLeaves } from '../../oram/random-leaves.ts';
import type { BucketPlace } from '../../oram/tree-geometry.ts';

const CONTENT = new Uint8Array(0);

/** What one access of an epoch does with its block. */
export interface SimulatedAccess {
  /** Undefined for a dummy. */
  readonly block: BlockId | undefined;
  /** Whether the block is there afterwards. */
  readonly kept: boolean;
}

export interface SimulatedEpoch {
  readonly places: readonly BucketPlace[];
  readonly accesses: readonly AccessChange[];
}

export interface SimulationOptions {
  readonly blocks: number;
  readonly cachedLevels: number;
  readonly random: (bytes: number) => Uint8Array;
  /** Whether all blocks are there from the beginning, placed as a load places them; default yes. */
  readonly loaded?: boolean;
  /** Default: as the vault chooses. */
  readonly levels?: number;
}

export class BlockSimulation {
  readonly state: ClientState;
  readonly buckets = new Map<BucketIndex, readonly PoolBlock[]>();
  readonly #present: boolean[];
  readonly #draw: () => Leaf;

  constructor({ blocks, cachedLevels, random, loaded = true, levels }: SimulationOptions) {
    const sizes = { records: blocks, blockBytes: 16, layout: 'tree', cachedLevels } as const;
    const parameters = chooseParameters(sizes);
    this.state = new ClientState({ ...parameters, levels: levels ?? parameters.levels });
    this.#draw = randomLeaves(this.state.geometry, random);
    this.#present = new Array<boolean>(blocks).fill(loaded);
    if (loaded) this.#load(blocks);
  }

  has(block: BlockId): boolean {
    return this.#present[block] === true;
  }

  /** As runEpoch does it: accessed blocks distinct; what is not there reads a fresh path. */
  epoch(wanted: readonly SimulatedAccess[]): SimulatedEpoch {
    const { state } = this;
    const { geometry, positions, pool } = state;
    const accesses = wanted.map(({ block, kept }): AccessChange => {
      const there = block !== undefined && this.has(block);
      const leafRead = there ? positions.leafOf(block) : this.#draw();
      const content = kept && block !== undefined ? CONTENT : undefined;
      return { leafRead, block: there || kept ? block : undefined, newLeaf: this.#draw(), content };
    });
    const accessed = new Map<BlockId, Leaf>();
    const kept: PoolBlock[] = [];
    for (const { block, newLeaf, content } of accesses) {
      if (block === undefined) continue;
      accessed.set(block, positions.leafOf(block));
      this.#present[block] = content !== undefined;
      if (content !== undefined) kept.push({ block, leaf: newLeaf, content });
    }
    const places = geometry.union(accesses.map(({ leafRead }) => leafRead));
    const read = new Map(places.map(({ index }) => [index, this.buckets.get(index) ?? []]));
    const { buckets, taken, poolSize } = planEviction({ geometry, pool, places, read, accessed, kept });
    for (const [index, place] of places.entries()) this.buckets.set(place.index, buckets[index]!);
    const sequence = state.sequence + 1;
    const operations = wanted.map(() => undefined);
    state.apply({
      sequence,
      version: 2 * sequence,
      previousVersion: state.lastVersion,
      checkpoint: false,
      operations,
      accesses,
      taken,
    });
    if (pool.size !== poolSize) throw new Error('replay and plan differ');
    return { places, accesses };
  }

  #load(count: number): void {
    const { geometry, positions, pool } = this.state;
    const blocks = Uint32Array.from({ length: count }, (_, block) => block);
    for (const block of blocks) positions.move(toBlockId(block), this.#draw());
    const entryOf = (id: number): PoolBlock => {
      const block = toBlockId(id);
      return { block, leaf: positions.leafOf(block), content: CONTENT };
    };
    const placement = placeBlocks(this.state, blocks);
    for (const block of placement.pool) pool.add(entryOf(block));
    let slot = 0;
    for (let level = geometry.cachedLevels; level < geometry.levels; level++) {
      for (let position = 0; position < 2 ** level; position++, slot += BUCKET_SIZE) {
        const ids = [...placement.buckets.subarray(slot, slot + BUCKET_SIZE)].filter((id) => id < count);
        this.buckets.set(geometry.place(level, position).index, ids.map(entryOf));
      }
    }
  }
}

/**
 * Sizes of the stash after each access of the cyclic worst case k0, k1, ..., k(N-1), k0, ... (Stefanov et al. 2013,
 * section 7: any other sequence has a smaller stash): how often each was seen.
 */
export function cyclicStash(simulation: BlockSimulation, blocks: number, accesses: number): number[] {
  const seen: number[] = [];
  const { pool } = simulation.state;
  // Two rounds first, to forget how it was loaded.
  for (let count = -2 * blocks; count < accesses; count++) {
    simulation.epoch([{ block: toBlockId((count + 2 * blocks) % blocks), kept: true }]);
    if (count >= 0) seen[pool.stash] = (seen[pool.stash] ?? 0) + 1;
  }
  return Array.from(seen, (count) => count ?? 0);
}

/** @returns P(stash > r) at index r, as far as it was seen */
export function tailOf(seen: readonly number[]): number[] {
  const total = seen.reduce((sum, count) => sum + count, 0);
  let beyond = total;
  return seen.map((count) => {
    beyond -= count;
    return beyond / total;
  });
}

/** Bits that the tail falls for each block, from `from` to `to` blocks. */
export function bitsPerBlock(tail: readonly number[], from: number, to: number): number {
  return (Math.log2(tail[from] ?? 0) - Math.log2(tail[to] ?? 0)) / (to - from);
}
