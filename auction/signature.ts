/**
 * Ed25519 signatures (RFC 8032) over canonical documents, as a parameter: browsers use the portable ones
 * below, parties use those of node:crypto; both give the same answers on the same vectors.
 *
 * Verification is strict (noble's `zip215: false`): S below the group order, canonical encodings of points, and
 * no public key of small order, under which one signature would fit many messages. The equation of RFC 8032
 * section 5.1.7 is checked with the cofactor. Parties check it without, as OpenSSL does: whatever a party
 * accepts is accepted here too, so an auditor never refuses what the parties counted.
 *
 * Signatures are deterministic; secret keys are the 32-byte seeds of RFC 8032.
 */

import { ed25519 } from '@noble/curves/ed25519.js';
import { type DocumentKind, documentBytes, fromBase64url, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';

export interface Signatures {
  /** @param secretKey 32-byte seed; @returns 64 bytes */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** False for every malformed key or signature; never throws. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** @returns 32 bytes */
  publicKeyOf(secretKey: Uint8Array): Uint8Array;
}

/** A party's or auctioneer's signing key behind one door, so that the secret may stay in a key service. */
export interface Signer {
  /** base64url, 32 bytes. */
  readonly publicKey: string;
  sign(message: Uint8Array): Uint8Array;
}

export const SECRET_KEY_BYTES = 32;
export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

export const portableSignatures: Signatures = {
  sign(secretKey, message) {
    checkSecretKey(secretKey);
    return ed25519.sign(message, secretKey);
  },
  verify(publicKey, message, signature) {
    if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  },
  publicKeyOf(secretKey) {
    checkSecretKey(secretKey);
    return ed25519.getPublicKey(secretKey);
  },
};

/** A signer that holds its key in memory. @param secretKey 32-byte seed */
export function signerOf(secretKey: Uint8Array, signatures: Signatures = portableSignatures): Signer {
  checkSecretKey(secretKey);
  const publicKey = toBase64url(signatures.publicKeyOf(secretKey));
  return { publicKey, sign: (message) => signatures.sign(secretKey, message) };
}

/** The signature of a document's body, base64url. */
export function signDocument(kind: DocumentKind, body: unknown, signer: Signer): string {
  return toBase64url(signer.sign(documentBytes(kind, body)));
}

/** Whether `signature` (base64url) is the signature of the body by `publicKey` (base64url). */
export function verifyDocument(
  kind: DocumentKind,
  body: unknown,
  publicKey: string,
  signature: string,
  signatures: Signatures = portableSignatures,
): boolean {
  return signatures.verify(fromBase64url(publicKey), documentBytes(kind, body), fromBase64url(signature));
}

function checkSecretKey(secretKey: Uint8Array): void {
  if (secretKey.length !== SECRET_KEY_BYTES) {
    throw new AuctionError('KEY_MALFORMED', `a signing key has ${SECRET_KEY_BYTES} bytes`);
  }
}
