/**
 * Which records there are, and at which leaf each of their blocks is: the position map of Path ORAM, keyed.
 *
 * A record is known by 64 bits of its key's digest; the other 64 are in its block, so that two keys are never taken
 * for the same one. 8 bytes a record and 4 a block, in fixed places, so that any part of the map can be written
 * out and brought up to date alone (client-state pages). The hash index over it lives in memory only.
 */

import { type BlockId, type Leaf, type RecordId, toBlockId, toLeaf, toRecordId } from './ids.ts';

/** 64 bits; never both zero. */
export interface Fingerprint {
  readonly low: number;
  readonly high: number;
}

/** Index places for each record: short probes at any load. */
const PLACES_PER_RECORD = 2;

export class PositionMap {
  readonly capacity: number;
  readonly blocksPerRecord: number;
  /** 0, 0 where there is no record. Written through `assign` alone, except when pages are read in. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly leaves: Uint32Array;
  /** Record identifier + 1, or 0; open addressing, linear probing. */
  #places: Uint32Array;
  #records = 0;
  #nextFree = 0;

  constructor(capacity: number, blocksPerRecord: number) {
    this.capacity = capacity;
    this.blocksPerRecord = blocksPerRecord;
    this.low = new Uint32Array(capacity);
    this.high = new Uint32Array(capacity);
    this.leaves = new Uint32Array(capacity * blocksPerRecord);
    this.#places = new Uint32Array(2 ** Math.ceil(Math.log2(PLACES_PER_RECORD * capacity + 1)));
  }

  get records(): number {
    return this.#records;
  }

  find({ low, high }: Fingerprint): RecordId | undefined {
    const mask = this.#places.length - 1;
    for (let place = low & mask; ; place = (place + 1) & mask) {
      const record = (this.#places[place] ?? 0) - 1;
      if (record < 0) return undefined;
      if (this.low[record] === low && this.high[record] === high) return toRecordId(record);
    }
  }

  isUsed(record: RecordId): boolean {
    return (this.low[record] ?? 0) !== 0 || (this.high[record] ?? 0) !== 0;
  }

  blockOf(record: RecordId, part: number): BlockId {
    return toBlockId(record * this.blocksPerRecord + part);
  }

  recordOf(block: BlockId): RecordId {
    return toRecordId(Math.floor(block / this.blocksPerRecord));
  }

  leafOf(block: BlockId): Leaf {
    return toLeaf(this.leaves[block] ?? 0);
  }

  move(block: BlockId, leaf: Leaf): void {
    this.leaves[block] = leaf;
  }

  /** A record identifier that is neither used nor reserved; undefined where there is none. */
  free(reserved: ReadonlySet<RecordId>): RecordId | undefined {
    if (this.#records + reserved.size >= this.capacity) return undefined;
    for (let tried = 0; tried < this.capacity; tried++) {
      const record = toRecordId((this.#nextFree + tried) % this.capacity);
      if (this.isUsed(record) || reserved.has(record)) continue;
      this.#nextFree = record;
      return record;
    }
    return undefined;
  }

  /** Gives the record this fingerprint, or none. */
  assign(record: RecordId, fingerprint: Fingerprint | undefined): void {
    if (this.isUsed(record)) {
      this.#unindex(record);
      this.#records -= 1;
    }
    this.low[record] = fingerprint?.low ?? 0;
    this.high[record] = fingerprint?.high ?? 0;
    if (fingerprint !== undefined) {
      this.#index(record);
      this.#records += 1;
    }
  }

  /** After the arrays were filled from pages. */
  reindex(): void {
    this.#places.fill(0);
    this.#records = 0;
    for (let record = 0; record < this.capacity; record++) {
      if (!this.isUsed(toRecordId(record))) continue;
      this.#index(toRecordId(record));
      this.#records += 1;
    }
  }

  #index(record: RecordId): void {
    const mask = this.#places.length - 1;
    let place = (this.low[record] ?? 0) & mask;
    while ((this.#places[place] ?? 0) !== 0) place = (place + 1) & mask;
    this.#places[place] = record + 1;
  }

  /** Backward-shift deletion (Knuth, TAOCP 3, 6.4, Algorithm R): probes stay short without tombstones. */
  #unindex(record: RecordId): void {
    const mask = this.#places.length - 1;
    let hole = (this.low[record] ?? 0) & mask;
    while ((this.#places[hole] ?? 0) !== record + 1) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; ; place = (place + 1) & mask) {
      const other = (this.#places[place] ?? 0) - 1;
      if (other < 0) break;
      const home = (this.low[other] ?? 0) & mask;
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      this.#places[hole] = other + 1;
      hole = place;
    }
    this.#places[hole] = 0;
  }
}
