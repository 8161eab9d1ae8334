/** The statistics themselves: right p-values, silent on uniform leaves, loud on each way not to be. */

import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../seeded-random.ts';
import {
  ALARM,
  binomialTail,
  chiSquareTail,
  distinctLeaves,
  type LeafSet,
  lagCorrelation,
  normalTail,
  repeats,
  sameDistribution,
  sameRepeats,
  serialIndependence,
  uniformity,
} from './statistics.ts';

const LEAVES = 64;
const SAMPLE = 2000;

const sequence = (next: (index: number, random: SeededRandom) => number, seed = 1): LeafSet[] => {
  const random = new SeededRandom(seed);
  return Array.from({ length: SAMPLE }, (_, index) => [next(index, random)]);
};

const uniform = (seed: number) => sequence((_, random) => random.below(LEAVES), seed);

describe('p-values', () => {
  test('against tables', () => {
    expect(normalTail(1.959964)).toBeCloseTo(0.05, 6);
    expect(normalTail(4.891638)).toBeCloseTo(1e-6, 9);
    expect(chiSquareTail(82.529, 63)).toBeCloseTo(0.05, 4);
    expect(chiSquareTail(103.442, 63)).toBeCloseTo(0.001, 5);
    expect(chiSquareTail(0, 63)).toBe(1);
    expect(binomialTail(1, 10, 0.5)).toBeCloseTo(1 - 2 ** -10, 12);
    expect(binomialTail(10, 10, 0.5)).toBeCloseTo(2 ** -10, 12);
  });

  test('of uniform leaves are uniform: 200 seeds, a tenth below 0.1 (4 standard deviations allowed: 3 to 37)', () => {
    const statistics = [
      (epochs: LeafSet[]) => uniformity(epochs, LEAVES),
      (epochs: LeafSet[]) => lagCorrelation(epochs, 1),
      (epochs: LeafSet[]) => serialIndependence(epochs, LEAVES),
      (epochs: LeafSet[]) => repeats(epochs, LEAVES, 20),
      (epochs: LeafSet[]) => sameDistribution(epochs, uniform(1000), LEAVES),
    ];
    for (const statistic of statistics) {
      const below = Array.from({ length: 200 }, (_, seed) => statistic(uniform(seed))).filter((p) => p < 0.1);
      expect(below.length).toBeGreaterThanOrEqual(3);
      expect(below.length).toBeLessThanOrEqual(37);
    }
  });
});

describe('2000 leaves of 64 that are not as claimed', () => {
  test('one leaf in three moved to the left half', () => {
    const biased = sequence((_, random) => random.below(random.below(3) === 0 ? LEAVES / 2 : LEAVES));
    expect(uniformity(biased, LEAVES)).toBeLessThan(ALARM);
    expect(sameDistribution(biased, uniform(2), LEAVES)).toBeLessThan(ALARM);
  });

  test('every leaf near the one before', () => {
    let last = 0;
    const walk = sequence((_, random) => {
      last = (last + random.below(16)) % LEAVES;
      return last;
    });
    expect(lagCorrelation(walk, 1)).toBeLessThan(ALARM);
    expect(serialIndependence(walk, LEAVES)).toBeLessThan(ALARM);
  });

  test('in turn', () => {
    const turn = sequence((index) => (index * 19) % LEAVES);
    expect(repeats(turn, LEAVES, 20)).toBeLessThan(ALARM);
    expect(serialIndependence(turn, LEAVES)).toBeLessThan(ALARM);
  });

  test('one in twenty read again', () => {
    const seen: number[] = [];
    const again = sequence((_, random) => {
      const leaf = random.below(20) === 0 ? (seen.at(-2) ?? 0) : random.below(LEAVES);
      seen.push(leaf);
      return leaf;
    });
    expect(repeats(again, LEAVES, 2)).toBeLessThan(ALARM);
    expect(sameRepeats(again, uniform(3), LEAVES, 2)).toBeLessThan(ALARM);
  });

  test('epochs of eight paths with a path less in every second', () => {
    const random = new SeededRandom(4);
    const epochs = (paths: (index: number) => number) =>
      Array.from({ length: 500 }, (_, index) => [
        ...new Set(Array.from({ length: paths(index) }, () => random.below(LEAVES))),
      ]);
    expect(
      distinctLeaves(
        epochs(() => 8),
        LEAVES,
        8,
      ),
    ).toBeGreaterThan(ALARM);
    expect(
      distinctLeaves(
        epochs((index) => 7 + (index % 2)),
        LEAVES,
        8,
      ),
    ).toBeLessThan(ALARM);
  });
});
