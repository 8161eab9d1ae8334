/**
 * The challenges of one proof, drawn from what the prover has sent (Fiat, Shamir, CRYPTO 1986).
 *
 * Three parties make this subtle: the left verifier's half of every proof message comes from a seed it shares with
 * the prover and is never sent, so the prover has no choice in it, and hashing the right verifier's half alone binds
 * the whole message. The left verifier does not see that half; it gets the challenges from the prover and compares
 * them, by digest, with those that the right verifier computed. A nonce that only prover and right verifier know
 * keeps the digest from telling the left verifier anything about the messages.
 *
 * A prover can try as many transcripts offline as it has time for, which is why the field has 2^128 elements and not
 * 2^64: 2^60 tries at an error of 2^-121 still leave 2^-61. The hash starts from the coefficient seed, which the
 * prover learns only after its last AND message is out, so nothing can be tried before.
 */

import { createHash, hash } from 'node:crypto';
import { frame } from '../../bytes.ts';

/** Bytes of a field element, of a challenge and of the coefficient seed. */
export const ELEMENT_BYTES = 16;

export const NONCE_BYTES = 32;
export const DIGEST_BYTES = 32;

export class Transcript {
  #state: Uint8Array;

  /** @param context names prover, batch and shape of the proof */
  constructor(context: string, coefficientSeed: Uint8Array, nonce: Uint8Array) {
    this.#state = hash('sha256', frame('tacit/1 sum-check', context, coefficientSeed, nonce), 'buffer');
  }

  /** Takes in the right verifier's half of one round and yields the challenge that answers it. */
  challenge(message: Uint8Array): Uint8Array {
    this.#state = hash('sha256', frame(this.#state, message), 'buffer');
    return Uint8Array.from(this.#state.subarray(0, ELEMENT_BYTES));
  }
}

/** What the verifiers compare so as to know that they checked against the same challenges. */
export function digestOfChallenges(challenges: readonly Uint8Array[]): Uint8Array {
  const digest = createHash('sha256').update(frame('tacit/1 challenges'));
  for (const challenge of challenges) digest.update(challenge);
  return digest.digest();
}
