/**
 * Who is best and who is second in each group, as one-hot vectors, from the outcomes of all its matches.
 *
 * The order is total (value, then index), so the best is the one member that lost nothing. Among single values
 * the second is the one that lost once. Where a member is a pair, the best b and the second s of its run:
 *
 *   b_h is second iff it lost exactly once to all others' bests and seconds. Against member x it lost nothing
 *   (b_h beat b_x), once (b_x won, s_x did not) or twice; as s_x beating b_h implies b_x beating it, "nothing"
 *   and "at most once" are outcomes of matches already played, and no gate is needed to tell them.
 *   s_g is second iff it beat the bests of all other members: then only its own b_g is ahead of it.
 *
 * Cost: ceil(log2(size - 1)) layers whatever is asked; ANDs as `loss-count.ts` says. Member 0's bits are never
 * computed: `select.ts` does without.
 */

import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { type MatchShape, MatchTable } from './group-matches.ts';
import { countLosses, lostNone } from './loss-count.ts';

export interface BestAndSecond {
  /** [member][group] without member 0. */
  readonly best: VectorId;
  /** The same and, where members are pairs, followed by [member][group] of all their seconds. */
  readonly second: VectorId;
}

/**
 * @param outcomes [row][group] as `playMatches` yields them for this shape
 * @returns one-hot [member][group] without member 0
 */
export function bestAlone(builder: CircuitBuilder, outcomes: VectorId, match: MatchShape): VectorId {
  return lostNone(builder, bestsWon(builder, outcomes, match), (match.size - 1) * match.groups);
}

/** @param outcomes [row][group] as `playMatches` yields them for this shape */
export function bestAndSecond(builder: CircuitBuilder, outcomes: VectorId, match: MatchShape): BestAndSecond {
  const { size, groups, seconds } = match;
  const table = new MatchTable(match);
  const notTwice = seconds
    ? eachMatch(builder, outcomes, match, 1, (member, opponent) => table.secondLosesToBest(opponent, member))
    : undefined;
  const won = bestsWon(builder, outcomes, match);
  const { none, atMostOne } = countLosses(builder, won, notTwice, (size - 1) * groups);
  const lostOnce = builder.xor(none, atMostOne);
  if (!seconds) return { best: none, second: lostOnce };
  const secondsWon = eachMatch(builder, outcomes, match, 0, (member, opponent) =>
    table.secondBeatsBest(member, opponent),
  );
  return {
    best: none,
    second: builder.concat([lostOnce, lostNone(builder, secondsWon, size * groups)]),
  };
}

function bestsWon(builder: CircuitBuilder, outcomes: VectorId, match: MatchShape): VectorId {
  const table = new MatchTable(match);
  return eachMatch(builder, outcomes, match, 1, (member, opponent) => table.bestBeatsBest(member, opponent));
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
