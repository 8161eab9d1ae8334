/**
 * The smallest of n values, whose it is, and its price: the core of every sealed-bid rule.
 *
 * A tournament of groups. At each level all members of a group meet at once (`group-matches.ts`), matches lost
 * are counted in a tree (`loss-count.ts`), and the count picks the best, by one-hot selection (`select.ts`).
 * "All pairs at once, then a tree" follows the constant-depth maximum of Shiloach and Vishkin, J. Algorithms
 * 1981; grouping trades its n^2 / 2 comparisons for a few more rounds.
 *
 * For the second price an entry of a later level is a pair, best b and second s of its run. With the total order
 * (value, index), b_h is second overall iff it loses exactly once to the others' bests and seconds: against
 * member x it loses nothing (b_h beat b_x), or exactly once (b_x won, s_x did not), or twice; and since s_x
 * beating b_h implies b_x beating it, both facts are matches already played, no further gate. s_g is second iff
 * it beats all other bests. So the second costs three times the comparisons and no round.
 *
 * One level takes ceil(log2(bits + 1)) + ceil(log2(size - 1)) + 1 AND layers. Cost in closed form:
 * `planner/arg-best-cost.ts`, which tests hold equal to the circuit's.
 */

import { BitVector } from '../bits/bit-vector.ts';
import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import { type MatchShape, MatchTable, playMatches } from './group-matches.ts';
import { countLosses, lostNone } from './loss-count.ts';
import { splitRows } from './rows.ts';
import { selectMember, selectPublic } from './select.ts';
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

/** One-hot [member][group] without member 0. */
function bestAlone(builder: CircuitBuilder, outcomes: VectorId, match: MatchShape): VectorId {
  const { size, groups } = match;
  const table = new MatchTable(match);
  const won = eachMatch(builder, outcomes, match, 1, (member, opponent) =>
    table.bestBeatsBest(member, opponent),
  );
  return lostNone(builder, won, (size - 1) * groups);
}

/**
 * One-hot vectors of the best, [member][group] without member 0, and of the second: the same and, where
 * members are pairs, followed by the seconds of all members.
 */
function bestAndSecond(
  builder: CircuitBuilder,
  outcomes: VectorId,
  match: MatchShape,
): { readonly best: VectorId; readonly second: VectorId } {
  const { size, groups, seconds } = match;
  const table = new MatchTable(match);
  const won = eachMatch(builder, outcomes, match, 1, (member, opponent) =>
    table.bestBeatsBest(member, opponent),
  );
  // The opponent's second did not win: together with its best, at most one loss to this opponent.
  const notTwice = seconds
    ? eachMatch(builder, outcomes, match, 1, (member, opponent) => table.secondLosesToBest(opponent, member))
    : undefined;
  const { none, atMostOne } = countLosses(builder, won, notTwice, (size - 1) * groups);
  const lostOnce = builder.xor(none, atMostOne);
  if (!seconds) return { best: none, second: lostOnce };
  const secondWon = eachMatch(builder, outcomes, match, 0, (member, opponent) =>
    table.secondBeatsBest(member, opponent),
  );
  return {
    best: none,
    second: builder.concat([lostOnce, lostNone(builder, secondWon, size * groups)]),
  };
}

/** [opponent][member][group] for members `from` on: the outcome that `rowOf` names, for each other member. */
function eachMatch(
  builder: CircuitBuilder,
  outcomes: VectorId,
  { size, groups }: MatchShape,
  from: number,
  rowOf: (member: number, opponent: number) => number,
): VectorId {
  const rows = new Uint32Array((size - 1) * (size - from));
  let position = 0;
  for (let other = 0; other < size - 1; other++) {
    for (let member = from; member < size; member++) {
      rows[position++] = rowOf(member, other < member ? other : other + 1);
    }
  }
  return builder.gather(outcomes, groups, rows);
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
