/**
 * How many triples an AND takes for a given error, and what that costs: public, so that costs can be predicted.
 *
 * All checks compare the errors of two multiplications: with an AND off by d and a triple off by e the check sees d ^ e.
 * So a shuffled array passes only if its errors, as a sequence of m units (single triples, or words of 32), land exactly
 * on a given sequence with no error in the last unit, which is opened. If any AND is wrong that sequence is not constant,
 * so it has at least m arrangements, all equally likely: the array passes with at most 1/m. The arrays are shuffled
 * independently after everything is fixed, so s of them pass with m^-s, and s = ceil(errorBits / log2 m) are needed.
 * Shuffling words costs a thirtieth of the work and five bits of error an array.
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

/** What a shuffle moves: one triple, or a word of 32. */
export type ShuffledUnit = 'triple' | 'word';

export interface TripleSettings {
  /** A wrong AND passes with probability at most 2^-errorBits. */
  readonly errorBits: number;
  readonly against: CheckedAgainst;
  readonly unit: ShuffledUnit;
}

/** One word of each shuffled array is opened: 32 triples, where one would do when single triples are shuffled. */
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
  readonly unit: ShuffledUnit;
}

export function bucketsOf(circuit: CircuitCost, { errorBits, against, unit }: TripleSettings): Buckets {
  const words = circuit.layers.reduce((sum, layer) => sum + Math.ceil(layer.bytes / 4), 0);
  const units = (words + OPENED_WORDS) * (unit === 'triple' ? 32 : 1);
  const shuffled = Math.ceil(errorBits / Math.log2(units));
  return { words, shuffled, triples: against === 'gate' ? shuffled : shuffled + 1, unit };
}

export function openedBytesOf({ words, shuffled, triples }: Buckets): number {
  return 4 * (triples * 2 * words + shuffled * 3 * OPENED_WORDS);
}

/** The manifest's names are those of protocols that ship; this one stands where `verified` does. */
export function tripleManifest(settings: TripleSettings): ProtocolManifest {
  return {
    ...REPLICATED_MANIFEST,
    name: 'verified',
    // From the table in docs/verification.md, at 2^20 ANDs; nothing plans with it.
    computeNsPerAnd: settings.unit === 'word' ? 15 : 45,
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
