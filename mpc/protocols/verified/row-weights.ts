/**
 * How much each of the 32 rows counts after the row rounds: the product, over the bits of its number, of the round's
 * challenge where the bit is set and of one plus the challenge where it isn't. Round 0 folds the highest bit.
 */

import type { FieldKernels } from '../../kernels/field.ts';
import { addElements, type Element, oneElement } from './elements.ts';
import { ROW_ROUNDS } from './shape.ts';

/** @returns 32 elements */
export function rowWeights(kernels: FieldKernels, challenges: readonly Element[]): readonly Element[] {
  let weights: Element[] = [oneElement()];
  for (let round = 0; round < ROW_ROUNDS; round++) {
    const challenge = challenges[round]!;
    const complement = addElements(oneElement(), challenge);
    weights = weights.flatMap((weight) => [
      kernels.multiply(weight, complement),
      kernels.multiply(weight, challenge),
    ]);
  }
  return weights;
}

/** Row weights times the row factors s_j, which x rows and y rows share. */
export function scaledRows(
  kernels: FieldKernels,
  weights: readonly Element[],
  rowFactors: readonly Element[],
): readonly Element[] {
  return weights.map((weight, row) => kernels.multiply(weight, rowFactors[row % rowFactors.length]!));
}
