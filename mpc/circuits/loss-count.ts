/**
 * How many matches a member lost: none, one, or more. None makes it the best, exactly one the second.
 *
 * A row of "won this match" bits for each match, the same matches for all members in parallel, is folded by a
 * binary tree of ceil(log2 matches) layers. `none` alone is an AND a node. With `atMostOne` beside it a node is
 * addition saturated at two; three products in the obvious form
 * (none_L none_R, none_L atMostOne_R, atMostOne_L none_R), two in ours:
 *
 *   none = none_L none_R     atMostOne = none_L XOR (none_L XOR none_R)(atMostOne_L XOR atMostOne_R XOR none_R)
 *
 * which is right because `none` implies `atMostOne`; tests try all nine cases. Where every leaf is a single
 * match, `atMostOne` of a leaf is 1 and the first layer costs one AND a node: atMostOne = none_L OR none_R.
 */

import { BitVector } from '../bits/bit-vector.ts';
import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { sliceRows } from './rows.ts';

export interface LossCount {
  readonly none: VectorId;
  readonly atMostOne: VectorId;
}

/** @param won rows of `width` lanes; @returns one row: the AND of all */
export function lostNone(builder: CircuitBuilder, won: VectorId, width: number): VectorId {
  let none = won;
  let rows = builder.lanesOf(won) / width;
  while (rows > 1) {
    const half = rows >> 1;
    const both = builder.and(
      sliceRows(builder, none, width, 0, half),
      sliceRows(builder, none, width, half, half),
    );
    none = builder.concat([both, ...lastIfOdd(builder, none, width, rows)]);
    rows = Math.ceil(rows / 2);
  }
  return none;
}

/**
 * @param none rows of `width` lanes: lost nothing to this opponent
 * @param atMostOne of the same shape; undefined where an opponent is a single match, lost at most once
 * @returns one row each
 */
export function countLosses(
  builder: CircuitBuilder,
  none: VectorId,
  atMostOne: VectorId | undefined,
  width: number,
): LossCount {
  const ones = builder.constant(BitVector.ones(width));
  let losses: { readonly none: VectorId; readonly atMostOne: VectorId | undefined } = { none, atMostOne };
  for (let rows = builder.lanesOf(none) / width; rows > 1; rows = Math.ceil(rows / 2)) {
    const half = rows >> 1;
    const joined = joinHalves(builder, losses.none, losses.atMostOne, width, half);
    const oddAtMostOne =
      losses.atMostOne === undefined
        ? rows % 2 === 1
          ? [ones]
          : []
        : lastIfOdd(builder, losses.atMostOne, width, rows);
    losses = {
      none: builder.concat([joined.none, ...lastIfOdd(builder, losses.none, width, rows)]),
      atMostOne: builder.concat([joined.atMostOne, ...oddAtMostOne]),
    };
  }
  return { none: losses.none, atMostOne: losses.atMostOne ?? ones };
}

function joinHalves(
  builder: CircuitBuilder,
  none: VectorId,
  atMostOne: VectorId | undefined,
  width: number,
  half: number,
): LossCount {
  const left = sliceRows(builder, none, width, 0, half);
  const right = sliceRows(builder, none, width, half, half);
  const either = builder.xor(left, right);
  if (atMostOne === undefined) {
    const both = builder.and(left, right);
    return { none: both, atMostOne: builder.xor(either, both) };
  }
  const mixed = builder.xor(
    builder.xor(
      sliceRows(builder, atMostOne, width, 0, half),
      sliceRows(builder, atMostOne, width, half, half),
    ),
    right,
  );
  const products = builder.and(builder.concat([left, either]), builder.concat([right, mixed]));
  return {
    none: sliceRows(builder, products, width, 0, half),
    atMostOne: builder.xor(left, sliceRows(builder, products, width, half, half)),
  };
}

function lastIfOdd(builder: CircuitBuilder, rows: VectorId, width: number, count: number): VectorId[] {
  return count % 2 === 1 ? [sliceRows(builder, rows, width, count - 1, 1)] : [];
}
