import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { countLosses, lostNone } from '../../../mpc/circuits/loss-count.ts';
import { bitsOf, runClear } from './run-clear.ts';

/** Every way in which `opponents` each take 0 to `most` wins off a member, one lane for each way. */
function allWays(opponents: number, most: number): number[][] {
  const count = (most + 1) ** opponents;
  return Array.from({ length: count }, (_, way) =>
    Array.from({ length: opponents }, (_, opponent) => Math.floor(way / (most + 1) ** opponent) % (most + 1)),
  );
}

/** [opponent][way] */
function rows(ways: readonly number[][], holds: (losses: number) => boolean): BitVector {
  const opponents = ways[0]?.length ?? 0;
  return BitVector.fromBits(
    Array.from({ length: opponents }, (_, opponent) => ways.map((way) => holds(way[opponent]!))).flat(),
  );
}

const total = (way: readonly number[]): number => way.reduce((sum, losses) => sum + losses, 0);

describe('countLosses', () => {
  test.each([1, 2, 3, 4, 5, 6, 7])(
    'is right in every case of %i opponents with two wins each',
    async (opponents) => {
      const ways = allWays(opponents, 2);
      const { circuit, outputs } = await runClear(
        { none: rows(ways, (losses) => losses === 0), once: rows(ways, (losses) => losses <= 1) },
        (builder, { none, once }) => ({ ...countLosses(builder, none!, once, ways.length) }),
      );
      expect(bitsOf(outputs.get('none'))).toEqual(ways.map((way) => (total(way) === 0 ? 1 : 0)));
      expect(bitsOf(outputs.get('atMostOne'))).toEqual(ways.map((way) => (total(way) <= 1 ? 1 : 0)));
      expect(cost(circuit).ands).toBe(2 * (opponents - 1) * ways.length);
      expect(circuit.depth).toBe(Math.ceil(Math.log2(opponents)));
    },
  );

  test.each([1, 2, 3, 4, 5, 8, 9])('is right in every case of %i single matches', async (opponents) => {
    const ways = allWays(opponents, 1);
    const { outputs } = await runClear(
      { none: rows(ways, (losses) => losses === 0) },
      (builder, { none }) => ({
        ...countLosses(builder, none!, undefined, ways.length),
        alone: lostNone(builder, none!, ways.length),
      }),
    );
    expect(bitsOf(outputs.get('none'))).toEqual(ways.map((way) => (total(way) === 0 ? 1 : 0)));
    expect(bitsOf(outputs.get('alone'))).toEqual(bitsOf(outputs.get('none')));
    expect(bitsOf(outputs.get('atMostOne'))).toEqual(ways.map((way) => (total(way) <= 1 ? 1 : 0)));
  });
});
