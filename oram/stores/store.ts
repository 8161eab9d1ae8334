/**
 * What a vault asks of a table: versioned items under fixed keys, and nothing that DynamoDB, its local stand-ins
 * and a Map cannot all do.
 *
 * Every item carries a version number. `write` replaces an item only by one of the same or a later version, so a
 * writer that was paused and wakes up late changes nothing that came after it, and repeating a write that already
 * arrived is harmless. `replace` is compare-and-swap, for the one item on which writers compete. Reads are strongly
 * consistent. Every store counts the request units that DynamoDB would charge, by the same arithmetic
 * (units.ts), so that costs are asserted, not estimated.
 *
 * Unprocessed keys, throttles and time-outs are the store's business: it repeats the same request, with back-off,
 * so that whoever watches the table sees no more than the same keys again.
 *
 * A store has no use for the bytes that it was handed once the call is over, and those that it hands out are the
 * caller's alone: so a caller may use the memory of both again, or give it back.
 */

/** Primary key of an item: both parts have a fixed length for each kind of item. */
export interface ItemKey {
  readonly partition: string;
  readonly sort: string;
}

export interface Item {
  readonly key: ItemKey;
  /** 0 to 2^32 - 1. */
  readonly version: number;
  readonly bytes: Uint8Array;
}

/**
 * Requests and what they consumed, in DynamoDB's units, since the store was made. A repeated request counts
 * again; one that was never answered may have consumed units that are not counted here.
 */
export interface StoreUnits {
  readonly requests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}

export interface ItemStore {
  /**
   * Strongly consistent reads, as few requests as the service allows, in parallel.
   * @param keys distinct
   * @returns one entry for each key, in the order of the keys; undefined where there is no item
   * @throws OramError STORE_UNAVAILABLE, STORE_REFUSED, STORE_ITEM_MALFORMED
   */
  read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]>;

  /**
   * Puts each item unless the table holds a later version under its key; all requests in parallel.
   * @param items distinct keys
   * @returns false where at least one later version was found: somebody else took over
   * @throws OramError STORE_UNAVAILABLE (then any of the items may or may not have been written), STORE_REFUSED
   */
  write(items: readonly Item[]): Promise<boolean>;

  /**
   * Puts items under keys that nobody has ever used, without conditions, in the largest batches the service takes.
   * For filling a new tree.
   * @throws OramError STORE_UNAVAILABLE, STORE_REFUSED
   */
  fill(items: readonly Item[]): Promise<void>;

  /**
   * Compare-and-swap: puts `item` if the version held is `expected`, or if nothing is held and `expected` is undefined.
   * Where an earlier try of this very call may have arrived, the store reads the item and answers true if it
   * holds these very bytes; if it holds a later version, or nothing any more, that can no longer be told.
   * @returns false where it was certainly not put
   * @throws OramError STORE_UNAVAILABLE (then it may or may not have been put), STORE_REFUSED
   */
  replace(item: Item, expected: number | undefined): Promise<boolean>;

  /** Deletes whatever is under these keys. */
  remove(keys: readonly ItemKey[]): Promise<void>;

  units(): StoreUnits;
}
