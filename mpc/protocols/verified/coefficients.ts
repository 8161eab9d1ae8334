/**
 * The random coefficients that turn all ANDs of a batch into one equation.
 *
 * AND g in row r, column c of the batch gets s_r e_c: 16 row factors from GF(2^128) and one 64-bit weight for each
 * column, all expanded from a seed that the prover does not know before its last AND message is out. If any AND is
 * wrong, the sum of s_r e_c over the wrong ones is a non-zero bilinear form, which vanishes with probability at most
 * 2^-64 + 2^-128. The same coefficients serve both products x_P y_{P+1} and y_P x_{P+1} of an AND.
 */

import { createCipheriv, createSecretKey } from 'node:crypto';
import { type FieldKernels, WEIGHT_BYTES } from '../../kernels/field.ts';
import { ROWS } from './and-log.ts';
import { ELEMENT_BYTES } from './transcript.ts';

export interface Coefficients {
  /** 16 elements s_r. */
  readonly rowFactors: readonly Uint8Array[];
  /** Offset of the 8-byte weights e_c in the kernels' memory. */
  readonly weights: number;
}

/** @param index of the batch; each gets coefficients of its own from the same seed */
export function expandCoefficients(
  kernels: FieldKernels,
  seed: Uint8Array,
  index: number,
  columns: number,
): Coefficients {
  // AES-128-CTR with the batch number in the upper half of the counter: 2^64 blocks for each batch.
  const counter = new Uint8Array(ELEMENT_BYTES);
  new DataView(counter.buffer).setUint32(4, index);
  const stream = createCipheriv('aes-128-ctr', createSecretKey(seed), counter);
  const factors = stream.update(new Uint8Array(ROWS * ELEMENT_BYTES));
  const weights = kernels.memory.allocate(columns * WEIGHT_BYTES);
  kernels.memory
    .bytes(weights, columns * WEIGHT_BYTES)
    .set(stream.update(new Uint8Array(columns * WEIGHT_BYTES)));
  return {
    rowFactors: Array.from({ length: ROWS }, (_, row) =>
      Uint8Array.from(factors.subarray(row * ELEMENT_BYTES, (row + 1) * ELEMENT_BYTES)),
    ),
    weights,
  };
}
