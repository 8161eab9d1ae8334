import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PriceRule } from '../../../mpc/circuits/tournament.ts';
import { argBestCost } from '../../../mpc/planner/arg-best-cost.ts';
import { DEFAULT_LINK, type Link, linkSchema, transferMs } from '../../../mpc/planner/link.ts';
import { planGroups } from '../../../mpc/planner/planner.ts';
import { type ProtocolManifest, predictCost } from '../../../mpc/protocols/protocol.ts';
import { THREE_PARTY_MANIFESTS } from '../../../mpc/protocols/three-party.ts';

/** Every list of group sizes, each no larger than the entries left, that ends in one. */
function allGroupings(candidates: number): number[][] {
  if (candidates === 1) return [[]];
  const groupings: number[][] = [];
  for (let size = 2; size <= candidates; size++) {
    for (const rest of allGroupings(Math.ceil(candidates / size))) groupings.push([size, ...rest]);
  }
  return groupings;
}

const link = fc.record({
  roundTripMs: fc.double({ min: 0, max: 200, noNaN: true }),
  bandwidthMbps: fc.double({ min: 0.01, max: 1000, noNaN: true }),
});

const { replicated, verified } = THREE_PARTY_MANIFESTS;

function predictedTime(
  candidates: number,
  bits: number,
  price: PriceRule,
  groups: readonly number[],
  link: Link,
  protocol: ProtocolManifest,
) {
  const { rounds, ands, bytes } = predictCost(protocol, argBestCost({ candidates, bits, price, groups }));
  const timeMs = transferMs(rounds, bytes, link) + (ands * protocol.computeNsPerAnd) / 1_000_000;
  return { rounds, ands, bytes, timeMs };
}

describe('planGroups', () => {
  test('no grouping of up to 40 candidates is faster, on any link', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom<PriceRule>('best', 'second'),
        link,
        fc.constantFrom(replicated, verified),
        (candidates, bits, price, link, protocol) => {
          const plan = planGroups({ candidates, bits, price, link, protocol });
          const least = allGroupings(candidates)
            .map((groups) => predictedTime(candidates, bits, price, groups, link, protocol).timeMs)
            .reduce((best, timeMs) => Math.min(best, timeMs), Infinity);
          // The search leaves the few bytes of check and opening out of account.
          expect(plan.timeMs).toBeLessThanOrEqual(least + transferMs(0, 1024, link));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('every way says what its groups cost, and exactly one is picked', () => {
    for (const candidates of [1, 2, 3, 10, 100, 1002, 5000]) {
      for (const price of candidates === 1 ? (['best'] as const) : (['best', 'second'] as const)) {
        const plan = planGroups({ candidates, bits: 40, price, protocol: verified });
        const picked = plan.ways.filter((way) => way.picked);
        expect(picked.map((way) => way.groups)).toEqual([plan.groups]);
        expect(plan.cost).toEqual(argBestCost({ candidates, bits: 40, price, groups: plan.groups }));
        for (const way of plan.ways) {
          const { groups } = way;
          expect(way).toMatchObject(predictedTime(candidates, 40, price, groups, DEFAULT_LINK, verified));
          expect(way.timeMs).toBeGreaterThanOrEqual(plan.timeMs);
          expect(way.reason).toMatch(/^[A-Z].*\.$/);
        }
        const levels = plan.ways.map((way) => way.groups.length);
        expect(levels).toEqual([...new Set(levels)].sort((a, b) => a - b));
      }
    }
  });

  test('the ways run from all pairs at once to a tournament of pairs', () => {
    const { ways } = planGroups({ candidates: 64, bits: 16, price: 'best', protocol: replicated });
    expect(ways.map((way) => way.groups.length)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ways[0]?.groups).toEqual([64]);
    expect(ways[5]?.groups).toEqual([2, 2, 2, 2, 2, 2]);
    expect(ways[0]?.reason).toContain('All pairs');
    expect(ways[5]?.reason).toContain('tournament of pairs');
  });

  test('about a thousand 64-bit bids, second price: at most 29 rounds on the default link', () => {
    for (const candidates of [900, 999, 1000, 1001, 1002, 1024, 1100]) {
      const { cost, groups } = planGroups({ candidates, bits: 64, price: 'second', protocol: verified });
      expect(cost.depth + 1, `${groups}`).toBeLessThanOrEqual(29);
      expect(cost.depth).toBeLessThanOrEqual(28);
    }
  });

  test.each<[number, number, PriceRule, number[], number, number]>([
    [10, 32, 'best', [10], 11, 2970],
    [10, 32, 'second', [10], 11, 3006],
    [10, 64, 'best', [10], 12, 6093],
    [10, 64, 'second', [10], 12, 6129],
    [100, 32, 'best', [100], 14, 299970],
    [100, 32, 'second', [100], 14, 304821],
    [100, 64, 'best', [100], 15, 614988],
    [100, 64, 'second', [100], 15, 619839],
    [1000, 32, 'best', [16, 63], 24, 601238],
    [1000, 32, 'second', [17, 59], 24, 858589],
    [1000, 64, 'best', [16, 63], 26, 1232781],
    [1000, 64, 'second', [17, 59], 26, 1751640],
    [10000, 32, 'best', [5, 16, 125], 34, 2892956],
    [10000, 32, 'second', [9, 9, 124], 34, 5273374],
    [10000, 64, 'best', [5, 16, 125], 37, 5906174],
    [10000, 64, 'second', [5, 4, 9, 56], 45, 6329338],
  ])('%i bids of %i bits, %s price, on the default link', (candidates, bits, price, groups, depth, ands) => {
    const plan = planGroups({ candidates, bits, price, protocol: replicated });
    expect({ groups: plan.groups, depth: plan.cost.depth, ands: plan.cost.ands }).toEqual({
      groups,
      depth,
      ands,
    });
  });

  test('a slow line gets small groups, a long one large groups', () => {
    const plan = (link: Link) =>
      planGroups({ candidates: 100, bits: 32, price: 'best', link, protocol: replicated });
    expect(plan({ roundTripMs: 1000, bandwidthMbps: 1000 }).groups).toEqual([100]);
    expect(plan({ roundTripMs: 0, bandwidthMbps: 0.1 }).groups.length).toBeGreaterThan(3);
  });

  test('vectors beyond the engine are never planned: all pairs of 100,000', () => {
    const { ways, groups } = planGroups({
      candidates: 100_000,
      bits: 64,
      price: 'second',
      protocol: verified,
    });
    expect(ways.some((way) => way.groups.length === 1)).toBe(false);
    expect(groups.length).toBeGreaterThan(1);
    expect(ways.at(-1)?.groups.length).toBe(17);
  });

  test('the same arguments give the same plan', () => {
    const request = { candidates: 12_345, bits: 51, price: 'second', protocol: verified } as const;
    expect(planGroups(request)).toEqual(planGroups({ ...request, link: { ...DEFAULT_LINK } }));
  });

  test.each([
    { candidates: 200_001, bits: 64 },
    { candidates: 10, bits: 65 },
    { candidates: 0, bits: 8 },
    { candidates: 10, bits: 0 },
    { candidates: 1.5, bits: 8 },
    { candidates: Number.NaN, bits: 8 },
  ])('refuses $candidates candidates of $bits bits', (sizes) => {
    expect(() => planGroups({ ...sizes, price: 'best', protocol: verified })).toThrow(/PLAN_OVER_BOUND/);
  });

  test('refuses a second price of one candidate', () => {
    const request = { candidates: 1, bits: 8, price: 'second', protocol: verified } as const;
    expect(() => planGroups(request)).toThrow(/CIRCUIT_INVALID/);
  });
});

describe('linkSchema', () => {
  test('accepts the default and refuses what no link has', () => {
    expect(linkSchema.parse(DEFAULT_LINK)).toEqual(DEFAULT_LINK);
    for (const bad of [
      { roundTripMs: -1, bandwidthMbps: 1 },
      { roundTripMs: 1, bandwidthMbps: 0 },
      { roundTripMs: 1, bandwidthMbps: Number.NaN },
      { roundTripMs: 1 },
      { ...DEFAULT_LINK, jitterMs: 1 },
    ]) {
      expect(linkSchema.safeParse(bad).success).toBe(false);
    }
  });
});
