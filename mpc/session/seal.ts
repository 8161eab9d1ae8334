/**
 * Sealing one message for one address: AES-256-GCM under a key that no other message has.
 *
 * The message key is HKDF-Expand(direction key, address) and the nonce is zero. That is safe because the key is
 * used for exactly one plaintext: the address names session, attempt, step, sender and receiver, the direction
 * key belongs to one attempt, and the links refuse to send to an address twice. The address is the associated
 * data as well, so a message moved elsewhere fails twice over.
 *
 * Overhead: the 16-byte tag. Against whoever carries the message, its receiver's storage operator included.
 */

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { frame } from '../bytes.ts';
import type { PartyIndex } from '../party.ts';
import { expandKey } from '../random/hkdf.ts';

/** The GCM tag; the nonce is not sent. */
export const SEAL_BYTES = 16;

const MESSAGE_KEY_BYTES = 32;
const ZERO_NONCE = new Uint8Array(12);

export interface MessageAddress {
  readonly sessionId: string;
  readonly attempt: number;
  readonly step: string;
  readonly from: PartyIndex;
  readonly to: PartyIndex;
}

export function seal(
  directionKey: KeyObject,
  address: MessageAddress,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const label = encodeAddress(address);
  const cipher = createCipheriv('aes-256-gcm', messageKey(directionKey, label), ZERO_NONCE, {
    authTagLength: SEAL_BYTES,
  });
  cipher.setAAD(label);
  const sealed = new Uint8Array(plaintext.length + SEAL_BYTES);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** Undefined where the message does not authenticate. */
export function unseal(
  directionKey: KeyObject,
  address: MessageAddress,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < SEAL_BYTES) return undefined;
  const label = encodeAddress(address);
  const decipher = createDecipheriv('aes-256-gcm', messageKey(directionKey, label), ZERO_NONCE, {
    authTagLength: SEAL_BYTES,
  });
  decipher.setAAD(label);
  decipher.setAuthTag(sealed.subarray(sealed.length - SEAL_BYTES));
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - SEAL_BYTES));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

function encodeAddress({ sessionId, attempt, step, from, to }: MessageAddress): Uint8Array {
  return frame('tacit/1 message', sessionId, String(attempt), step, String(from), String(to));
}

function messageKey(directionKey: KeyObject, label: Uint8Array): KeyObject {
  return expandKey(directionKey, label, MESSAGE_KEY_BYTES);
}
