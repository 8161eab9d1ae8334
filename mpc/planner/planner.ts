/**
 * Which grouping clears a tender soonest on a given link, found without building a circuit.
 *
 * Small groups mean few comparisons and many rounds, large ones the opposite. For every number of levels the
 * planner finds the grouping that takes the least time, by dynamic programming over the entries still in play:
 * what a level costs depends only on how many entries it has and how many index bits they carry. Of several
 * sizes that give the same number of groups only the smallest is tried, and the powers of two, which carry
 * fewer index bits. Then the best number of levels is picked.
 *
 * Three parties plan independently and must agree, so the result depends on the arguments alone: integers for
 * rounds, ANDs and bytes, `transferMs` for time, and every tie broken by fewer rounds, fewer bytes, fewer levels.
 */

import { MAX_LANES } from '../bits/bit-vector.ts';
import type { CircuitCost } from '../circuit/cost.ts';
import { isPowerOfTwo, levelAt, levelsOf, type PriceRule } from '../circuits/tournament.ts';
import { MpcError } from '../errors.ts';
import { argBestCost, levelLayers, widestVector } from './arg-best-cost.ts';
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
  /** What the protocol adds to each message: `Protocol.manifest.layerOverheadBytes`. */
  readonly layerOverheadBytes: number;
}

/** The best grouping with a given number of levels: one is all pairs at once, the most is a tournament of pairs. */
export interface Way {
  readonly groups: readonly number[];
  /** AND layers and the opening. */
  readonly rounds: number;
  readonly ands: number;
  /** Sent by each party in the AND layers, overhead included; the opening's few bytes are the protocol's. */
  readonly bytes: number;
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

interface Draft {
  readonly groups: readonly number[];
  readonly rounds: number;
  readonly ands: number;
  readonly bytes: number;
}

/**
 * @throws MpcError PLAN_OVER_BOUND beyond 200,000 candidates or 64 bits, or below one; CIRCUIT_INVALID for a
 * second price with one candidate
 */
export function planGroups(request: PlanRequest): Plan {
  const { candidates, bits, price, link = DEFAULT_LINK } = request;
  requireBounds(candidates, bits);
  levelsOf({ candidates, price, bits, groups: candidates === 1 ? [] : [candidates] });
  const drafts = new Search(request, link).run();
  const picked = drafts.reduce((best, draft) => (comesBefore(draft, best, link) ? draft : best));
  return {
    groups: picked.groups,
    cost: argBestCost({ candidates, bits, price, groups: picked.groups }),
    timeMs: timeOf(picked, link),
    ways: drafts.map((draft) => ({
      groups: draft.groups,
      rounds: draft.rounds,
      ands: draft.ands,
      bytes: draft.bytes,
      timeMs: timeOf(draft, link),
      picked: draft === picked,
      reason: reasonFor(draft, picked, drafts.length, link),
    })),
  };
}

/** Drafts for the rest of a tournament, by number of levels, for each (run, entries) met on the way. */
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
    const { candidates, bits, price, layerOverheadBytes } = this.#request;
    const entries = Math.ceil(candidates / run);
    // One round for the opening, whatever the levels.
    if (entries === 1) return [{ groups: [], rounds: 1, ands: 0, bytes: 0 }];
    // Runs that are no power of two carry the whole index: only the number of entries matters then.
    const key = isPowerOfTwo(run) ? -run : entries;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const best: (Draft | undefined)[] = [];
    for (const size of sizesFor(entries)) {
      const level = levelAt(candidates, run, size);
      if (widestVector(level, bits, price) > MAX_LANES) continue;
      const layers = levelLayers(level, bits, price);
      let ands = 0;
      let bytes = layers.length * layerOverheadBytes;
      for (const layer of layers) {
        ands += layer.ands;
        bytes += layer.bytes;
      }
      this.#from(run * size).forEach((rest, levels) => {
        if (rest === undefined) return;
        const draft: Draft = {
          groups: [size, ...rest.groups],
          rounds: layers.length + rest.rounds,
          ands: ands + rest.ands,
          bytes: bytes + rest.bytes,
        };
        const before = best[levels + 1];
        if (before === undefined || comesBefore(draft, before, this.#link)) best[levels + 1] = draft;
      });
    }
    this.#known.set(key, best);
    return best;
  }
}

/** The smallest size for each number of groups, and the powers of two; ascending. */
function sizesFor(entries: number): number[] {
  const sizes: number[] = [];
  for (let size = 2; size <= entries; size++) {
    const groups = Math.ceil(entries / size);
    const smallest = Math.ceil(entries / groups);
    if (size === smallest || isPowerOfTwo(size)) sizes.push(size);
  }
  return sizes;
}

/** Less time, then fewer rounds, bytes, levels. */
function comesBefore(draft: Draft, other: Draft, link: Link): boolean {
  const difference =
    timeOf(draft, link) - timeOf(other, link) ||
    draft.rounds - other.rounds ||
    draft.bytes - other.bytes ||
    draft.groups.length - other.groups.length;
  return difference < 0;
}

function timeOf(draft: Draft, link: Link): number {
  return transferMs(draft.rounds, draft.bytes, link);
}

function reasonFor(draft: Draft, picked: Draft, ways: number, link: Link): string {
  const name = nameOf(draft.groups);
  if (draft === picked) {
    const waiting = transferMs(draft.rounds, 0, link);
    const sending = transferMs(0, draft.bytes, link);
    const rank = ways === 1 ? 'the only way' : 'the least time';
    return `${name}: ${rank}, ${waiting.toFixed(0)} ms for ${draft.rounds} rounds and ${sending.toFixed(0)} ms for ${draft.bytes} bytes.`;
  }
  const slower = timeOf(draft, link) - timeOf(picked, link);
  const rounds = draft.rounds - picked.rounds;
  const bytes = draft.bytes - picked.bytes;
  return `${name}: ${slower.toFixed(0)} ms slower, ${difference(rounds, 'rounds')} and ${difference(bytes, 'bytes')}.`;
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
