/**
 * Vectors as rows of equal width, one after another: the shape in which circuits halve their work.
 *
 * Everything here is linear and costs no round and no byte.
 */

import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';

/** Rows `start` to `start + count - 1`, each `width` lanes wide. */
export function sliceRows(
  builder: CircuitBuilder,
  vector: VectorId,
  width: number,
  start: number,
  count: number,
): VectorId {
  return builder.slice(vector, start * width, count * width);
}

/** All rows as vectors of their own. */
export function splitRows(builder: CircuitBuilder, vector: VectorId, width: number): VectorId[] {
  const count = builder.lanesOf(vector) / width;
  return Array.from({ length: count }, (_, row) => sliceRows(builder, vector, width, row, 1));
}

/** The XOR of all rows, by halving. */
export function xorRows(builder: CircuitBuilder, vector: VectorId, width: number): VectorId {
  let folded = vector;
  let count = builder.lanesOf(vector) / width;
  while (count > 1) {
    const half = count >> 1;
    const sum = builder.xor(
      sliceRows(builder, folded, width, 0, half),
      sliceRows(builder, folded, width, half, half),
    );
    const odd = count % 2 === 1 ? [sliceRows(builder, folded, width, count - 1, 1)] : [];
    folded = builder.concat([sum, ...odd]);
    count = half + odd.length;
  }
  return folded;
}
