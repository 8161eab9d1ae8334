/**
 * The smallest of n values, whose it is, and its price: the core of every sealed-bid rule.
 *
 * A tournament of groups. At each level all members of a group meet at once (`group-matches.ts`), the matches
 * they lost tell the best and the second (`standings.ts`), and these go on, picked by one-hot selection
 * (`select.ts`). "All pairs at once, then a tree" follows the constant-depth maximum of Shiloach and Vishkin,
 * J. Algorithms 1981; grouping trades its n^2 / 2 comparisons for a few more rounds. For the second price an
 * entry of a later level is the best and the second of its run; that costs three times the comparisons there
 * and no round.
 *
 * One level takes ceil(log2(bits + 1)) + ceil(log2(size - 1)) + 1 AND layers. Cost in closed form:
 * `planner/arg-best-cost.ts`, which tests hold equal to the circuit's.
 */

import { BitVector } from '../bits/bit-vector.ts';
import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import { type MatchShape, playMatches } from './group-matches.ts';
import { splitRows } from './rows.ts';
import { selectMember, selectPublic } from './select.ts';
import { bestAlone, bestAndSecond } from './standings.ts';
import { type ArgBestShape, indexBitsOf, type Level, levelsOf } from './tournament.ts';

export interface ArgBest {
  /** The index of the smallest value, LSB first, `indexBitsOf(candidates)` lanes; a tie goes to the lower one. */
  readonly winner: VectorId;
  /** The smallest value, or the second smallest in the order (value, index), LSB first, `bits` lanes. */
  readonly price: VectorId;
}

/** One vector for each bit, LSB first, one lane for each entry in order. */
interface Entries {
  readonly best: readonly VectorId[];
  readonly index: readonly VectorId[];
  /** Empty when no price needs it, and before the first level. */
  readonly second: readonly VectorId[];
}

/**
 * @param planes the values, plane-major as `planesOf` lays them out: lane p * candidates + c
 * @throws MpcError CIRCUIT_INVALID when planes or groups do not fit the shape
 */
export function argBest(builder: CircuitBuilder, planes: VectorId, shape: ArgBestShape): ArgBest {
  const { candidates, bits, price } = shape;
  const levels = levelsOf(shape);
  if (builder.lanesOf(planes) !== candidates * bits) {
    throw new MpcError('CIRCUIT_INVALID', 'the values do not fill candidates * bits lanes', {
      lanes: builder.lanesOf(planes),
      candidates,
      bits,
    });
  }
  let entries: Entries = { best: splitRows(builder, planes, candidates), index: [], second: [] };
  for (const level of levels) entries = playLevel(builder, entries, level, price === 'second');
  return {
    winner:
      entries.index.length === 0
        ? builder.constant(BitVector.zeros(indexBitsOf(candidates)))
        : builder.concat(entries.index),
    price: builder.concat(price === 'second' ? entries.second : entries.best),
  };
}

function playLevel(builder: CircuitBuilder, entries: Entries, level: Level, withSecond: boolean): Entries {
  const { size, groups, last } = level;
  const arrange = arrangement(builder, level);
  const best = entries.best.map(arrange);
  const index = entries.index.map(arrange);
  const seconds = entries.second.map(arrange);
  const values = best.map((plane, bit) => builder.concat([plane, ...seconds.slice(bit, bit + 1)]));
  const match: MatchShape = { size, groups, seconds: seconds.length > 0 };
  const outcomes = playMatches(builder, values, match);
  const hot = withSecond
    ? bestAndSecond(builder, outcomes, match)
    : { best: bestAlone(builder, outcomes, match), second: undefined };

  const chosen = [...(withSecond && last ? [] : best), ...index];
  const selected =
    chosen.length === 0 ? [] : splitRows(builder, selectMember(builder, chosen, hot.best, groups), groups);
  const indexAt = chosen.length - index.length;
  return {
    best: selected.slice(0, indexAt),
    index: [...selected.slice(indexAt), ...indexDigits(builder, hot.best, level)],
    second:
      hot.second === undefined
        ? []
        : splitRows(builder, selectMember(builder, values, hot.second, groups), groups),
  };
}

/**
 * From entries in order to [member][group]: lane m * groups + g is entry g * size + m. Places beyond the last
 * entry are filled with ones: as values they are the largest and stand last, so they lose to all before them.
 */
function arrangement(builder: CircuitBuilder, level: Level): (plane: VectorId) => VectorId {
  const { entries, size, groups } = level;
  const filling = builder.constant(BitVector.ones(1));
  const places = Uint32Array.from({ length: size * groups }, (_, lane) => {
    const member = Math.floor(lane / groups);
    return Math.min((lane - member * groups) * size + member, entries);
  });
  const full = entries === size * groups;
  return (plane) => {
    const source = full ? plane : builder.concat([plane, filling]);
    return groups === 1 && builder.lanesOf(source) === size ? source : builder.gather(source, 1, places);
  };
}

/** The index bits that this level adds: linear in the one-hot vector. */
function indexDigits(builder: CircuitBuilder, hot: VectorId, level: Level): VectorId[] {
  const { size, groups, carriedBits, indexBits, absolute } = level;
  if (indexBits === carriedBits) return [];
  const digits = selectPublic(builder, hot, {
    members: size,
    columns: absolute ? groups : 1,
    columnLanes: absolute ? 1 : groups,
    bits: indexBits - carriedBits,
    publicValue: (member, group) => group * size + member,
  });
  return splitRows(builder, digits, groups);
}
