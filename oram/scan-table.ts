/**
 * The contents of a scanned vault: a table of records of one fixed length, as the bytes of one item.
 *
 * For few records nothing beats reading and rewriting all of them: whoever watches sees the same item go and come
 * whatever is done with it (Goldreich and Ostrovsky, Journal of the ACM 1996, call it the trivial solution;
 * facebook/oram uses it too below 1 MB). Records are told apart by a keyed digest of their key, 16 bytes, so that
 * keys of any length cost the same and two keys meet by chance less than once in 2^100 tables.
 *
 * Layout, numbers big-endian: the number of records (4 bytes); then for each of `capacity` places the digest (16), the
 * length of the value (4) and the value padded with zeros. A place without a record is all zeros.
 *
 * The table lives in the memory of a process that the adversary does not watch (docs/oram.md): looking up by a Map
 * is not meant to take the same time for every key.
 */

import { OramError } from './errors.ts';
import { type VaultParameters, valueBytes } from './parameters.ts';
import { requireValue } from './record-content.ts';
import { SCAN_HEADER_BYTES, SCAN_RECORD_BYTES } from './sizes.ts';
import type { VaultOperationResult } from './vault.ts';

/** Of the digest that stands for a record's key. */
export const DIGEST_BYTES = 16;

const RECORDS_AT = 0;
const LENGTH_AT = DIGEST_BYTES;

export type TableOperation =
  | { readonly kind: 'get' | 'delete'; readonly digest: Uint8Array }
  | { readonly kind: 'put'; readonly digest: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'dummy' };

const NOT_FOUND: VaultOperationResult = { found: false, value: undefined };

export class ScanTable {
  readonly #bytes: Buffer;
  readonly #shape: VaultParameters;
  /** Digest, one character for each byte, to place. */
  readonly #places: Map<string, number>;
  /** Places without a record; the last is taken next. */
  readonly #free: number[];

  private constructor(shape: VaultParameters, bytes: Buffer, places: Map<string, number>, free: number[]) {
    this.#shape = shape;
    this.#bytes = bytes;
    this.#places = places;
    this.#free = free;
  }

  static empty(shape: VaultParameters): ScanTable {
    const free = Array.from({ length: shape.capacity }, (_, index) => shape.capacity - 1 - index);
    return new ScanTable(shape, Buffer.alloc(tableBytes(shape)), new Map(), free);
  }

  /**
   * @param bytes what `encode` returned; copied
   * @throws OramError BUCKET_MALFORMED
   */
  static decode(shape: VaultParameters, bytes: Uint8Array): ScanTable {
    const expected = tableBytes(shape);
    if (bytes.length !== expected) throw malformed(`has ${bytes.length} bytes instead of ${expected}`);
    const copy = Buffer.from(bytes);
    const places = new Map<string, number>();
    const free: number[] = [];
    for (let place = shape.capacity - 1; place >= 0; place--) {
      const at = placeOffset(shape, place);
      const digest = copy.toString('latin1', at, at + DIGEST_BYTES);
      const length = copy.readUInt32BE(at + LENGTH_AT);
      if (length > valueBytes(shape)) throw malformed('holds a value longer than a record');
      if (digest === NO_DIGEST) {
        if (length > 0) throw malformed('holds a value without a record');
        free.push(place);
      } else if (places.has(digest)) {
        throw malformed('holds two records of one key');
      } else {
        places.set(digest, place);
      }
    }
    if (copy.readUInt32BE(RECORDS_AT) !== places.size)
      throw malformed('holds another number of records than it says');
    return new ScanTable(shape, copy, places, free);
  }

  /** @returns the bytes of one item, always the same number for one vault */
  encode(): Uint8Array {
    this.#bytes.writeUInt32BE(this.#places.size, RECORDS_AT);
    return Uint8Array.from(this.#bytes);
  }

  get records(): number {
    return this.#places.size;
  }

  has(digest: Uint8Array): boolean {
    return this.#places.has(nameOf(digest));
  }

  /** @throws OramError VAULT_FULL, VAULT_VALUE_TOO_LARGE; the table is then as before */
  apply(operation: TableOperation): VaultOperationResult {
    if (operation.kind === 'dummy') return NOT_FOUND;
    const name = nameOf(operation.digest);
    const place = this.#places.get(name);
    const result = place === undefined ? NOT_FOUND : { found: true, value: this.#value(place) };
    if (operation.kind === 'put') this.#put(name, place, operation.value);
    if (operation.kind === 'delete' && place !== undefined) this.#delete(name, place);
    return result;
  }

  #value(place: number): Uint8Array {
    const at = placeOffset(this.#shape, place);
    const length = this.#bytes.readUInt32BE(at + LENGTH_AT);
    return Uint8Array.from(this.#bytes.subarray(at + SCAN_RECORD_BYTES, at + SCAN_RECORD_BYTES + length));
  }

  #put(name: string, place: number | undefined, value: Uint8Array): void {
    requireValue(value, this.#shape);
    const longest = valueBytes(this.#shape);
    const target = place ?? this.#free.pop();
    if (target === undefined) {
      throw new OramError(
        'VAULT_FULL',
        `this vault holds ${this.#shape.capacity} records, and they are there`,
      );
    }
    const at = placeOffset(this.#shape, target);
    this.#bytes.fill(0, at, at + SCAN_RECORD_BYTES + longest);
    this.#bytes.write(name, at, 'latin1');
    this.#bytes.writeUInt32BE(value.length, at + LENGTH_AT);
    this.#bytes.set(value, at + SCAN_RECORD_BYTES);
    this.#places.set(name, target);
  }

  #delete(name: string, place: number): void {
    const at = placeOffset(this.#shape, place);
    this.#bytes.fill(0, at, at + SCAN_RECORD_BYTES + valueBytes(this.#shape));
    this.#places.delete(name);
    this.#free.push(place);
  }
}

const NO_DIGEST = '\0'.repeat(DIGEST_BYTES);

/** One character for each byte. */
function nameOf(digest: Uint8Array): string {
  return Buffer.from(digest).toString('latin1');
}

function tableBytes(shape: VaultParameters): number {
  return placeOffset(shape, shape.capacity);
}

function placeOffset(shape: VaultParameters, place: number): number {
  return SCAN_HEADER_BYTES + place * (SCAN_RECORD_BYTES + valueBytes(shape));
}

function malformed(what: string): OramError {
  return new OramError('BUCKET_MALFORMED', `the item of this scanned vault ${what}`);
}
