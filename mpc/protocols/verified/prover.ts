/**
 * The prover's side of the check of one batch: a sum-check over its own AND messages.
 *
 * The claim is an inner product <a, b> = t over GF(2^128), with a_{j,c} = s_j e_c u_{j,c} known to the left verifier
 * (u: this party's first summands, x in rows 0-15 and y in rows 16-31) and b_{j,c} = v_{j,c} known to the right one
 * (v: its second summands, y in rows 0-15 and x in rows 16-31); the prover knows both. Each round halves the index
 * range: q(X) = <a_low + X (a_low + a_high), b_low + X (b_low + b_high)>. The prover sends q(1) and the leading
 * coefficient, q(0) follows from the claim, and the next claim is q(c) for a challenge c (Lund, Fortnow, Karloff,
 * Nisan, JACM 1992). Its messages are shared between the two verifiers (Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai,
 * CRYPTO 2019, section 4): one half is drawn from a stream that prover and left verifier have in common, the other
 * half is sent to the right verifier.
 *
 * Rows come first (row-phase.ts), then columns (column-phase.ts), and last a round that mixes in one random pair
 * (alpha, beta), so that what the verifiers open to each other, a and b folded to one element each, is uniformly random
 * to them. Alpha is known to prover and left verifier, beta to prover and right verifier.
 */

import type { FieldKernels } from '../../kernels/field.ts';
import type { Batch } from './and-log.ts';
import { expandCoefficients } from './coefficients.ts';
import { allocateVector, foldPair } from './column-phase.ts';
import { loadColumns, sumRows } from './columns.ts';
import { addElements, type Element } from './elements.ts';
import { foldRows } from './row-phase.ts';
import { rowWeights, scaledRows } from './row-weights.ts';
import { ROUND_BYTES } from './shape.ts';
import { ELEMENT_BYTES, Transcript } from './transcript.ts';

export interface ProofInputs {
  readonly seed: Uint8Array;
  readonly index: number;
  readonly context: string;
  readonly nonce: Uint8Array;
  /** The left verifier's half of every round. */
  readonly leftHalves: Uint8Array;
  readonly alpha: Element;
  readonly beta: Element;
}

export interface Proof {
  /** The right verifier's half of every round. */
  readonly rightHalves: Uint8Array;
  readonly challenges: readonly Element[];
}

export function proveBatch(kernels: FieldKernels, batch: Batch, inputs: ProofInputs): Proof {
  const { memory } = kernels;
  const { columns } = batch;
  const mark = memory.mark();
  const transcript = new Transcript(inputs.context, inputs.seed, inputs.nonce);
  const rightHalves = new Uint8Array(inputs.leftHalves.length);
  const challenges: Element[] = [];
  const round = (atOne: Element, leading: Element): Element => {
    const start = challenges.length * ROUND_BYTES;
    const rightHalf = rightHalves.subarray(start, start + ROUND_BYTES);
    rightHalf.set(atOne);
    rightHalf.set(leading, ELEMENT_BYTES);
    for (let index = 0; index < ROUND_BYTES; index++) rightHalf[index]! ^= inputs.leftHalves[start + index]!;
    const challenge = transcript.challenge(rightHalf);
    challenges.push(challenge);
    return challenge;
  };

  const { rowFactors, weights } = expandCoefficients(kernels, inputs.seed, inputs.index, columns);
  const left = loadColumns(kernels, batch.firstX, batch.firstY, columns);
  const right = loadColumns(kernels, batch.secondY, batch.secondX, columns);
  foldRows(kernels, { left, right, weights, columns, rowFactors }, round);

  const rows = rowWeights(kernels, challenges);
  const a = allocateVector(kernels, columns);
  const b = allocateVector(kernels, columns);
  sumRows(kernels, left, scaledRows(kernels, rows, rowFactors), columns, a);
  kernels.multiplyVector64(weights, a, a, columns);
  sumRows(kernels, right, rows, columns, b);
  foldPair(kernels, a, b, columns, round);

  const foldedA = memory.bytes(a, ELEMENT_BYTES).slice();
  const foldedB = memory.bytes(b, ELEMENT_BYTES).slice();
  round(
    kernels.multiply(inputs.alpha, inputs.beta),
    kernels.multiply(addElements(foldedA, inputs.alpha), addElements(foldedB, inputs.beta)),
  );
  memory.release(mark);
  return { rightHalves, challenges };
}
