/**
 * How many triples an AND takes for a given error, and what that costs: public, so that costs can be predicted.
 *
 * All checks compare the errors of two multiplications: with an AND off by d and a triple off by e the check sees d ^ e.
 * A shuffled array of n triples of which 32 are opened passes against a fixed vector of errors, of weight k >= 1, only if
 * its own errors land exactly on those places and none among the opened: 1 / binomial(n, k). With 1 <= k <= n - 32
 * that is at most 1/n. The arrays are shuffled independently after everything is fixed, so s of them pass with n^-s, and
 * s = ceil(errorBits / log2 n) are needed.
 *
 * `kept-triple` is the scheme of Furukawa, Lindell, Nof, Weinstein (EUROCRYPT 2017): buckets of B = s + 1 triples, of
 * which the first stays where it is (as in Araki et al., S&P 2017), is checked by the others and then checks the AND.
 * It can run before any input is known. `gate` checks the AND itself against all B = s triples: the ANDs are fixed before
 * the shuffle and so are what an array must hit. That is where the 7 bits of Araki et al. come from, who shuffle
 * the checked triples once more; at the same 3 B + 1 bits this needs no second shuffle.
 */

import type { CircuitCost } from '../../mpc/circuit/cost.ts';
import type { ProtocolManifest } from '../../mpc/protocols/protocol.ts';
import { REPLICATED_MANIFEST, SHARE_HASH_BYTES } from '../../mpc/protocols/replicated/manifest.ts';
import { SEAL_BYTES } from '../../mpc/session/seal.ts';

export type CheckedAgainst = 'kept-triple' | 'gate';

export interface TripleSettings {
  /** A wrong AND passes with probability at most 2^-errorBits. */
  readonly errorBits: number;
  readonly against: CheckedAgainst;
}

/** One word of each shuffled array is opened: 32 triples, where one would do for the bound above. */
export const OPENED_WORDS = 1;

export const COIN_BYTES = 32;
export const DIGEST_BYTES = 32;
export const SALT_BYTES = 16;

/** Shuffle coin, openings, comparison. */
const CHECK_ROUNDS = 3;

export interface Buckets {
  /** Words of the ANDs of all layers, each layer in whole words; an array of triples has OPENED_WORDS more. */
  readonly words: number;
  readonly shuffled: number;
  /** Triples for each AND: B. */
  readonly triples: number;
}

export function bucketsOf(circuit: CircuitCost, { errorBits, against }: TripleSettings): Buckets {
  const words = circuit.layers.reduce((sum, layer) => sum + Math.ceil(layer.bytes / 4), 0);
  const shuffled = Math.ceil(errorBits / Math.log2(32 * (words + OPENED_WORDS)));
  return { words, shuffled, triples: against === 'gate' ? shuffled : shuffled + 1 };
}

export function openedBytesOf({ words, shuffled, triples }: Buckets): number {
  return 4 * (triples * 2 * words + shuffled * 3 * OPENED_WORDS);
}

/** The manifest's names are those of protocols that ship; this one stands where `verified` does. */
export function tripleManifest(settings: TripleSettings): ProtocolManifest {
  return {
    ...REPLICATED_MANIFEST,
    name: 'verified',
    corruption: 'one of the three parties, malicious: right results or an abort before anything opens',
    check: (circuit) => {
      if (circuit.ands === 0) return { rounds: 0, bytes: 0 };
      const buckets = bucketsOf(circuit, settings);
      const tripleBytes = 4 * buckets.triples * (buckets.words + OPENED_WORDS);
      const coinBytes = COIN_BYTES + DIGEST_BYTES + 2 * SEAL_BYTES;
      const openedBytes = openedBytesOf(buckets) + SEAL_BYTES;
      return {
        rounds: CHECK_ROUNDS,
        bytes: tripleBytes + coinBytes + openedBytes + DIGEST_BYTES + SEAL_BYTES,
      };
    },
    openingBytes: (outputLanes) =>
      outputLanes.reduce((sum, lanes) => sum + Math.ceil(lanes / 8), 0) +
      SALT_BYTES +
      SHARE_HASH_BYTES +
      2 * SEAL_BYTES,
  };
}
