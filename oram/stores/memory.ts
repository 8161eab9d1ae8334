/**
 * A table in memory: the store of tests, benchmarks and demonstrations, and what the other stores are compared with.
 *
 * It answers, refuses and counts as DynamoDB does, request for request: batches of 100 keys read and of 25 items
 * filled or removed, one request for each conditional put, the larger of the old and the new item charged for a
 * put, the condition failed or not (DynamoDB Developer Guide, "Read and write operations", "Conditional writes").
 * Each call takes effect at once, in one step. Bytes are copied in and out (slabs.ts says where they are kept).
 */

import { OramError } from '../errors.ts';
import { distinctIdentifiers, keyIdentifier, keyOfIdentifier } from './keys.ts';
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
  readonly #held = new Map<string, Held>();
  #requests = 0;
  #readUnits = 0;
  #writeUnits = 0;

  constructor(items: Iterable<Item>) {
    for (const item of items) this.#set(keyIdentifier(item.key), item, undefined);
  }

  get size(): number {
    return this.#held.size;
  }

  *items(): Generator<Item> {
    for (const [identifier, held] of this.#held) yield itemOf(keyOfIdentifier(identifier), held);
  }

  copy(): MemoryStore {
    return new MapStore(this.items());
  }

  async read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> {
    const identifiers = distinctIdentifiers(keys);
    this.#requests += Math.ceil(keys.length / BATCH_READ_KEYS);
    return keys.map((key, index) => {
      const held = this.#held.get(identifiers[index] ?? '');
      this.#readUnits += readUnits(held === undefined ? 0 : itemBytes(key, held.place.length));
      return held === undefined ? undefined : itemOf(key, held);
    });
  }

  async write(items: readonly Item[]): Promise<boolean> {
    const identifiers = identifiersOf(items);
    this.#requests += items.length;
    let allPut = true;
    for (const [index, item] of items.entries()) {
      const identifier = identifiers[index] ?? '';
      const held = this.#held.get(identifier);
      if (!this.#put(identifier, item, held, held === undefined || held.version <= item.version))
        allPut = false;
    }
    return allPut;
  }

  async fill(items: readonly Item[]): Promise<void> {
    const identifiers = identifiersOf(items);
    this.#requests += Math.ceil(items.length / BATCH_WRITE_ITEMS);
    for (const [index, item] of items.entries()) {
      const identifier = identifiers[index] ?? '';
      this.#put(identifier, item, this.#held.get(identifier), true);
    }
  }

  async replace(item: Item, expected: number | undefined): Promise<boolean> {
    const [identifier = ''] = identifiersOf([item]);
    this.#requests += 1;
    const held = this.#held.get(identifier);
    return this.#put(identifier, item, held, held?.version === expected);
  }

  async remove(keys: readonly ItemKey[]): Promise<void> {
    const identifiers = distinctIdentifiers(keys);
    this.#requests += Math.ceil(keys.length / BATCH_WRITE_ITEMS);
    for (const [index, key] of keys.entries()) {
      const identifier = identifiers[index] ?? '';
      const held = this.#held.get(identifier);
      this.#writeUnits += writeUnits(held === undefined ? 0 : itemBytes(key, held.place.length));
      if (held === undefined) continue;
      this.#held.delete(identifier);
      this.#slabs.release(held.place);
    }
  }

  units() {
    return { requests: this.#requests, readUnits: this.#readUnits, writeUnits: this.#writeUnits };
  }

  /** @returns `allowed`; a put that is not allowed is charged all the same */
  #put(identifier: string, item: Item, held: Held | undefined, allowed: boolean): boolean {
    const most = Math.max(item.bytes.length, held?.place.length ?? 0);
    this.#writeUnits += writeUnits(itemBytes(item.key, most));
    if (allowed) this.#set(identifier, item, held);
    return allowed;
  }

  #set(identifier: string, { version, bytes }: Item, held: Held | undefined): void {
    if (held?.place.length === bytes.length) {
      held.version = version;
      held.place.slab.set(bytes, held.place.offset);
      return;
    }
    if (held !== undefined) this.#slabs.release(held.place);
    const place = this.#slabs.take(bytes.length);
    place.slab.set(bytes, place.offset);
    this.#held.set(identifier, { version, place });
  }
}

function itemOf(key: ItemKey, { version, place: { slab, offset, length } }: Held): Item {
  return { key, version, bytes: slab.slice(offset, offset + length) };
}

/** @throws OramError STORE_REFUSED where a key is named twice or an item too large */
function identifiersOf(items: readonly Item[]): readonly string[] {
  const identifiers = distinctIdentifiers(items.map(({ key }) => key));
  const tooLarge = items.find((item) => billedBytes(item) > MAX_ITEM_BYTES);
  if (tooLarge !== undefined) {
    throw new OramError('STORE_REFUSED', `an item has at most ${MAX_ITEM_BYTES} bytes`, {
      bytes: billedBytes(tooLarge),
    });
  }
  return identifiers;
}
