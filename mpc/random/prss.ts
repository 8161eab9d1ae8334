/**
 * Pseudo-random zero sharing: each party derives, without a message, a share of zero that looks random to
 * either peer alone.
 *
 * Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, section 2.2 ("correlated randomness", computational variant):
 * with k_j known to parties j-1 and j only, a_i = F(k_i) ^ F(k_{i+1}) and a_0 ^ a_1 ^ a_2 = 0. Against one
 * semi-honest party: it lacks one of the three keys, so the other two shares are random to it.
 *
 * Where we differ: the paper runs one counter per key. Here every stream has an address,
 * F(k, address) = the AES-128 counter-mode key stream under HKDF-Expand(k, address), so streams of different
 * addresses are independent, and none is drawn twice: a second claim of an address throws. Session and attempt are
 * not part of the address because the keys belong to one attempt.
 *
 * Within a stream the position is the address, and it only moves forward: there is no way to rewind one. So a
 * protocol may draw the masks of all its AND layers from one stream. Secrecy needs only that no party masks two of
 * its own messages with the same position, which holds whatever its peers do; that the three agree on positions, so
 * that masks cancel, follows from the circuit, which fixes the order of layers and the words of each and whose hash
 * the hellos bind.
 *
 * The key stream is that of AES-128-GCM with a nonce of zeros, without its tag: counter blocks 0^96 | 2, 3, ...
 * (NIST SP 800-38D, section 6.5). OpenSSL has vector code for GCM that it lacks for plain CTR; masks cost a third
 * less. The counter has 32 bits, so a stream ends after 64 GB, and a draw beyond throws.
 *
 * Cost: two HMACs and two cipher set-ups a zero stream (about 20 us), then two passes of AES a byte. The two streams
 * are joined by encrypting zeros with the one and the result with the other.
 */

import { type CipherGCM, createCipheriv, type KeyObject } from 'node:crypto';
import { BitVector } from '../bits/bit-vector.ts';
import { frame } from '../bytes.ts';
import { MpcError } from '../errors.ts';
import { AddressRegistry } from './address-registry.ts';
import { freeAtOnce } from './free-at-once.ts';
import { expandKey } from './hkdf.ts';

/** 64 KB at a time: large enough to amortise a call into OpenSSL, small enough to stay in the L2 cache. */
export const STREAM_CHUNK_BYTES = 65_536;

/** NIST SP 800-38D, section 5.2.1.1: beyond, the counter would repeat. */
const MAX_STREAM_BYTES = 2 ** 36 - 32;

const ZEROS = new Uint8Array(STREAM_CHUNK_BYTES);
const ZERO_NONCE = new Uint8Array(12);
const STREAM_KEY_BYTES = 16;

/** The two pair keys of party i: k_i is shared with the previous party, k_{i+1} with the next. */
export interface PairKeys {
  readonly withPrevious: KeyObject;
  readonly withNext: KeyObject;
}

/** One stream, consumed from its beginning to wherever the caller stops; there is no way back. */
export interface PseudoRandomStream {
  /**
   * Overwrites the target with the next bytes of the stream.
   * @throws MpcError CIRCUIT_OVER_BOUND after 64 GB
   */
  fill(target: Uint8Array): void;
}

/** Which of the two pair keys of a party. */
export type Peer = 'previous' | 'next';

export interface Prss {
  /**
   * Pseudo-random bytes that this party and one peer have in common and the third party lacks: F(k_i, step) with
   * the previous party, F(k_{i+1}, step) with the next. A zero share of the same step is the XOR of the two, so a
   * step is drawn in one of these ways only.
   * @throws MpcError ADDRESS_REUSED
   */
  common(peer: Peer, step: string, bytes: number): Uint8Array<ArrayBuffer>;
  /** The same bytes, as they are needed. @throws MpcError ADDRESS_REUSED */
  commonStream(peer: Peer, step: string): PseudoRandomStream;
  /** @throws MpcError ADDRESS_REUSED */
  zeroShare(step: string, lanes: number): BitVector;
  /** The same share, in pieces: bit i of the stream is lane i of `zeroShare`. @throws MpcError ADDRESS_REUSED */
  zeroStream(step: string): PseudoRandomStream;
}

export function createPrss(keys: PairKeys): Prss {
  const registry = new AddressRegistry('draw');
  const commonStream = (peer: Peer, step: string): PseudoRandomStream => {
    registry.claim(`${peer} ${step}`);
    return new KeyStreams([keyStream(keys, peer, step)]);
  };
  const zeroStream = (step: string): PseudoRandomStream => {
    registry.claim(`previous ${step}`);
    registry.claim(`next ${step}`);
    return new KeyStreams([keyStream(keys, 'previous', step), keyStream(keys, 'next', step)]);
  };
  return {
    common(peer, step, bytes) {
      const drawn = new Uint8Array(bytes);
      commonStream(peer, step).fill(drawn);
      return drawn;
    },
    commonStream,
    zeroStream,
    zeroShare(step, lanes) {
      const share = BitVector.zeros(lanes);
      zeroStream(step).fill(new Uint8Array(share.words.buffer));
      share.clearPadding();
      return share;
    },
  };
}

/** What HKDF derives the key of a draw's stream from; the test twin uses it too. */
export function streamLabel(step: string): Uint8Array {
  return frame('tacit/1 prss stream', step);
}

function keyStream(keys: PairKeys, peer: Peer, step: string): CipherGCM {
  const pairKey = peer === 'previous' ? keys.withPrevious : keys.withNext;
  return createCipheriv('aes-128-gcm', expandKey(pairKey, streamLabel(step), STREAM_KEY_BYTES), ZERO_NONCE);
}

/** The XOR of key streams, made by encrypting zeros with the first and each result with the next. */
class KeyStreams implements PseudoRandomStream {
  readonly #ciphers: readonly CipherGCM[];
  #bytesLeft = MAX_STREAM_BYTES;

  constructor(ciphers: readonly CipherGCM[]) {
    this.#ciphers = ciphers;
  }

  fill(target: Uint8Array): void {
    if (target.length > this.#bytesLeft) {
      throw new MpcError('CIRCUIT_OVER_BOUND', 'one attempt draws at most 64 GB from a stream');
    }
    this.#bytesLeft -= target.length;
    for (let start = 0; start < target.length; start += ZEROS.length) {
      const end = Math.min(target.length, start + ZEROS.length);
      const zeros = end - start === ZEROS.length ? ZEROS : ZEROS.subarray(0, end - start);
      let drawn: Uint8Array<ArrayBuffer> = zeros;
      for (const cipher of this.#ciphers) {
        const encrypted = cipher.update(drawn);
        if (drawn !== zeros) freeAtOnce(drawn);
        drawn = encrypted;
      }
      target.set(drawn, start);
      freeAtOnce(drawn);
    }
  }
}
