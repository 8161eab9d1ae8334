/**
 * Tests of a sequence of leaves against the claim that each is uniform and independent of everything else. Test-only.
 *
 * Every test returns a p-value: how often a sequence that is as claimed gives a statistic as far off as this one. An alarm is
 * a p-value below ALARM, so that is the false-alarm rate of each single test; with fixed seeds the outcome is fixed
 * as well. What the statistics are distributed as is named at each; p-values are computed here (Numerical Recipes,
 * section 6.2, for the incomplete gamma function), not looked up.
 *
 * Leaves come in epochs: one leaf, or the set of those on the paths of eight operations, whose order is not random.
 */

/** One false alarm in a million tests. */
export const ALARM = 1e-6;

/** Distinct leaves seen in one epoch. */
export type LeafSet = readonly number[];

/**
 * Pearson's chi-square of how often each leaf was seen against all being equally likely: chi-square distributed with
 * leafCount - 1 degrees of freedom where each leaf is expected at least 5 times. Sets of distinct leaves scatter less
 * than independent ones, so with them false alarms are rarer still.
 */
export function uniformity(epochs: readonly LeafSet[], leafCount: number): number {
  const counts = histogram(epochs, leafCount);
  const expected = sum(counts) / leafCount;
  requireExpected(expected);
  return chiSquareTail(sum(counts.map((count) => (count - expected) ** 2 / expected)), leafCount - 1);
}

/** Chi-square of homogeneity of two histograms of leaves: leafCount - 1 degrees of freedom. */
export function sameDistribution(
  left: readonly LeafSet[],
  right: readonly LeafSet[],
  leafCount: number,
): number {
  const first = histogram(left, leafCount);
  const second = histogram(right, leafCount);
  const [firstTotal, secondTotal] = [sum(first), sum(second)];
  requireExpected(Math.min(firstTotal, secondTotal) / leafCount);
  const ratio = Math.sqrt(secondTotal / firstTotal);
  const statistic = sum(
    first.map((count, leaf) => {
      const other = second[leaf]!;
      return count + other === 0 ? 0 : (count * ratio - other / ratio) ** 2 / (count + other);
    }),
  );
  return chiSquareTail(statistic, leafCount - 1);
}

/**
 * Correlation of a leaf (of the mean leaf of an epoch) with the one `lag` epochs later, times the root of their number:
 * standard normal for hundreds of epochs.
 */
export function lagCorrelation(epochs: readonly LeafSet[], lag: number): number {
  const values = epochs.map((leaves) => sum(leaves) / leaves.length);
  const mean = sum(values) / values.length;
  const variance = sum(values.map((value) => (value - mean) ** 2));
  const covariance = sum(values.slice(lag).map((value, index) => (value - mean) * (values[index]! - mean)));
  return normalTail((covariance / variance) * Math.sqrt(values.length - lag));
}

/**
 * Chi-square of pairs of consecutive leaves, pairs not overlapping, in 8 x 8 classes: 63 degrees of freedom. For epochs
 * of one leaf.
 */
export function serialIndependence(epochs: readonly LeafSet[], leafCount: number): number {
  const classOf = (epoch: LeafSet) => Math.floor((8 * epoch[0]!) / leafCount);
  const counts = new Array<number>(64).fill(0);
  for (let index = 0; index + 1 < epochs.length; index += 2) {
    counts[8 * classOf(epochs[index]!) + classOf(epochs[index + 1]!)]! += 1;
  }
  const expected = sum(counts) / 64;
  requireExpected(expected);
  return chiSquareTail(sum(counts.map((count) => (count - expected) ** 2 / expected)), 63);
}

/** Standardised number of leaves that come again within the next `window` epochs; about standard normal. */
function repeatScore(epochs: readonly LeafSet[], leafCount: number, window: number): number {
  let surplus = 0;
  let variance = 0;
  for (const [index, leaves] of epochs.entries()) {
    const seen = new Set(leaves);
    for (const later of epochs.slice(index + 1, index + 1 + window)) {
      // Of two independent sets of these sizes: hypergeometric, and any two of these counts are uncorrelated.
      const share = later.length / leafCount;
      const expected = leaves.length * share;
      surplus += later.filter((leaf) => seen.has(leaf)).length - expected;
      variance += (expected * (1 - share) * (leafCount - leaves.length)) / (leafCount - 1);
    }
  }
  return surplus / Math.sqrt(variance);
}

/** Whether leaves come again within the next `window` epochs more or less often than by chance. */
export function repeats(epochs: readonly LeafSet[], leafCount: number, window: number): number {
  return normalTail(repeatScore(epochs, leafCount, window));
}

/** Whether leaves come again more often in one of two workloads; the difference of two independent scores. */
export function sameRepeats(
  left: readonly LeafSet[],
  right: readonly LeafSet[],
  leafCount: number,
  window: number,
): number {
  const difference = repeatScore(left, leafCount, window) - repeatScore(right, leafCount, window);
  return normalTail(difference / Math.SQRT2);
}

/**
 * Number of distinct leaves in an epoch of `draws` paths against the occupancy distribution (mean and variance exact; the
 * mean over hundreds of epochs is normal).
 */
export function distinctLeaves(epochs: readonly LeafSet[], leafCount: number, draws: number): number {
  const missedBy = (leaves: number) => (1 - leaves / leafCount) ** draws;
  const mean = leafCount * (1 - missedBy(1));
  const variance =
    leafCount * (leafCount - 1) * missedBy(2) + leafCount * missedBy(1) - (leafCount * missedBy(1)) ** 2;
  const surplus = sum(epochs.map(({ length }) => length)) - mean * epochs.length;
  if (draws === 1) return surplus === 0 ? 1 : 0;
  return normalTail(surplus / Math.sqrt(variance * epochs.length));
}

/** Exact: at least `hits` of `trials` where each is one with probability `chance`. */
export function binomialTail(hits: number, trials: number, chance: number): number {
  let term = (1 - chance) ** trials;
  let below = 0;
  for (let count = 0; count < hits; count++) {
    below += term;
    term *= ((trials - count) / (count + 1)) * (chance / (1 - chance));
  }
  return Math.max(0, 1 - below);
}

/** Two-sided, of a standard normal. */
export function normalTail(score: number): number {
  return chiSquareTail(score * score, 1);
}

export function chiSquareTail(statistic: number, degrees: number): number {
  return upperGamma(degrees / 2, statistic / 2);
}

/** Regularised upper incomplete gamma function Q(a, x): by series below a + 1, else by continued fraction. */
function upperGamma(a: number, x: number): number {
  if (!(x > 0)) return Number.isNaN(x) ? 0 : 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let series = term;
    for (let n = 1; term > series * 1e-16; n++) {
      term *= x / (a + n);
      series += term;
    }
    return 1 - scale * series;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 10_000; n++) {
    const factor = -n * (n - a);
    b += 2;
    d = 1 / (factor * d + b);
    c = b + factor / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return scale * fraction;
}

/** Stirling's series, after a shift to where it is exact to 15 digits. */
function logGamma(value: number): number {
  let shift = 0;
  let x = value;
  for (; x < 15; x++) shift -= Math.log(x);
  const inverse = 1 / (x * x);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x;
  return shift + (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series;
}

function histogram(epochs: readonly LeafSet[], leafCount: number): number[] {
  const counts = new Array<number>(leafCount).fill(0);
  for (const leaf of epochs.flat()) counts[leaf]! += 1;
  return counts;
}

function requireExpected(expected: number): void {
  if (expected < 5) throw new RangeError(`too few leaves: ${expected} in a class`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
