/**
 * Record keys as the vault knows them: 128 bits of HMAC-SHA256 under a key of the vault's own.
 *
 * Half of it is the fingerprint in the position map, the other half lies in the record's blocks, so that two keys are never
 * taken for one another. Of 2^20 records two share a fingerprint with probability 2^-25; the later one is refused by
 * name. The key is drawn when the vault is made and stays through all generations, since the vault does not hold
 * the record keys themselves; it is kept sealed in the head.
 */

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Fingerprint } from './position-map.ts';

export const DIGEST_KEY_BYTES = 32;

export interface KeyDigest extends Fingerprint {
  /** 8 bytes. */
  readonly check: Uint8Array;
}

export class RecordKeys {
  readonly #key: KeyObject;

  /** @param digestKey 32 bytes, base64url */
  constructor(digestKey: string) {
    this.#key = createSecretKey(Buffer.from(digestKey, 'base64url'));
  }

  digest(recordKey: string): KeyDigest {
    const digest = createHmac('sha256', this.#key).update(recordKey, 'utf8').digest();
    const low = digest.readUInt32BE(0);
    const high = digest.readUInt32BE(4);
    // All zero stands for "no record" in the position map.
    return { low: low === 0 && high === 0 ? 1 : low, high, check: new Uint8Array(digest.subarray(8, 16)) };
  }
}
