/**
 * Pseudo-random zero sharing: each party derives, without a message, a share of zero that looks random to
 * either peer alone.
 *
 * Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, section 2.2 ("correlated randomness", computational variant):
 * with k_j known to parties j-1 and j only, a_i = F(k_i) ^ F(k_{i+1}) and a_0 ^ a_1 ^ a_2 = 0. Against one
 * semi-honest party: it lacks one of the three keys, so the other two shares are random to it.
 *
 * Where we differ: the paper runs one counter per key. Here every draw has an address, and
 * F(k, address) = AES-128-CTR from zero under HKDF-Expand(k, address), so streams of different addresses are
 * independent and no counter has to be carried, lost or restored. A second draw for an address throws.
 * Session and attempt are not part of the address because the keys belong to one attempt.
 *
 * Cost: two HMACs and two cipher set-ups a draw (about 20 us), then two passes of AES a byte. The two streams
 * are joined by encrypting zeros with the one and the result with the other: CTR is XOR with a key stream.
 */

import { createCipheriv, type KeyObject } from 'node:crypto';
import { BitVector } from '../bits/bit-vector.ts';
import { frame } from '../bytes.ts';
import { AddressRegistry } from './address-registry.ts';
import { expandKey } from './hkdf.ts';

/** 64 KB at a time: large enough to amortise a call into OpenSSL, small enough to stay in the L2 cache. */
export const STREAM_CHUNK_WORDS = 16_384;

const ZEROS = new Uint8Array(STREAM_CHUNK_WORDS * 4);
const ZERO_COUNTER = new Uint8Array(16);
const STREAM_KEY_BYTES = 16;

/** The two pair keys of party i: k_i is shared with the previous party, k_{i+1} with the next. */
export interface PairKeys {
  readonly withPrevious: KeyObject;
  readonly withNext: KeyObject;
}

export interface ZeroStream {
  /**
   * The next words of this party's share of zero. The view may be part of a larger buffer but is never reused.
   * @param words 1 to STREAM_CHUNK_WORDS
   */
  next(words: number): Int32Array;
}

/** Which of the two pair keys of a party. */
export type Peer = 'previous' | 'next';

export interface Prss {
  /**
   * Pseudo-random bytes that this party and one peer have in common and the third party lacks: F(k_i, step) with
   * the previous party, F(k_{i+1}, step) with the next. A zero share of the same step is the XOR of the two, so a
   * step is drawn in one of the two ways only.
   * @throws MpcError ADDRESS_REUSED
   */
  common(peer: Peer, step: string, bytes: number): Uint8Array<ArrayBuffer>;
  /** @throws MpcError ADDRESS_REUSED */
  zeroShare(step: string, lanes: number): BitVector;
  /** The same share, in pieces: bit i of the stream is lane i of `zeroShare`. */
  zeroStream(step: string): ZeroStream;
}

export function createPrss(keys: PairKeys): Prss {
  const registry = new AddressRegistry('draw');
  const zeroStream = (step: string): ZeroStream => {
    registry.claim(`previous ${step}`);
    registry.claim(`next ${step}`);
    const label = streamLabel(step);
    const first = streamCipher(keys.withPrevious, label);
    const second = streamCipher(keys.withNext, label);
    return {
      next(words) {
        const mask = second.update(first.update(ZEROS.subarray(0, words * 4)));
        return new Int32Array(mask.buffer, mask.byteOffset, words);
      },
    };
  };
  return {
    common(peer, step, bytes) {
      registry.claim(`${peer} ${step}`);
      const stream = streamCipher(peer === 'previous' ? keys.withPrevious : keys.withNext, streamLabel(step));
      return encryptZeros(stream, bytes);
    },
    zeroStream,
    zeroShare(step, lanes) {
      const share = BitVector.zeros(lanes);
      const stream = zeroStream(step);
      const { words } = share;
      for (let start = 0; start < words.length; start += STREAM_CHUNK_WORDS) {
        words.set(stream.next(Math.min(STREAM_CHUNK_WORDS, words.length - start)), start);
      }
      share.clearPadding();
      return share;
    },
  };
}

/** What HKDF derives the key of a draw's stream from; the test twin uses it too. */
export function streamLabel(step: string): Uint8Array {
  return frame('tacit/1 prss stream', step);
}

function streamCipher(pairKey: KeyObject, label: Uint8Array) {
  return createCipheriv('aes-128-ctr', expandKey(pairKey, label, STREAM_KEY_BYTES), ZERO_COUNTER);
}

function encryptZeros(stream: ReturnType<typeof streamCipher>, bytes: number): Uint8Array<ArrayBuffer> {
  const drawn = new Uint8Array(bytes);
  for (let start = 0; start < bytes; start += ZEROS.length) {
    drawn.set(stream.update(ZEROS.subarray(0, Math.min(ZEROS.length, bytes - start))), start);
  }
  return drawn;
}
