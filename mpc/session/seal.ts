/**
 * Sealing the messages of one direction of one attempt: AES-256-GCM, the nonce derived from the address.
 *
 * The key belongs to one attempt and one direction, so only its sender ever encrypts with it. A message's associated
 * data is its address (session, attempt, sender, receiver, step). Its nonce is the step itself where that fits: up to 12
 * characters of ASCII, filled up with zeros. For longer steps it is the first 96 bits of the SHA-256 hash of the address,
 * the first bit set, which no ASCII character has, so the two kinds never meet. Neither is sent, and a message moved
 * elsewhere fails twice over. GCM needs nonces that never repeat under a key (NIST SP 800-38D, section 8): `seal`
 * remembers each and refuses a second use, so that holds without exception, for an address used again as well as for
 * two addresses whose hashes collide (which among 2^20 messages happens with probability 2^-56).
 *
 * This is as safe as a key for each message, derived by HKDF from the same address: both rest on addresses being
 * unique, and both are refused at the second use. What one key for many messages adds are the bounds of GCM: 2^32
 * messages, and forgery with probability at most 2^-105 for the one try, of at most 64 MB, that a forger has before the attempt
 * ends. It saves two HMACs and a key set-up a message. Half the time of a small round is spent in calls of node:crypto,
 * so what can be prepared while the message is still under way is: `opening`.
 *
 * Overhead: the 16-byte tag. Against whoever carries the message, its receiver's storage operator included.
 */

import { createCipheriv, createDecipheriv, hash, type KeyObject } from 'node:crypto';
import { frame } from '../bytes.ts';
import type { PartyIndex } from '../party.ts';
import { AddressRegistry } from '../random/address-registry.ts';
import { allocateUnset, freeAtOnce } from '../random/free-at-once.ts';

/** The GCM tag; the nonce is not sent. */
export const SEAL_BYTES = 16;

const NONCE_BYTES = 12;

/** Encrypted at a time: stays in the cache until it is copied in front of the tag. */
const CHUNK_BYTES = 65_536;

/** Below, giving a buffer back costs more than its collection. */
const FREED_FROM_BYTES = 4096;

const TAG_LENGTH = { authTagLength: SEAL_BYTES };

export interface Direction {
  readonly sessionId: string;
  readonly attempt: number;
  readonly from: PartyIndex;
  readonly to: PartyIndex;
}

export class DirectionSeal {
  readonly #key: KeyObject;
  /** What the addresses of this direction have in common. */
  readonly #prefix: Uint8Array;
  readonly #nonces = new AddressRegistry('the nonce of message');

  /** @param key 32 bytes, of this direction and attempt alone */
  constructor(key: KeyObject, { sessionId, attempt, from, to }: Direction) {
    this.#key = key;
    this.#prefix = frame('tacit/1 message', sessionId, String(attempt), String(from), String(to));
  }

  /**
   * @returns a buffer of its own, or part of a pool where it is small
   * @throws MpcError ADDRESS_REUSED
   */
  seal(step: string, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
    const address = this.#addressOf(step);
    const { nonce, name } = nonceOf(step, address);
    this.#nonces.claim(name);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, TAG_LENGTH);
    cipher.setAAD(address);
    const sealed = allocateUnset(plaintext.length + SEAL_BYTES);
    for (let start = 0; start < plaintext.length; start += CHUNK_BYTES) {
      const encrypted = cipher.update(partOf(plaintext, start, start + CHUNK_BYTES));
      sealed.set(encrypted, start);
      if (encrypted.length >= FREED_FROM_BYTES) freeAtOnce(encrypted);
    }
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  }

  /** Prepares for the message of a step; the function it returns opens one message, or gives undefined. */
  opening(step: string): (sealed: Uint8Array) => Uint8Array | undefined {
    const address = this.#addressOf(step);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(step, address).nonce, TAG_LENGTH);
    decipher.setAAD(address);
    return (sealed) => {
      if (sealed.length < SEAL_BYTES) return undefined;
      decipher.setAuthTag(sealed.subarray(sealed.length - SEAL_BYTES));
      const plaintext = decipher.update(sealed.subarray(0, sealed.length - SEAL_BYTES));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return plaintext;
    };
  }

  /** Undefined where the message does not authenticate. */
  unseal(step: string, sealed: Uint8Array): Uint8Array | undefined {
    return this.opening(step)(sealed);
  }

  /** The prefix and frame(step): one buffer instead of four, for every message. */
  #addressOf(step: string): Uint8Array {
    const stepBytes = Buffer.byteLength(step);
    const prefixBytes = this.#prefix.length;
    const address = Buffer.allocUnsafe(prefixBytes + 4 + stepBytes);
    address.set(this.#prefix);
    address.writeUInt32BE(stepBytes, prefixBytes);
    address.write(step, prefixBytes + 4);
    return address;
  }
}

interface Nonce {
  readonly nonce: Uint8Array;
  /** Different for different nonces. */
  readonly name: string;
}

function nonceOf(step: string, address: Uint8Array): Nonce {
  if (step.length > NONCE_BYTES) return hashedNonce(address);
  const nonce = new Uint8Array(NONCE_BYTES);
  for (let index = 0; index < step.length; index++) {
    const character = step.charCodeAt(index);
    if (character === 0 || character > 127) return hashedNonce(address);
    nonce[index] = character;
  }
  return { nonce, name: step };
}

function hashedNonce(address: Uint8Array): Nonce {
  const nonce = hash('sha256', address, 'buffer').subarray(0, NONCE_BYTES);
  nonce.writeUInt8(nonce.readUInt8(0) | 0x80, 0);
  return { nonce, name: nonce.toString('latin1') };
}

/** The bytes themselves where they are all of them: a view costs as much as encrypting a small message. */
function partOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end >= bytes.length ? bytes : bytes.subarray(start, end);
}
