/**
 * All the matches inside the groups of one level, played at once by one batched comparison.
 *
 * In groups of single values every two members meet. From the second level of a second-price tournament on, a
 * member is a pair, the best and the second of its run: bests meet bests, and each second meets the bests of
 * all other members. Seconds never meet: what a second loses to another second it has lost to that one's best.
 *
 * The lower-placed of two wins a tie. Cost: ceil(log2(bits + 1)) layers; size (size - 1) / 2 comparisons a
 * group, three times that with seconds.
 */

import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { lessThan } from './compare.ts';

export interface MatchShape {
  /** Members of a group. */
  readonly size: number;
  readonly groups: number;
  readonly seconds: boolean;
}

/** Matches of one group. */
export function matchesOf(size: number, seconds: boolean): number {
  return ((size * (size - 1)) / 2) * (seconds ? 3 : 1);
}

/**
 * Which rows of the outcomes say what: row r < matches is "the lower-placed of match r won", row matches + r
 * that it lost.
 */
export class MatchTable {
  readonly #size: number;
  readonly #matches: number;

  constructor({ size, seconds }: MatchShape) {
    this.#size = size;
    this.#matches = matchesOf(size, seconds);
  }

  /** The row that says: the best of `member` beat the best of `opponent`. */
  bestBeatsBest(member: number, opponent: number): number {
    return member < opponent ? this.#bests(member, opponent) : this.#matches + this.#bests(opponent, member);
  }

  /** The row that says: the second of `member` beat the best of `opponent`. */
  secondBeatsBest(member: number, opponent: number): number {
    return this.#secondAgainstBest(member, opponent) + (member < opponent ? 0 : this.#matches);
  }

  /** The row that says: the second of `member` lost to the best of `opponent`. */
  secondLosesToBest(member: number, opponent: number): number {
    return this.#secondAgainstBest(member, opponent) + (member < opponent ? this.#matches : 0);
  }

  #bests(lower: number, higher: number): number {
    return (lower * (2 * this.#size - lower - 1)) / 2 + higher - lower - 1;
  }

  #secondAgainstBest(member: number, opponent: number): number {
    const others = this.#size - 1;
    return (this.#size * others) / 2 + member * others + (opponent < member ? opponent : opponent - 1);
  }
}

/**
 * @param planes for each value bit, LSB first, one vector [member][group] of the bests, followed by the same of
 * the seconds where there are any
 * @returns outcomes [row][group] as `MatchTable` numbers the rows
 */
export function playMatches(
  builder: CircuitBuilder,
  planes: readonly VectorId[],
  shape: MatchShape,
): VectorId {
  const { lower, higher } = pairings(shape);
  const { groups } = shape;
  const lowerLost = lessThan(
    builder,
    builder.concat(planes.map((plane) => builder.gather(plane, groups, higher))),
    builder.concat(planes.map((plane) => builder.gather(plane, groups, lower))),
    planes.length,
    lower.length * groups,
  );
  return builder.concat([builder.not(lowerLost), lowerLost]);
}

/** Rows of the planes that meet, in the order of the matches; every plane shares these two lists. */
function pairings({ size, seconds }: MatchShape): { lower: Uint32Array; higher: Uint32Array } {
  const lower: number[] = [];
  const higher: number[] = [];
  for (let member = 0; member < size; member++) {
    for (let opponent = member + 1; opponent < size; opponent++) {
      lower.push(member);
      higher.push(opponent);
    }
  }
  for (let member = 0; seconds && member < size; member++) {
    for (let opponent = 0; opponent < size; opponent++) {
      if (opponent === member) continue;
      lower.push(member < opponent ? size + member : opponent);
      higher.push(member < opponent ? opponent : size + member);
    }
  }
  return { lower: Uint32Array.from(lower), higher: Uint32Array.from(higher) };
}
