/**
 * Folding vectors of field elements in halves: what all three roles do from the sixth round on.
 *
 * Low half and high half are contiguous; an odd length is padded with a zero, for which the vector's memory has one
 * element to spare.
 */

import type { FieldKernels } from '../../kernels/field.ts';
import type { Element } from './elements.ts';
import type { Round } from './row-phase.ts';
import { columnLengths } from './shape.ts';
import { ELEMENT_BYTES } from './transcript.ts';

/** Room for `length` elements and the padding of odd halves. */
export function allocateVector(kernels: FieldKernels, length: number): number {
  return kernels.memory.allocate((length + 1) * ELEMENT_BYTES);
}

/** The prover: folds both vectors to one element each, a round for each halving. */
export function foldPair(kernels: FieldKernels, a: number, b: number, columns: number, round: Round): void {
  const { memory } = kernels;
  const mark = memory.mark();
  const aSums = allocateVector(kernels, Math.ceil(columns / 2));
  const bSums = allocateVector(kernels, Math.ceil(columns / 2));
  for (const length of columnLengths(columns)) {
    const half = padToEven(kernels, [a, b], length);
    const high = half * ELEMENT_BYTES;
    kernels.addVectors(a, a + high, half, aSums);
    kernels.addVectors(b, b + high, half, bSums);
    const challenge = round(
      kernels.innerProduct(a + high, b + high, half),
      kernels.innerProduct(aSums, bSums, half),
    );
    kernels.foldByConstant(a, a + high, challenge, half, a);
    kernels.foldByConstant(b, b + high, challenge, half, b);
  }
  memory.release(mark);
}

/** A verifier: folds its one vector by the challenges of the column rounds, in order. */
export function foldVector(
  kernels: FieldKernels,
  vector: number,
  columns: number,
  challenges: readonly Element[],
): Element {
  columnLengths(columns).forEach((length, round) => {
    const half = padToEven(kernels, [vector], length);
    kernels.foldByConstant(vector, vector + half * ELEMENT_BYTES, challenges[round]!, half, vector);
  });
  return kernels.memory.bytes(vector, ELEMENT_BYTES).slice();
}

function padToEven(kernels: FieldKernels, vectors: readonly number[], length: number): number {
  if (length % 2 === 1) {
    for (const vector of vectors) {
      kernels.memory.bytes(vector + length * ELEMENT_BYTES, ELEMENT_BYTES).fill(0);
    }
  }
  return Math.ceil(length / 2);
}
