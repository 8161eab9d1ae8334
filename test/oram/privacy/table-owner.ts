/**
 * The adversary: owns both tables, sees every call on them with its keys and sizes, and compares what it sees with what it
 * would see if nothing were leaked.
 *
 * What it sees is split in two. The shape is everything but the leaves: calls in their order, counts, bytes, keys, where a
 * read or write of buckets that is exactly the union of whole paths, in the slots that follow from what was written
 * before, is put down as "paths". The shape of an epoch must not depend on anything. The leaves of those paths must be
 * uniform and independent. Together that is the definition: from the shape and fresh uniform leaves anybody can make the
 * whole trace without knowing what was asked.
 */

import type { VaultParameters } from '../../../oram/parameters.ts';
import type { TraceEntry } from '../../../oram/stores/tracing.ts';
import {
  ALARM,
  distinctLeaves,
  type LeafSet,
  lagCorrelation,
  repeats,
  sameDistribution,
  sameRepeats,
  serialIndependence,
  uniformity,
} from './statistics.ts';

export interface View {
  readonly shape: readonly string[];
  /** Leaves of each read of paths. */
  readonly epochs: readonly LeafSet[];
}

const BUCKET = /^.{12}b([0-9a-f]{8})$/;

/** @param trace from a point at which every bucket's current slot is '0', as after a load */
export function viewOf(trace: readonly TraceEntry[], parameters: VaultParameters): View {
  const slots = new Map<number, string>();
  const shape: string[] = [];
  const epochs: LeafSet[] = [];
  let leavesRead: LeafSet = [];
  for (const { op, items, bytesSent, bytesReceived, keys } of trace) {
    const buckets = keys.flatMap(({ partition, sort }) => {
      const index = BUCKET.exec(partition)?.[1];
      return index === undefined ? [] : [{ index: Number.parseInt(index, 16), sort }];
    });
    const leaves = leavesOf(buckets, parameters);
    if (op === 'read' && buckets.length > 0) {
      epochs.push(leaves);
      leavesRead = leaves;
    }
    const slot = (index: number) => ((slots.get(index) ?? '0') === (op === 'read' ? '0' : '1') ? '0' : '1');
    const whole = unionOf(leaves, parameters).map((index) => `${index}/${slot(index)}`);
    const isPaths =
      buckets.length > 0 &&
      keys.length === buckets.length &&
      `${whole}` === `${buckets.map(({ index, sort }) => `${index}/${sort}`)}` &&
      (op === 'read' || `${leaves}` === `${leavesRead}`);
    const bytes = isPaths
      ? `paths, each ${bytesSent / items} bytes sent and ${bytesReceived / items} received`
      : `${items} items, ${bytesSent} bytes sent and ${bytesReceived} received: ${keys.map(({ partition, sort }) => `${partition}/${sort}`)}`;
    shape.push(`${op} ${bytes}`);
    if (op === 'write') for (const { index, sort } of buckets) slots.set(index, sort);
  }
  return { shape, epochs };
}

/** Positions of the buckets of the last level. */
export function leavesOf(
  buckets: readonly { readonly index: number }[],
  { levels }: VaultParameters,
): LeafSet {
  const first = 2 ** (levels - 1) - 1;
  return buckets.flatMap(({ index }) => (index >= first ? [index - first] : []));
}

/** Buckets in the table on the paths to these leaves, deepest first, from the left. */
function unionOf(leaves: LeafSet, { levels, cachedLevels }: VaultParameters): number[] {
  const union: number[] = [];
  for (let level = levels - 1; level >= cachedLevels; level--) {
    const positions = new Set(leaves.map((leaf) => Math.floor(leaf / 2 ** (levels - 1 - level))));
    union.push(...[...positions].sort((a, b) => a - b).map((position) => 2 ** level - 1 + position));
  }
  return union;
}

/** How far back a leaf that comes again is looked for, in epochs. */
const WINDOWS = [1, 20] as const;

/**
 * What is suspicious in one view by itself.
 * @param draws paths of each epoch
 */
export function alarmsOf({ epochs }: View, { levels }: VaultParameters, draws: number): string[] {
  const leafCount = 2 ** (levels - 1);
  return alarming({
    'leaves not uniform': uniformity(epochs, leafCount),
    'another number of paths': distinctLeaves(epochs, leafCount, draws),
    'lag 1': lagCorrelation(epochs, 1),
    'lag 2': lagCorrelation(epochs, 2),
    'lag 7': lagCorrelation(epochs, 7),
    ...(draws === 1 ? { 'consecutive pairs': serialIndependence(epochs, leafCount) } : {}),
    ...Object.fromEntries(
      WINDOWS.map((window) => [`repeats within ${window}`, repeats(epochs, leafCount, window)]),
    ),
  });
}

/** What tells two views of equal length apart. */
export function differencesOf(left: View, right: View, { levels }: VaultParameters): string[] {
  const leafCount = 2 ** (levels - 1);
  const differs =
    left.shape.length !== right.shape.length || left.shape.some((call, index) => call !== right.shape[index]);
  return [
    ...(differs ? ['shape'] : []),
    ...alarming({
      'other leaves': sameDistribution(left.epochs, right.epochs, leafCount),
      ...Object.fromEntries(
        WINDOWS.map((window) => [
          `other repeats within ${window}`,
          sameRepeats(left.epochs, right.epochs, leafCount, window),
        ]),
      ),
    }),
  ];
}

function alarming(pValues: Readonly<Record<string, number>>): string[] {
  return Object.entries(pValues).flatMap(([name, pValue]) => (pValue < ALARM ? [name] : []));
}
