/**
 * HKDF with SHA-256 (RFC 5869), cut into its two halves: `extractKey` turns a Diffie-Hellman secret into a
 * uniform key, `expandKey` derives one key for each purpose from it.
 *
 * node:crypto offers only both halves at once. Outputs here are never longer than one hash, so Expand is one
 * HMAC: T(1) = HMAC(key, info | 0x01).
 *
 * Keys are KeyObjects all the way: they print no bytes, and node:crypto is an order of magnitude slower on
 * raw buffers.
 */

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { concatBytes } from '../bytes.ts';

/** One SHA-256 output: the longest key that one HMAC call can derive. */
const HASH_BYTES = 32;

const FIRST_BLOCK = Uint8Array.of(1);

/** RFC 5869 section 2.2. */
export function extractKey(salt: Uint8Array, secret: Uint8Array): KeyObject {
  return createSecretKey(createHmac('sha256', createSecretKey(salt)).update(secret).digest());
}

/**
 * RFC 5869 section 2.3.
 * @param info names the purpose; two different purposes must differ here
 * @param bytes 1 to 32
 */
export function expandBytes(key: KeyObject, info: Uint8Array, bytes: number): Uint8Array {
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > HASH_BYTES) {
    throw new RangeError(`a derived key has 1 to ${HASH_BYTES} bytes, not ${bytes}`);
  }
  return createHmac('sha256', key)
    .update(concatBytes([info, FIRST_BLOCK]))
    .digest()
    .subarray(0, bytes);
}

export function expandKey(key: KeyObject, info: Uint8Array, bytes: number): KeyObject {
  return createSecretKey(expandBytes(key, info, bytes));
}
