/**
 * What the verified protocol promises and costs, apart from any run of it.
 *
 * Statistical error of one attempt: a wrong AND passes the coefficients with probability at most 2^-64 + 2^-128 (a product of
 * a 64-bit and a 128-bit random factor), and the sum-check with at most 2 (rounds) / 2^128 a try, so a prover that
 * tries 2^60 transcripts offline reaches 2^-61. Together below 2^-60.
 */

import type { CircuitCost } from '../../circuit/cost.ts';
import { SEAL_BYTES } from '../../session/seal.ts';
import type { ProtocolManifest } from '../protocol.ts';
import { REPLICATED_MANIFEST } from '../replicated/manifest.ts';
import { batchColumnsOf } from './and-log.ts';
import { checkRoundsOf } from './shape.ts';
import { DIGEST_BYTES, ELEMENT_BYTES, NONCE_BYTES } from './transcript.ts';

/** Coefficient seed, proof, verdict. */
const CHECK_ROUNDS = 3;

export const VERIFIED_MANIFEST: ProtocolManifest = {
  ...REPLICATED_MANIFEST,
  name: 'verified',
  corruption:
    'one of the three parties, malicious: it may do anything; the attempt ends in the right result or aborts, and nothing but the right result opens',
  computeNsPerAnd: 30,
  check: (circuit) =>
    circuit.ands === 0 ? { rounds: 0, bytes: 0 } : { rounds: CHECK_ROUNDS, bytes: checkBytes(circuit) },
};

/** Words of the AND log for a circuit: every layer in whole words. */
export function logWordsOf(circuit: CircuitCost): number {
  return circuit.layers.reduce((sum, layer) => sum + Math.ceil(layer.bytes / 4), 0);
}

function checkBytes(circuit: CircuitCost): number {
  const batches = batchColumnsOf(logWordsOf(circuit));
  let bytes = 2 * ELEMENT_BYTES + SEAL_BYTES;
  for (const columns of batches) {
    const rounds = checkRoundsOf(columns);
    bytes += NONCE_BYTES + 2 * ELEMENT_BYTES * rounds + ELEMENT_BYTES * rounds + 2 * 2 * ELEMENT_BYTES;
  }
  return bytes + 2 * SEAL_BYTES + 2 * (DIGEST_BYTES + SEAL_BYTES);
}
