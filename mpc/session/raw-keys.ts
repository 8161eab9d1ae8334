/**
 * Curve keys as 32 raw bytes (RFC 7748, RFC 8032) to KeyObjects and back.
 *
 * node:crypto takes them only inside DER structures, which RFC 8410 fixes for these curves down to the last
 * byte: a constant prefix, then the key.
 */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { concatBytes } from '../bytes.ts';

/** Private seeds and public keys of both curves alike. */
export const RAW_KEY_BYTES = 32;

export type Curve = 'ed25519' | 'x25519';

/** RFC 8410 section 7: OneAsymmetricKey version 0, algorithm 1.3.101.112 or .110, an octet string in an octet string. */
const PRIVATE_PREFIX: Readonly<Record<Curve, Uint8Array>> = {
  ed25519: fromHex('302e020100300506032b657004220420'),
  x25519: fromHex('302e020100300506032b656e04220420'),
};

/** RFC 8410 section 4: SubjectPublicKeyInfo with a bit string of 32 bytes. */
const PUBLIC_PREFIX: Readonly<Record<Curve, Uint8Array>> = {
  ed25519: fromHex('302a300506032b6570032100'),
  x25519: fromHex('302a300506032b656e032100'),
};

/** @throws RangeError when the seed is not 32 bytes */
export function importPrivateKey(curve: Curve, seed: Uint8Array): KeyObject {
  requireLength(seed);
  const der = Buffer.from(concatBytes([PRIVATE_PREFIX[curve], seed]));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

/** @throws RangeError when the key is not 32 bytes */
export function importPublicKey(curve: Curve, raw: Uint8Array): KeyObject {
  requireLength(raw);
  return createPublicKey({
    key: Buffer.from(concatBytes([PUBLIC_PREFIX[curve], raw])),
    format: 'der',
    type: 'spki',
  });
}

/** The 32 raw bytes of the public key that belongs to a private one. */
export function rawPublicKey(privateKey: KeyObject): Uint8Array<ArrayBuffer> {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - RAW_KEY_BYTES));
}

function requireLength(bytes: Uint8Array): void {
  if (bytes.length !== RAW_KEY_BYTES) {
    throw new RangeError(`a raw key has ${RAW_KEY_BYTES} bytes, not ${bytes.length}`);
  }
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
