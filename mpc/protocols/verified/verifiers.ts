/**
 * The two verifiers' sides of the check of one batch (the claim and its rounds are explained in prover.ts).
 *
 * Each verifier follows the sum-check on its own half of the messages, which works because every step is linear in
 * them, folds its own vector by the same challenges, and ends with one blinded element and one half of the last claim.
 * Left: alpha mixed into a. Right: beta mixed into b. The two exchange what they have and accept iff a b is the sum of
 * the halves and the challenges agree.
 */

import type { FieldKernels } from '../../kernels/field.ts';
import { type Batch, ROWS } from './and-log.ts';
import { expandCoefficients } from './coefficients.ts';
import { allocateVector, foldVector } from './column-phase.ts';
import { loadColumns, sumRows } from './columns.ts';
import { addElements, type Element, evaluateLine, evaluateQuadratic, zeroElement } from './elements.ts';
import { rowWeights, scaledRows } from './row-weights.ts';
import { ROUND_BYTES, ROW_ROUNDS } from './shape.ts';
import { ELEMENT_BYTES, Transcript } from './transcript.ts';

export interface VerifierInputs {
  readonly seed: Uint8Array;
  readonly index: number;
  /** This verifier's half of every round. */
  readonly halves: Uint8Array;
  readonly challenges: readonly Element[];
  /** alpha for the left verifier, beta for the right one. */
  readonly blind: Element;
  /** What `initialClaim` gave for this batch and side. */
  readonly claim: Element;
}

export interface VerifierResult {
  /** The own vector, folded and blinded. */
  readonly folded: Element;
  /** The own half of the last claim. */
  readonly claimHalf: Element;
}

/** The verifier to the left of the prover: the prover is this party's successor. */
export function verifyAsLeft(kernels: FieldKernels, batch: Batch, inputs: VerifierInputs): VerifierResult {
  const mark = kernels.memory.mark();
  const { columns, secondX, secondY } = batch;
  const { rowFactors, weights } = expandCoefficients(kernels, inputs.seed, inputs.index, columns);
  const bits = loadColumns(kernels, secondX, secondY, columns);
  const vector = allocateVector(kernels, columns);
  const rows = scaledRows(kernels, rowWeights(kernels, inputs.challenges), rowFactors);
  sumRows(kernels, bits, rows, columns, vector);
  kernels.multiplyVector64(weights, vector, vector, columns);
  const result = finish(kernels, vector, columns, inputs);
  kernels.memory.release(mark);
  return result;
}

/** The verifier to the right of the prover: the prover is this party's predecessor. */
export function verifyAsRight(kernels: FieldKernels, batch: Batch, inputs: VerifierInputs): VerifierResult {
  const mark = kernels.memory.mark();
  const { columns, firstX, firstY } = batch;
  const bits = loadColumns(kernels, firstY, firstX, columns);
  const vector = allocateVector(kernels, columns);
  sumRows(kernels, bits, rowWeights(kernels, inputs.challenges), columns, vector);
  const result = finish(kernels, vector, columns, inputs);
  kernels.memory.release(mark);
  return result;
}

/** The challenges as the right verifier draws them itself from the prover's messages. */
export function drawChallenges(
  context: string,
  seed: Uint8Array,
  nonce: Uint8Array,
  rightHalves: Uint8Array,
): readonly Element[] {
  const transcript = new Transcript(context, seed, nonce);
  return Array.from({ length: rightHalves.length / ROUND_BYTES }, (_, round) =>
    transcript.challenge(rightHalves.subarray(round * ROUND_BYTES, (round + 1) * ROUND_BYTES)),
  );
}

/**
 * One verifier's half of the claim before the first round: the sum over all ANDs of coefficient times its own term. It
 * needs nothing from the prover, so it is computed while messages are under way.
 */
export function initialClaim(
  kernels: FieldKernels,
  { columns, leftTerms, rightTerms }: Batch,
  seed: Uint8Array,
  index: number,
  side: 'left' | 'right',
): Element {
  const mark = kernels.memory.mark();
  const { rowFactors, weights } = expandCoefficients(kernels, seed, index, columns);
  const terms = loadColumns(kernels, leftTerms, rightTerms, columns);
  const sums = allocateVector(kernels, columns);
  const rows = side === 'left' ? [...rowFactors, ...noRows()] : [...noRows(), ...rowFactors];
  sumRows(kernels, terms, rows, columns, sums);
  const claim = kernels.innerProduct64(weights, sums, columns);
  kernels.memory.release(mark);
  return claim;
}

function finish(
  kernels: FieldKernels,
  vector: number,
  columns: number,
  { halves, challenges, blind, claim }: VerifierInputs,
): VerifierResult {
  const unblinded = foldVector(kernels, vector, columns, challenges.slice(ROW_ROUNDS));
  return {
    folded: evaluateLine(kernels, unblinded, blind, challenges[challenges.length - 1]!),
    claimHalf: followClaim(kernels, claim, halves, challenges),
  };
}

/**
 * One half of the claim through all rounds. In every round but the last the claim is q(0) + q(1); in the last it is
 * q(0) alone, as q(1) is the product of the blinds.
 */
function followClaim(
  kernels: FieldKernels,
  initial: Element,
  halves: Uint8Array,
  challenges: readonly Element[],
): Element {
  let claim = initial;
  challenges.forEach((challenge, round) => {
    const start = round * ROUND_BYTES;
    const atOne = halves.slice(start, start + ELEMENT_BYTES);
    const leading = halves.slice(start + ELEMENT_BYTES, start + ROUND_BYTES);
    const atZero = round === challenges.length - 1 ? claim : addElements(claim, atOne);
    claim = evaluateQuadratic(kernels, atZero, atOne, leading, challenge);
  });
  return claim;
}

function noRows(): readonly Element[] {
  return Array.from({ length: ROWS }, zeroElement);
}
