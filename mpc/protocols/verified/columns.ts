/**
 * A batch of bits as the kernels want it: one 32-bit word a column, bit j from row j.
 *
 * Rows 0 to 15 come from one vector of the log and rows 16 to 31 from another. Weighted sums over the rows of a column
 * are then four table look-ups.
 */

import { COLUMN_BYTES, type FieldKernels, SUBSET_TABLES_BYTES } from '../../kernels/field.ts';
import { ROWS } from './and-log.ts';
import { ELEMENT_BYTES } from './transcript.ts';

/** @returns the offset of `columns` words */
export function loadColumns(
  kernels: FieldKernels,
  low: Int32Array,
  high: Int32Array,
  columns: number,
): number {
  const { memory } = kernels;
  const out = memory.allocate(columns * COLUMN_BYTES);
  const mark = memory.mark();
  const strideBytes = columns / 8;
  const halfBytes = strideBytes * ROWS;
  const rows = memory.allocate(2 * halfBytes);
  memory.words(rows, halfBytes / 4).set(low);
  memory.words(rows + halfBytes, halfBytes / 4).set(high);
  kernels.transposeRows(rows, strideBytes, 2 * ROWS, columns, out);
  memory.release(mark);
  return out;
}

/**
 * For each column the sum of the elements whose row's bit is set.
 * @param elements 32, one a row
 * @param out offset of `columns` elements
 */
export function sumRows(
  kernels: FieldKernels,
  columnWords: number,
  elements: readonly Uint8Array[],
  columns: number,
  out: number,
): void {
  const { memory } = kernels;
  const mark = memory.mark();
  const list = memory.allocate(elements.length * ELEMENT_BYTES);
  const tables = memory.allocate(SUBSET_TABLES_BYTES);
  elements.forEach((element, row) => {
    memory.bytes(list + row * ELEMENT_BYTES, ELEMENT_BYTES).set(element);
  });
  kernels.subsetTables(list, tables);
  kernels.lookup(columnWords, tables, columns, out);
  memory.release(mark);
}
