/**
 * Who a party is for years: an Ed25519 key (RFC 8032) that signs its hellos, receipts and outcomes.
 *
 * A seed is 32 bytes and stays in the KeyObject it is put into; a public key is the 32 raw bytes of RFC 8032.
 * Signing is a function, so that the key may as well live in a remote signer. Whoever signs separates domains:
 * no two kinds of statement may share an encoding.
 */

import { sign, verify } from 'node:crypto';
import type { PartyIndex } from '../party.ts';
import { importPrivateKey, importPublicKey, RAW_KEY_BYTES, rawPublicKey } from './raw-keys.ts';

/** RFC 8032 section 5.1.6. */
export const SIGNATURE_BYTES = 64;

export interface PartyIdentity {
  readonly index: PartyIndex;
  sign(message: Uint8Array): Uint8Array;
}

export interface PartyPublic {
  /** Ed25519, 32 raw bytes. */
  readonly signingKey: Uint8Array;
}

/** @param seed 32 secret bytes; the identity prints none of them */
export function createPartyIdentity(index: PartyIndex, seed: Uint8Array): PartyIdentity {
  const privateKey = importPrivateKey('ed25519', seed);
  return { index, sign: (message) => new Uint8Array(sign(null, message, privateKey)) };
}

/** The public half of the identity that a seed makes. */
export function publicFromSeed(seed: Uint8Array): PartyPublic {
  return { signingKey: rawPublicKey(importPrivateKey('ed25519', seed)) };
}

/** False for a wrong signature, and for a key or signature of the wrong length as well. */
export function verifyPartySignature(
  party: PartyPublic,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (party.signingKey.length !== RAW_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  return verify(null, message, importPublicKey('ed25519', party.signingKey), signature);
}
