import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { DYNAMODB_PRICES } from '../../mpc/prices.ts';
import { costChoices, costOf } from '../../oram/cost.ts';
import { expectedBuckets } from '../../oram/cost-units.ts';
import { chooseParameters, type VaultSizes } from '../../oram/parameters.ts';
import { randomLeaves } from '../../oram/random-leaves.ts';
import { TreeGeometry } from '../../oram/tree-geometry.ts';

const costFor = (sizes: VaultSizes) => costOf(chooseParameters(sizes));

const LARGE = { records: 2 ** 16, blockBytes: 1024 };

describe('cost of a vault', () => {
  test('expected distinct buckets agree with drawn paths', () => {
    for (const [levels, cachedLevels, blocksPerRecord, operations] of [
      [5, 0, 1, 8],
      [9, 3, 1, 8],
      [15, 8, 1, 8],
      [11, 2, 4, 1],
      [11, 5, 4, 8],
      [12, 4, 1, 1],
    ] as const) {
      const geometry = new TreeGeometry({ levels, cachedLevels });
      const draw = randomLeaves(geometry, randomBytes);
      const trials = 3000;
      const counts = Array.from({ length: trials }, () => {
        const leaves = Array.from({ length: operations * blocksPerRecord }, draw);
        return geometry.union(leaves).length;
      });
      const mean = counts.reduce((sum, count) => sum + count, 0) / trials;
      const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (trials - 1);
      const parameters = { ...chooseParameters(LARGE), levels, cachedLevels, blocksPerRecord };
      // Six standard errors: a false alarm once in 10^8 runs.
      const tolerance = 6 * Math.sqrt(variance / trials) + 1e-9;
      expect(Math.abs(mean - expectedBuckets(parameters, operations))).toBeLessThan(tolerance);
    }
  });

  test('2^16 records of 1 KB stay below 80 write and 32 read units, 62 write units in epochs of eight', () => {
    const { single, epochOf8 } = costFor(LARGE);
    expect(single.writeUnits).toBeLessThan(42);
    expect(single.readUnits).toBe(14);
    expect(single.roundTrips).toBe(4);
    expect(epochOf8.writeUnits).toBeLessThan(39);
    expect(epochOf8.readUnits).toBeLessThan(14);
  });

  test('2^20 records of 1 KB stay below them too, and open with fewer than 7,000 read units', () => {
    const { single, coldOpen } = costFor({ records: 2 ** 20, blockBytes: 1024 });
    expect(single.writeUnits).toBeLessThan(80);
    expect(coldOpen.readUnits).toBeLessThan(7000);
  });

  test('dollars are units at the price table', () => {
    for (const { single, epochOf8 } of [costFor(LARGE), costFor({ records: 50, blockBytes: 1000 })]) {
      for (const { readUnits, writeUnits, dollarsPerMillion } of [single, epochOf8]) {
        const { readRequestUnit, writeRequestUnit } = DYNAMODB_PRICES;
        expect(dollarsPerMillion).toBeCloseTo(
          1e6 * (readUnits * readRequestUnit + writeUnits * writeRequestUnit),
          6,
        );
      }
    }
  });

  test('edges of the block size are where a write unit begins', () => {
    const { blockEdges } = costFor(LARGE);
    expect(blockEdges).toEqual({ largestAtThisPrice: 1248, cheaper: 992, unitsLess: 1 });
    for (const layout of ['tree', 'scan'] as const) {
      const unitsAt = (blockBytes: number) => costFor({ records: 40, blockBytes, layout }).single.writeUnits;
      for (const blockBytes of [17, 200, 475, 476, 700, 1000]) {
        const edges = costFor({ records: 40, blockBytes, layout }).blockEdges;
        const itemUnits = (bytes: number) =>
          Math.ceil(costFor({ records: 40, blockBytes: bytes, layout }).itemBytes / 1024);
        expect(itemUnits(edges.largestAtThisPrice)).toBe(itemUnits(blockBytes));
        expect(itemUnits(edges.largestAtThisPrice + 1)).toBe(itemUnits(blockBytes) + 1);
        if (edges.cheaper === undefined) {
          expect(itemUnits(16)).toBe(itemUnits(blockBytes));
          continue;
        }
        expect(itemUnits(edges.cheaper)).toBe(itemUnits(blockBytes) - edges.unitsLess);
        expect(itemUnits(edges.cheaper + 1)).toBe(itemUnits(blockBytes));
        expect(unitsAt(edges.cheaper)).toBeLessThan(unitsAt(blockBytes));
      }
    }
  });

  test('the largest block has no larger one at its price', () => {
    const { blockEdges } = costFor({ records: 100, blockBytes: 49_152 });
    expect(blockEdges.largestAtThisPrice).toBe(49_152);
  });

  test('a scanned vault takes three round trips, and an epoch of eight costs what one access does', () => {
    const { single, epochOf8, storageBytes, itemBytes } = costFor({ records: 60, blockBytes: 1000 });
    expect(single).toMatchObject({ roundTrips: 3, readUnits: 15, writeUnits: 62 });
    expect(epochOf8.writeUnits).toBe(single.writeUnits / 8);
    expect(storageBytes).toBeGreaterThan(2 * itemBytes);
  });

  test('choices change one thing each, and leave out what is out of bounds', () => {
    const tree = costChoices(LARGE);
    expect(tree.map(({ changed }) => [changed.name, changed.to])).toEqual([
      ['cachedLevels', 5],
      ['cachedLevels', 6],
      ['cachedLevels', 7],
      ['cachedLevels', 9],
      ['cachedLevels', 10],
      ['cachedLevels', 11],
      ['blockBytes', 992],
      ['blockBytes', 1248],
    ]);
    const chosen = chooseParameters(LARGE);
    for (const { changed, cost } of tree) {
      expect(cost.parameters).toMatchObject({ ...LARGE_PARAMETERS, [changed.name]: changed.to });
      expect(cost.parameters.levels).toBe(chosen.levels);
    }
    const scan = costChoices({ records: 60, blockBytes: 1000 });
    expect(scan.map(({ changed, cost }) => [changed.name, cost.parameters.layout])).toEqual([
      ['layout', 'tree'],
      ['blockBytes', 'scan'],
      ['blockBytes', 'scan'],
    ]);
    expect(() => costChoices({ records: 0, blockBytes: 100 })).toThrow(/^VAULT_PARAMETERS: /);
  });

  test('latency grows with the puts of an epoch, and a scan takes less', () => {
    const { single, epochOf8 } = costFor(LARGE);
    expect(epochOf8.latencyMs).toBeGreaterThan(single.latencyMs);
    expect(costFor({ records: 60, blockBytes: 1000 }).single.latencyMs).toBeLessThan(single.latencyMs);
  });
});

const LARGE_PARAMETERS = { capacity: LARGE.records, layout: 'tree' };
