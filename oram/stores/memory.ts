/**
 * A table in memory: the store of tests, benchmarks and demonstrations, and what the other stores are compared with.
 *
 * It answers, refuses and counts as DynamoDB does, request for request: batches of 100 keys read and of 25 items
 * filled or removed, one request for each conditional put, the larger of the old and the new item charged for a
 * put, the condition failed or not (DynamoDB Developer Guide, "Read and write operations", "Conditional writes").
 * Each call takes effect at once, in one step. Bytes are copied in and out (slabs.ts says where they are kept).
 */

import { OramError } from '../errors.ts';
import { requireDistinct } from './keys.ts';
import { type Place, Slabs } from './slabs.ts';
import type { Item, ItemKey, ItemStore } from './store.ts';
import {
  BATCH_READ_KEYS,
  BATCH_WRITE_ITEMS,
  billedBytes,
  itemBytes,
  MAX_ITEM_BYTES,
  readUnits,
  writeUnits,
} from './units.ts';

export interface MemoryStore extends ItemStore {
  /** Items held. */
  readonly size: number;
  /** Everything that is held now, in no particular order. */
  items(): Iterable<Item>;
  /** A table of its own that holds the same now, its units at zero: a backup to restore, or a fork to crash. */
  copy(): MemoryStore;
}

export function createMemoryStore(): MemoryStore {
  return new MapStore([]);
}

interface Held {
  version: number;
  readonly place: Place;
}

class MapStore implements MemoryStore {
  readonly #slabs = new Slabs();
  /** By sort key, of which there are few, then by partition key: no text is made to find an item. */
  readonly #sorts = new Map<string, Map<string, Held>>();
  #requests = 0;
  #readUnits = 0;
  #writeUnits = 0;

  constructor(items: Iterable<Item>) {
    for (const item of items) this.#set(item, undefined);
  }

  get size(): number {
    let size = 0;
    for (const partitions of this.#sorts.values()) size += partitions.size;
    return size;
  }

  *items(): Generator<Item> {
    for (const [sort, partitions] of this.#sorts) {
      for (const [partition, held] of partitions) yield itemOf({ partition, sort }, held);
    }
  }

  copy(): MemoryStore {
    return new MapStore(this.items());
  }

  async read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> {
    requireDistinct(keys);
    this.#requests += Math.ceil(keys.length / BATCH_READ_KEYS);
    return keys.map((key) => {
      const held = this.#find(key);
      this.#readUnits += readUnits(held === undefined ? 0 : itemBytes(key, held.place.length));
      return held === undefined ? undefined : itemOf(key, held);
    });
  }

  async write(items: readonly Item[]): Promise<boolean> {
    requireTakeable(items);
    this.#requests += items.length;
    let allPut = true;
    for (const item of items) {
      const held = this.#find(item.key);
      if (!this.#put(item, held, held === undefined || held.version <= item.version)) allPut = false;
    }
    return allPut;
  }

  async fill(items: readonly Item[]): Promise<void> {
    requireTakeable(items);
    this.#requests += Math.ceil(items.length / BATCH_WRITE_ITEMS);
    for (const item of items) this.#put(item, this.#find(item.key), true);
  }

  async replace(item: Item, expected: number | undefined): Promise<boolean> {
    requireTakeable([item]);
    this.#requests += 1;
    const held = this.#find(item.key);
    return this.#put(item, held, held?.version === expected);
  }

  async remove(keys: readonly ItemKey[]): Promise<void> {
    requireDistinct(keys);
    this.#requests += Math.ceil(keys.length / BATCH_WRITE_ITEMS);
    for (const key of keys) {
      const held = this.#find(key);
      this.#writeUnits += writeUnits(held === undefined ? 0 : itemBytes(key, held.place.length));
      if (held === undefined) continue;
      this.#sorts.get(key.sort)?.delete(key.partition);
      this.#slabs.release(held.place);
    }
  }

  units() {
    return { requests: this.#requests, readUnits: this.#readUnits, writeUnits: this.#writeUnits };
  }

  #find({ partition, sort }: ItemKey): Held | undefined {
    return this.#sorts.get(sort)?.get(partition);
  }

  /** @returns `allowed`; a put that is not allowed is charged all the same */
  #put(item: Item, held: Held | undefined, allowed: boolean): boolean {
    const most = Math.max(item.bytes.length, held?.place.length ?? 0);
    this.#writeUnits += writeUnits(itemBytes(item.key, most));
    if (allowed) this.#set(item, held);
    return allowed;
  }

  #set({ key, version, bytes }: Item, held: Held | undefined): void {
    if (held?.place.length === bytes.length) {
      held.version = version;
      held.place.slab.set(bytes, held.place.offset);
      return;
    }
    if (held !== undefined) this.#slabs.release(held.place);
    const place = this.#slabs.take(bytes.length);
    place.slab.set(bytes, place.offset);
    const partitions = this.#sorts.get(key.sort) ?? new Map<string, Held>();
    this.#sorts.set(key.sort, partitions);
    partitions.set(key.partition, { version, place });
  }
}

function itemOf(key: ItemKey, { version, place: { slab, offset, length } }: Held): Item {
  return { key, version, bytes: slab.slice(offset, offset + length) };
}

/** @throws OramError STORE_REFUSED */
function requireTakeable(items: readonly Item[]): void {
  requireDistinct(items.map(({ key }) => key));
  const tooLarge = items.find((item) => billedBytes(item) > MAX_ITEM_BYTES);
  if (tooLarge !== undefined) {
    throw new OramError('STORE_REFUSED', `an item has at most ${MAX_ITEM_BYTES} bytes`, {
      bytes: billedBytes(tooLarge),
    });
  }
}
