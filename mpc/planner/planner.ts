/**
 * Which grouping clears a tender soonest on a given link, found without building a circuit.
 *
 * Small groups mean few comparisons and many rounds, large ones the opposite. For every number of levels the
 * planner finds the grouping that takes the least time, by dynamic programming over the entries still in play:
 * what a level costs depends only on how many entries it has and how many index bits they carry. Of the
 * sizes that give the same number of groups only the smallest is tried: a larger one, by being a power of two,
 * could save index bits at most, against the filling it compares. Tests hold the result against a search of all
 * groupings of up to 40 candidates. Then the best number of levels is picked.
 *
 * Three parties plan independently and must agree, so the result depends on the arguments alone: integers for
 * rounds, ANDs and bytes, the operations of IEEE 754 for time, and every tie broken by fewer rounds, fewer bytes, fewer levels,
 * smaller first groups.
 */

import { MAX_LANES } from '../bits/bit-vector.ts';
import type { CircuitCost } from '../circuit/cost.ts';
import { isPowerOfTwo, type Level, levelAt, levelsOf, type PriceRule } from '../circuits/tournament.ts';
import { MpcError } from '../errors.ts';
import { type ProtocolManifest, predictCost } from '../protocols/protocol.ts';
import { argBestCost, visitLayers, widestVector } from './arg-best-cost.ts';
import { DEFAULT_LINK, type Link, transferMs } from './link.ts';

/** Twice the largest tender that a clearing on Lambda is sized for. */
export const MAX_CANDIDATES = 200_000;

/** Bids are sealed as at most 64 bits. */
export const MAX_VALUE_BITS = 64;

export interface PlanRequest {
  readonly candidates: number;
  readonly bits: number;
  readonly price: PriceRule;
  readonly link?: Link;
  /** Its overheads, its check and its speed decide how ANDs weigh against rounds. */
  readonly protocol: ProtocolManifest;
}

/** The best grouping with a given number of levels: one is all pairs at once, the most is a tournament of pairs. */
export interface Way {
  readonly groups: readonly number[];
  /** From the first AND layer to the opened outputs, the protocol's check included. */
  readonly rounds: number;
  readonly ands: number;
  /** Sent by each party, exactly as `predictCost` has it. */
  readonly bytes: number;
  /** Waiting, sending and computing. */
  readonly timeMs: number;
  readonly picked: boolean;
  /** Why it was picked, or what it loses by, in a sentence for people. */
  readonly reason: string;
}

export interface Plan {
  readonly groups: readonly number[];
  readonly cost: CircuitCost;
  readonly timeMs: number;
  /** By number of levels; groupings that exceed the engine's longest vector are left out. */
  readonly ways: readonly Way[];
}

interface Total {
  readonly rounds: number;
  readonly ands: number;
  readonly bytes: number;
  readonly timeMs: number;
}

interface Named extends Total {
  readonly groups: readonly number[];
}

/** A level's group size, the draft for the levels after it, and the total of both. */
interface Draft extends Total {
  readonly size: number;
  readonly rest: Draft | undefined;
}

/**
 * @throws MpcError PLAN_OVER_BOUND beyond 200,000 candidates or 64 bits, or below one; CIRCUIT_INVALID for a
 * second price with one candidate
 */
export function planGroups(request: PlanRequest): Plan {
  const { candidates, bits, price, link = DEFAULT_LINK } = request;
  requireBounds(candidates, bits);
  levelsOf({ candidates, price, bits, groups: candidates === 1 ? [] : [candidates] });
  const { protocol } = request;
  const candidatesOf = new Search(request, link).run().map((draft) => {
    const groups = groupsOf(draft);
    const cost = argBestCost({ candidates, bits, price, groups });
    const { rounds, ands, bytes } = predictCost(protocol, cost);
    return { groups, cost, rounds, ands, bytes, timeMs: totalMs(rounds, ands, bytes, link, protocol) };
  });
  const picked = candidatesOf.reduce((best, way) => (comesBefore(way, best) ? way : best));
  return {
    groups: picked.groups,
    cost: picked.cost,
    timeMs: picked.timeMs,
    ways: candidatesOf.map(({ cost: _, ...way }) => ({
      ...way,
      picked: way.groups === picked.groups,
      reason: way.groups === picked.groups ? whyPicked(picked, link, protocol) : whyNotPicked(way, picked),
    })),
  };
}

/** Waiting and sending on the link, and computing. */
function totalMs(
  rounds: number,
  ands: number,
  bytes: number,
  link: Link,
  { computeNsPerAnd }: ProtocolManifest,
): number {
  return transferMs(rounds, bytes, link) + (ands * computeNsPerAnd) / 1_000_000;
}

/** Drafts for the rest of a tournament, by number of levels, for each stage met on the way. */
class Search {
  readonly #request: PlanRequest;
  readonly #link: Link;
  readonly #known = new Map<number, readonly (Draft | undefined)[]>();

  constructor(request: PlanRequest, link: Link) {
    this.#request = request;
    this.#link = link;
  }

  run(): readonly [Draft, ...Draft[]] {
    const [first, ...others] = this.#from(1).filter((draft) => draft !== undefined);
    if (first === undefined) {
      throw new MpcError('PLAN_OVER_BOUND', 'no grouping keeps vectors within the bound of the engine', {
        candidates: this.#request.candidates,
        bits: this.#request.bits,
      });
    }
    return [first, ...others];
  }

  /** Index l: the best draft with l levels for what is left once runs of `run` candidates have met. */
  #from(run: number): readonly (Draft | undefined)[] {
    const { candidates, bits, price } = this.#request;
    const entries = Math.ceil(candidates / run);
    // The opening and the check cost the same in every draft, but for a few bytes.
    if (entries === 1) return [{ size: 0, rest: undefined, ...this.#sum(0, 0, 0) }];
    // Runs that are no power of two carry the whole index: only the number of entries matters then.
    const key = isPowerOfTwo(run) ? -run : entries;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const best: (Draft | undefined)[] = [];
    for (const size of sizesFor(entries)) {
      const level = levelAt(candidates, run, size);
      if (widestVector(level, bits, price) <= MAX_LANES) this.#extend(best, level, this.#from(run * size));
    }
    this.#known.set(key, best);
    return best;
  }

  /** Puts `level` in front of each of `rests` and keeps what is better than the drafts so far. */
  #extend(best: (Draft | undefined)[], level: Level, rests: readonly (Draft | undefined)[]): void {
    const { bits, price, protocol } = this.#request;
    let layers = 0;
    let ands = 0;
    let bytes = 0;
    visitLayers(level, bits, price, (layerAnds, layerBytes) => {
      layers += 1;
      ands += layerAnds;
      bytes += layerBytes + protocol.layerOverheadBytes;
    });
    rests.forEach((rest, levels) => {
      if (rest === undefined) return;
      const total = this.#sum(rest.rounds + layers, rest.ands + ands, rest.bytes + bytes);
      const before = best[levels + 1];
      if (before === undefined || comesBefore(total, before)) {
        best[levels + 1] = { size: level.size, rest, ...total };
      }
    });
  }

  #sum(rounds: number, ands: number, bytes: number): Total {
    return { rounds, ands, bytes, timeMs: totalMs(rounds, ands, bytes, this.#link, this.#request.protocol) };
  }
}

/** Ascending: the smallest size for each number of groups. */
function sizesFor(entries: number): number[] {
  const sizes: number[] = [];
  for (let size = 2; size <= entries; ) {
    sizes.push(size);
    const groups = Math.ceil(entries / size);
    size = groups === 1 ? entries + 1 : Math.ceil(entries / (groups - 1));
  }
  return sizes;
}

/** Less time, then fewer rounds, then fewer bytes. */
function comesBefore(one: Total, other: Total): boolean {
  const difference = one.timeMs - other.timeMs || one.rounds - other.rounds || one.bytes - other.bytes;
  return difference < 0;
}

function groupsOf(draft: Draft): number[] {
  const groups: number[] = [];
  for (let stage: Draft = draft; stage.rest !== undefined; stage = stage.rest) groups.push(stage.size);
  return groups;
}

function whyPicked({ groups, rounds, ands, bytes }: Named, link: Link, protocol: ProtocolManifest): string {
  const waiting = transferMs(rounds, 0, link).toFixed(0);
  const sending = transferMs(0, bytes, link).toFixed(0);
  const computing = ((ands * protocol.computeNsPerAnd) / 1_000_000).toFixed(0);
  const times = `${waiting} ms for ${rounds} rounds, ${sending} ms for ${bytes} bytes, ${computing} ms for ${ands} ANDs`;
  return `${nameOf(groups)}: the least time, ${times}.`;
}

function whyNotPicked(way: Named, picked: Named): string {
  const slower = (way.timeMs - picked.timeMs).toFixed(0);
  const rounds = difference(way.rounds - picked.rounds, 'rounds');
  const bytes = difference(way.bytes - picked.bytes, 'bytes');
  return `${nameOf(way.groups)}: ${slower} ms slower, ${rounds} and ${bytes}.`;
}

function difference(amount: number, unit: string): string {
  return `${Math.abs(amount)} ${amount < 0 ? 'fewer' : 'more'} ${unit}`;
}

function nameOf(groups: readonly number[]): string {
  if (groups.length === 0) return 'A single candidate';
  if (groups.length === 1) return 'All pairs at once';
  const pairs = groups.every((size) => size === 2);
  return pairs ? `A tournament of pairs in ${groups.length} levels` : `Groups of ${groups.join(', then ')}`;
}

function requireBounds(candidates: number, bits: number): void {
  const whole = Number.isSafeInteger(candidates) && Number.isSafeInteger(bits);
  if (!whole || candidates < 1 || bits < 1 || candidates > MAX_CANDIDATES || bits > MAX_VALUE_BITS) {
    throw new MpcError(
      'PLAN_OVER_BOUND',
      `a plan takes 1 to ${MAX_CANDIDATES} candidates of 1 to ${MAX_VALUE_BITS} bits`,
      { candidates, bits },
    );
  }
}
