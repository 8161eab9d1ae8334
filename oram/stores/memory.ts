/**
 * A table in memory: the store of tests, benchmarks and demonstrations, and what the other stores are compared with.
 *
 * It answers, refuses and counts as DynamoDB does, request for request: batches of 100 keys read and of 25 items
 * filled or removed, one request for each conditional put, the larger of the old and the new item charged for a
 * put, the condition failed or not (DynamoDB Developer Guide, "Read and write operations", "Conditional writes").
 * Each call takes effect at once, in one step. Bytes are kept and handed out as they are, never copied: the contract
 * says that nobody changes them afterwards.
 */

import { OramError } from '../errors.ts';
import { keyIdentifier, requireDistinct } from './keys.ts';
import type { Item, ItemKey, ItemStore } from './store.ts';
import {
  BATCH_READ_KEYS,
  BATCH_WRITE_ITEMS,
  billedBytes,
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
  return new MapStore(new Map());
}

class MapStore implements MemoryStore {
  readonly #items: Map<string, Item>;
  #requests = 0;
  #readUnits = 0;
  #writeUnits = 0;

  constructor(items: Map<string, Item>) {
    this.#items = items;
  }

  get size(): number {
    return this.#items.size;
  }

  items(): Iterable<Item> {
    return this.#items.values();
  }

  copy(): MemoryStore {
    return new MapStore(new Map(this.#items));
  }

  async read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> {
    requireDistinct(keys);
    this.#requests += Math.ceil(keys.length / BATCH_READ_KEYS);
    return keys.map((key) => {
      const item = this.#items.get(keyIdentifier(key));
      this.#readUnits += readUnits(item === undefined ? 0 : billedBytes(item));
      return item;
    });
  }

  async write(items: readonly Item[]): Promise<boolean> {
    requireTakeable(items);
    this.#requests += items.length;
    let allPut = true;
    for (const item of items) {
      const identifier = keyIdentifier(item.key);
      const held = this.#items.get(identifier);
      if (!this.#put(identifier, item, held, held === undefined || held.version <= item.version))
        allPut = false;
    }
    return allPut;
  }

  async fill(items: readonly Item[]): Promise<void> {
    requireTakeable(items);
    this.#requests += Math.ceil(items.length / BATCH_WRITE_ITEMS);
    for (const item of items) {
      const identifier = keyIdentifier(item.key);
      this.#put(identifier, item, this.#items.get(identifier), true);
    }
  }

  async replace(item: Item, expected: number | undefined): Promise<boolean> {
    requireTakeable([item]);
    this.#requests += 1;
    const identifier = keyIdentifier(item.key);
    const held = this.#items.get(identifier);
    return this.#put(identifier, item, held, held?.version === expected);
  }

  async remove(keys: readonly ItemKey[]): Promise<void> {
    requireDistinct(keys);
    this.#requests += Math.ceil(keys.length / BATCH_WRITE_ITEMS);
    for (const key of keys) {
      const held = this.#items.get(keyIdentifier(key));
      this.#writeUnits += writeUnits(held === undefined ? 0 : billedBytes(held));
      this.#items.delete(keyIdentifier(key));
    }
  }

  units() {
    return { requests: this.#requests, readUnits: this.#readUnits, writeUnits: this.#writeUnits };
  }

  /** @returns `allowed`; a put that is not allowed is charged all the same */
  #put(identifier: string, item: Item, held: Item | undefined, allowed: boolean): boolean {
    const heldBytes = held === undefined ? 0 : billedBytes(held);
    this.#writeUnits += writeUnits(Math.max(billedBytes(item), heldBytes));
    if (allowed) this.#items.set(identifier, item);
    return allowed;
  }
}

function requireTakeable(items: readonly Item[]): void {
  requireDistinct(items.map(({ key }) => key));
  const tooLarge = items.find((item) => billedBytes(item) > MAX_ITEM_BYTES);
  if (tooLarge !== undefined) {
    throw new OramError('STORE_REFUSED', `an item has at most ${MAX_ITEM_BYTES} bytes`, {
      bytes: billedBytes(tooLarge),
    });
  }
}
