/**
 * The first five rounds of the prover's sum-check: over the 32 rows, whose entries are bits times a weight.
 *
 * They need only D[j][l] = s_j sum over c of e_c u_{j,c} v_{l,c}, a 32 x 32 matrix: the sum over j of D[j][j] is the
 * claim, and folding rows and columns of D by a challenge is folding both vectors by it. So the whole first phase costs
 * one pass over the bits, in buckets and without a multiplication, and about a thousand multiplications.
 */

import { CROSS_PRODUCTS_BYTES, type FieldKernels } from '../../kernels/field.ts';
import { ROWS } from './and-log.ts';
import { accumulate, type Element, zeroElement } from './elements.ts';
import { ELEMENT_BYTES } from './transcript.ts';

const SIDE = 2 * ROWS;

/** Sends q(1) and the leading coefficient of a round, and yields its challenge. */
export type Round = (atOne: Element, leading: Element) => Element;

export interface RowPhaseInputs {
  /** Offsets of the column words of both factors, and of the 8-byte weights. */
  readonly left: number;
  readonly right: number;
  readonly weights: number;
  readonly columns: number;
  readonly rowFactors: readonly Element[];
}

export function foldRows(kernels: FieldKernels, inputs: RowPhaseInputs, round: Round): void {
  const { memory } = kernels;
  const mark = memory.mark();
  const matrix = crossMatrix(kernels, inputs);
  for (let half = SIDE / 2; half >= 1; half /= 2) {
    const { atOne, leading } = diagonalSums(memory.bytes(matrix, 4 * half * half * ELEMENT_BYTES), half);
    const challenge = round(atOne, leading);
    const rowBytes = 2 * half * ELEMENT_BYTES;
    kernels.foldByConstant(matrix, matrix + half * rowBytes, challenge, 2 * half * half, matrix);
    for (let row = 0; row < half; row++) {
      const start = matrix + row * rowBytes;
      kernels.foldByConstant(start, start + rowBytes / 2, challenge, half, matrix + (row * rowBytes) / 2);
    }
  }
  memory.release(mark);
}

/** D, row-major; its memory stays allocated. */
function crossMatrix(kernels: FieldKernels, inputs: RowPhaseInputs): number {
  const { memory } = kernels;
  const matrix = memory.allocate(SIDE * SIDE * ELEMENT_BYTES);
  const sums = memory.allocate(CROSS_PRODUCTS_BYTES);
  kernels.crossProducts(inputs.left, inputs.right, inputs.weights, inputs.columns, sums);
  const factors = memory.bytes(matrix, SIDE * SIDE * ELEMENT_BYTES);
  for (let row = 0; row < SIDE; row++) {
    const factor = inputs.rowFactors[row % ROWS]!;
    for (let column = 0; column < SIDE; column++) factors.set(factor, (row * SIDE + column) * ELEMENT_BYTES);
  }
  kernels.multiplyVector64(sums, matrix, matrix, SIDE * SIDE);
  return matrix;
}

/** With the matrix cut in four: the trace of its last quarter, and the sum of the traces of all quarters. */
function diagonalSums(matrix: Uint8Array, half: number): { atOne: Element; leading: Element } {
  const at = (row: number, column: number) => (row * 2 * half + column) * ELEMENT_BYTES;
  const atOne = zeroElement();
  const leading = zeroElement();
  for (let index = 0; index < half; index++) {
    accumulate(atOne, matrix, at(half + index, half + index));
    accumulate(leading, matrix, at(index, index));
    accumulate(leading, matrix, at(index, half + index));
    accumulate(leading, matrix, at(half + index, index));
  }
  accumulate(leading, atOne, 0);
  return { atOne, leading };
}
