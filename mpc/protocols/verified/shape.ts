/**
 * The public shape of one proof: how many variables its sum-check has.
 *
 * The 32 rows of a batch are five variables, the columns are folded in halves until one is left (an odd number is
 * padded with a zero), and one more round mixes in the random blinding row.
 */

import { ELEMENT_BYTES } from './transcript.ts';

/** log2 of the 32 rows: 16 rows of x and 16 of y. */
export const ROW_ROUNDS = 5;

/** Lengths before each fold of the columns, ending with 2; empty for a single column. */
export function columnLengths(columns: number): readonly number[] {
  const lengths: number[] = [];
  for (let length = columns; length > 1; length = Math.ceil(length / 2)) lengths.push(length);
  return lengths;
}

/** Rounds of the sum-check over one batch: each sends two field elements and draws one challenge. */
export function checkRoundsOf(columns: number): number {
  return ROW_ROUNDS + columnLengths(columns).length + 1;
}

/** One round's message: q(1) and the leading coefficient. */
export const ROUND_BYTES = 2 * ELEMENT_BYTES;
