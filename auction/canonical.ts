/**
 * One byte string for every document: canonical JSON (RFC 8785), base64url (RFC 4648 section 5) and the
 * domain-separated hash of both.
 *
 * Two parties that hold the same document hash the same bytes, whatever order its fields arrived in. The hash
 * covers a domain, the kind of document and its canonical bytes, each with its length, so a document of one
 * kind never has the hash of a document of another kind.
 *
 * RFC 8785 is the package `canonicalize`; SHA-256 is @noble/hashes, synchronous in every browser.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import canonicalize from 'canonicalize';
import { frame, utf8 } from '../mpc/bytes.ts';
import { AuctionError } from './errors.ts';

/** First field of everything that is hashed, signed or sealed: the protocol and its version. */
export const PROTOCOL = 'tacit/1';

/** What a hash or signature is about; each kind is used for one structure alone. */
export type DocumentKind =
  | 'tender'
  | 'invitation'
  | 'close'
  | 'bid'
  | 'withdrawal'
  | 'receipt'
  | 'closing-list'
  | 'outcome'
  | 'operator'
  | 'operator-replacement'
  | 'consortium'
  | 'vault-request'
  | 'event';

/**
 * RFC 8785 bytes of a JSON value.
 * @throws AuctionError TEXT_MALFORMED where a text is no Unicode, which JSON lets escapes spell (RFC 8785, section 3.2.2.2);
 *   TypeError where the value is no JSON
 */
export function canonicalBytes(value: unknown): Uint8Array<ArrayBuffer> {
  const text = canonicalText(value);
  if (text === undefined) throw new TypeError('the value has no JSON form');
  return utf8(text);
}

function canonicalText(value: unknown): string | undefined {
  try {
    return canonicalize(value);
  } catch (cause) {
    throw new AuctionError(
      'TEXT_MALFORMED',
      'a text or a number of the document has no canonical form',
      {},
      { cause },
    );
  }
}

/** What is hashed and what is signed: protocol, kind and canonical bytes, each with its length. */
export function documentBytes(kind: DocumentKind, value: unknown): Uint8Array<ArrayBuffer> {
  return frame(PROTOCOL, kind, canonicalBytes(value));
}

/** SHA-256 of `documentBytes`; 32 bytes. */
export function hashDocument(kind: DocumentKind, value: unknown): Uint8Array {
  return sha256(documentBytes(kind, value));
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NOT_A_DIGIT = 255;
const DIGIT_OF_CODE = new Uint8Array(128).fill(NOT_A_DIGIT);
for (let digit = 0; digit < ALPHABET.length; digit++) DIGIT_OF_CODE[ALPHABET.charCodeAt(digit)] = digit;

/** base64url without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    pendingBits += 8;
    while (pendingBits >= 6) {
      pendingBits -= 6;
      text += ALPHABET.charAt((pending >>> pendingBits) & 63);
    }
    pending &= (1 << pendingBits) - 1;
  }
  if (pendingBits > 0) text += ALPHABET.charAt((pending << (6 - pendingBits)) & 63);
  return text;
}

/**
 * The bytes of base64url text without padding; spare bits must be zero, so every byte string has one spelling.
 * @throws AuctionError ENCODING_MALFORMED
 */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 4 === 1)
    throw new AuctionError('ENCODING_MALFORMED', 'the text has an impossible length');
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8));
  let pending = 0;
  let pendingBits = 0;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = DIGIT_OF_CODE[text.charCodeAt(index)] ?? NOT_A_DIGIT;
    if (digit === NOT_A_DIGIT) throw new AuctionError('ENCODING_MALFORMED', 'the text is not base64url');
    pending = (pending << 6) | digit;
    pendingBits += 6;
    if (pendingBits >= 8) {
      pendingBits -= 8;
      bytes[length++] = pending >>> pendingBits;
      pending &= (1 << pendingBits) - 1;
    }
  }
  if (pending !== 0) throw new AuctionError('ENCODING_MALFORMED', 'the spare bits of the text are not zero');
  return bytes;
}
