/**
 * Sums of unsigned numbers, many pairs at once: carries by a parallel-prefix network of least depth.
 *
 * A run of neighbouring bits either passes on the carry that enters it (`propagate`: all its bit pairs differ)
 * or decides the carry out by itself: it is then the left number's bit at the highest place where the pairs
 * agree (`carry`, anything if they all differ). Two runs join by
 *
 *   carry = high.propagate ? low.carry : high.carry          propagate = high.propagate AND low.propagate
 *
 * two ANDs. Single bits need none: carry = left, propagate = left XOR right. (The textbook's generate bit,
 * left AND right, is the same wherever it is read, and costs an AND a bit and a round; `compare.ts` saves the
 * same way.) Below bit 0 stands a sentinel, "no carry". A run that reaches it needs no `propagate`, one AND.
 *
 * Sums need every prefix of the runs. The network is Ladner and Fischer's P_0 (J. ACM 27(4), 1980): least
 * depth, like those of Sklansky and of Kogge and Stone, with fewer joins: 168 for 64 runs instead of 192 and 321.
 *
 * Cost, for n = bits runs without the carry out and n = bits + 1 with it:
 *   ceil(log2 n) layers, 2 joins(n) - (n - 1) ANDs a pair
 * (n = 64: 6 layers, 273 ANDs; n = 65: 7 layers). One `and` operation a layer.
 */

import { BitVector } from '../bits/bit-vector.ts';
import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import { sliceRows } from './rows.ts';

/**
 * left + right modulo 2^bits.
 *
 * @param left plane-major, LSB first: lane p * pairs + i is bit p of the i-th pair's left number
 * @param right of the same shape
 * @returns bits * pairs lanes of the same shape
 * @throws MpcError CIRCUIT_INVALID when a vector has not bits * pairs lanes
 */
export function addModulo(
  builder: CircuitBuilder,
  left: VectorId,
  right: VectorId,
  bits: number,
  pairs: number,
): VectorId {
  requirePlanes(builder, left, bits, pairs);
  requirePlanes(builder, right, bits, pairs);
  const propagate = builder.xor(left, right);
  return builder.xor(propagate, carries(builder, left, propagate, bits, pairs));
}

/** left + right in full: as `addModulo`, but with (bits + 1) * pairs lanes, the carry out on top. */
export function addWithCarry(
  builder: CircuitBuilder,
  left: VectorId,
  right: VectorId,
  bits: number,
  pairs: number,
): VectorId {
  requirePlanes(builder, left, bits, pairs);
  requirePlanes(builder, right, bits, pairs);
  const propagate = builder.xor(left, right);
  const entering = carries(builder, left, propagate, bits + 1, pairs);
  const sum = builder.xor(propagate, sliceRows(builder, entering, pairs, 0, bits));
  return builder.concat([sum, sliceRows(builder, entering, pairs, bits, 1)]);
}

/** Row p of the result, p < runs, is the carry that enters bit p; row 0 is zero. */
function carries(
  builder: CircuitBuilder,
  left: VectorId,
  propagate: VectorId,
  runs: number,
  pairs: number,
): VectorId {
  const sentinel = builder.constant(BitVector.zeros(pairs));
  if (runs === 1) return sentinel;
  let carry = builder.concat([sentinel, sliceRows(builder, left, pairs, 0, runs - 1)]);
  // The sentinel's row is never read; it keeps the rows of both vectors in step.
  let passes = builder.concat([sentinel, sliceRows(builder, propagate, pairs, 0, runs - 1)]);
  const lowest = Array.from({ length: runs }, (_, row) => row);
  for (const joins of prefixNetwork(runs)) {
    const inner = joins.filter(({ low }) => lowest[low] !== 0);
    const rows = (list: readonly Join[], end: 'high' | 'low'): Uint32Array =>
      Uint32Array.from(list, (join) => join[end]);
    const high = builder.gather(carry, pairs, rows(joins, 'high'));
    const low = builder.gather(carry, pairs, rows(joins, 'low'));
    const innerLow = inner.length === 0 ? [] : [builder.gather(passes, pairs, rows(inner, 'low'))];
    const products = builder.and(
      builder.gather(passes, pairs, rows([...joins, ...inner], 'high')),
      builder.concat([builder.xor(high, low), ...innerLow]),
    );
    const joined = builder.xor(high, sliceRows(builder, products, pairs, 0, joins.length));
    carry = replaceRows(builder, carry, joined, joins, runs, pairs);
    if (inner.length > 0) {
      const passed = sliceRows(builder, products, pairs, joins.length, inner.length);
      passes = replaceRows(builder, passes, passed, inner, runs, pairs);
    }
    for (const { high: row, low: below } of joins) lowest[row] = lowest[below] ?? 0;
  }
  return carry;
}

/** The rows of `vector`, but those that are the high end of a join taken from `joined`. */
function replaceRows(
  builder: CircuitBuilder,
  vector: VectorId,
  joined: VectorId,
  joins: readonly Join[],
  runs: number,
  pairs: number,
): VectorId {
  const rows = Uint32Array.from({ length: runs }, (_, row) => row);
  for (const [index, { high }] of joins.entries()) rows[high] = runs + index;
  return builder.gather(builder.concat([vector, joined]), pairs, rows);
}

/** Row `high` becomes the join of itself and row `low`, which ends just below where it starts. */
interface Join {
  readonly high: number;
  readonly low: number;
}

/** @returns joins by layer; after all of them row r is the join of rows 0 to r */
function prefixNetwork(runs: number): readonly (readonly Join[])[] {
  const layers = Array.from({ length: depthOf(runs) }, (): Join[] => []);
  const add = (layer: number, high: number | undefined, low: number | undefined): void => {
    if (high !== undefined && low !== undefined) layers[layer]?.push({ high, low });
  };
  /** P_0: both halves side by side, then every row of the upper half joins the last of the lower. */
  const shallow = (rows: readonly number[], layer: number): void => {
    if (rows.length === 1) return;
    const half = Math.ceil(rows.length / 2);
    frugal(rows.slice(0, half), layer);
    shallow(rows.slice(half), layer);
    for (const row of rows.slice(half)) add(layer + depthOf(rows.length) - 1, row, rows[half - 1]);
  };
  /** P_1: pairs, a network over them, then the rows between; all but the last may come a layer late. */
  const frugal = (rows: readonly number[], layer: number): void => {
    if (rows.length === 1) return;
    const ends = rows.filter((_, index) => index % 2 === 1 || index === rows.length - 1);
    for (let index = 1; index < rows.length; index += 2) add(layer, rows[index], rows[index - 1]);
    shallow(ends, layer + 1);
    for (let index = 2; index < rows.length - 1; index += 2) {
      add(layer + 1 + depthOf(ends.length), rows[index], rows[index - 1]);
    }
  };
  shallow(
    Array.from({ length: runs }, (_, row) => row),
    0,
  );
  return layers;
}

function depthOf(runs: number): number {
  return Math.ceil(Math.log2(runs));
}

function requirePlanes(builder: CircuitBuilder, vector: VectorId, bits: number, pairs: number): void {
  if (builder.lanesOf(vector) !== bits * pairs || bits < 1 || pairs < 1) {
    throw new MpcError('CIRCUIT_INVALID', 'an addition needs bits * pairs lanes on both sides', {
      lanes: builder.lanesOf(vector),
      bits,
      pairs,
    });
  }
}
