/**
 * Authenticated encryption of everything a vault stores: AES-256-GCM (NIST SP 800-38D) with a random nonce.
 *
 * Against whoever keeps a table: contents are hidden, and an item authenticates only as what it is (vault,
 * generation, kind, index) in the version it was written. That the version is the latest is for the caller to know:
 * buckets by the version map, everything else by a chain that starts at the head.
 *
 * Random 96-bit nonces are safe for 2^32 messages under one key (SP 800-38D, section 8.3), so a key serves 2^20
 * versions only: an access seals some hundreds of items at most, which leaves a margin of 2^3 and more. Keys come by
 * HKDF-SHA256 (RFC 5869) from the vault's key and live as KeyObjects, which print no bytes.
 */

import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { concatBytes, utf8 } from '../mpc/bytes.ts';
import { PARTITION_CHARACTERS, SEAL_BYTES, TAG_CHARACTERS } from './sizes.ts';

const ALGORITHM: CipherGCMTypes = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const VAULT_ID_BYTES = 16;

/** Versions that share a key, as a power of two. */
const KEY_RANGE_BITS = 20;

/** Nonces drawn at a time: one call of the generator costs more than sealing a small bucket. */
const NONCES_AT_ONCE = 256;

const HEX_DIGITS = utf8('0123456789abcdef');

/** What an item is; the number enters the associated data, the letter its key. */
const KINDS = {
  head: { code: 0, letter: 'h' },
  bucket: { code: 1, letter: 'b' },
  log: { code: 2, letter: 'l' },
  pool: { code: 3, letter: 'p' },
  page: { code: 4, letter: 'g' },
  segment: { code: 5, letter: 's' },
  scan: { code: 6, letter: 'c' },
} as const;

export type ItemKind = keyof typeof KINDS;

export interface SealerOptions {
  readonly key: KeyObject;
  /** Drawn when the vault was made. */
  readonly vaultId: Uint8Array;
  /** Counts reshuffles; each has its own keys and its own place in the tables. */
  readonly generation: number;
  readonly random: (bytes: number) => Uint8Array;
}

/** Smaller ones may share memory with others, and are cheap to collect. */
const FREED_AT_ONCE_BYTES = 1024;

/**
 * Gives the memory of a buffer back that nobody holds any more. Left to the garbage collector, the buffers of an
 * access bring on a full collection of a large vault's heap every few hundred accesses.
 */
export function freeAtOnce({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < FREED_AT_ONCE_BYTES || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** Seals and opens for one generation of one vault. */
export class Sealer {
  readonly #options: SealerOptions;
  readonly #keys = new Map<number, KeyObject>();
  readonly #associated = new Uint8Array(VAULT_ID_BYTES + 13);
  readonly #associatedView = new DataView(this.#associated.buffer);
  /** Of the partition key made last; its tag stays. */
  readonly #partition = Buffer.alloc(PARTITION_CHARACTERS);
  #nonces = new Uint8Array(0);
  #nonceOffset = 0;

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#associated.set(options.vaultId);
    this.#associatedView.setUint32(VAULT_ID_BYTES, options.generation);
    // Not from the key: what an earlier key wrote must be found again to be deleted.
    const place = createHash('sha256').update(this.#associated.subarray(0, VAULT_ID_BYTES + 4));
    this.#partition.write(place.digest('base64url').slice(0, TAG_CHARACTERS), 'latin1');
  }

  /** Partition key of an item: says kind and index, and neither the vault's name nor its generation. */
  partition(kind: ItemKind, index: number): string {
    // As one string: of parts that were added it would be walked part by part wherever it is looked up.
    const characters = this.#partition;
    characters[TAG_CHARACTERS] = KINDS[kind].letter.charCodeAt(0);
    let rest = index;
    for (let place = PARTITION_CHARACTERS - 1; place > TAG_CHARACTERS; place--) {
      characters[place] = HEX_DIGITS[rest & 15] ?? 0;
      rest >>>= 4;
    }
    return characters.toString('latin1');
  }

  /**
   * @param sealed where to; as long as what is returned
   * @returns nonce, ciphertext, tag: SEAL_BYTES longer than `plain`
   */
  seal(
    kind: ItemKind,
    index: number,
    version: number,
    plain: Uint8Array,
    sealed: Uint8Array = new Uint8Array(plain.length + SEAL_BYTES),
  ): Uint8Array {
    const nonce = this.#nonce();
    const cipher = createCipheriv(ALGORITHM, this.#keyOf(version), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(this.#associate(kind, index, version));
    sealed.set(nonce);
    const ciphertext = cipher.update(plain);
    sealed.set(ciphertext, NONCE_BYTES);
    freeAtOnce(ciphertext);
    cipher.final();
    sealed.set(cipher.getAuthTag(), NONCE_BYTES + plain.length);
    return sealed;
  }

  /** @returns the plaintext, or undefined where it was not sealed here as this item in this version */
  open(kind: ItemKind, index: number, version: number, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < SEAL_BYTES) return undefined;
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, this.#keyOf(version), sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(this.#associate(kind, index, version));
    decipher.setAuthTag(sealed.subarray(end));
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, end));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    // Not as a Buffer, whose slice() would be a view.
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  }

  #associate(kind: ItemKind, index: number, version: number): Uint8Array {
    this.#associatedView.setUint8(VAULT_ID_BYTES + 4, KINDS[kind].code);
    this.#associatedView.setUint32(VAULT_ID_BYTES + 5, index);
    this.#associatedView.setUint32(VAULT_ID_BYTES + 9, version);
    return this.#associated;
  }

  #keyOf(version: number): KeyObject {
    const range = version >>> KEY_RANGE_BITS;
    const known = this.#keys.get(range);
    if (known !== undefined) return known;
    const key = this.#derive('items', range);
    this.#keys.set(range, key);
    return key;
  }

  #derive(purpose: string, range: number): KeyObject {
    const numbers = new DataView(new ArrayBuffer(8));
    numbers.setUint32(0, this.#options.generation);
    numbers.setUint32(4, range);
    const info = concatBytes([utf8(`tacit/1 vault ${purpose} `), new Uint8Array(numbers.buffer)]);
    return createSecretKey(
      new Uint8Array(hkdfSync('sha256', this.#options.key, this.#options.vaultId, info, KEY_BYTES)),
    );
  }

  #nonce(): Uint8Array {
    if (this.#nonceOffset === this.#nonces.length) {
      this.#nonces = this.#options.random(NONCE_BYTES * NONCES_AT_ONCE).slice();
      this.#nonceOffset = 0;
    }
    this.#nonceOffset += NONCE_BYTES;
    return this.#nonces.subarray(this.#nonceOffset - NONCE_BYTES, this.#nonceOffset);
  }
}
