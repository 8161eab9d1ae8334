import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planesOf, valuesOf } from '../../../mpc/bits/bit-planes.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import type { Circuit } from '../../../mpc/circuit/circuit.ts';
import { type CircuitCost, cost } from '../../../mpc/circuit/cost.ts';
import { argBest } from '../../../mpc/circuits/arg-best.ts';
import { type ArgBestShape, indexBitsOf } from '../../../mpc/circuits/tournament.ts';
import { runClear } from './run-clear.ts';

interface Answer {
  readonly winner: number;
  readonly price: bigint;
}

function expected(values: readonly bigint[], price: 'best' | 'second'): Answer {
  const order = values
    .map((value, index) => ({ value, index }))
    .sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.index - b.index));
  return { winner: order[0]!.index, price: order[price === 'best' ? 0 : 1]!.value };
}

async function computed(values: readonly bigint[], shape: ArgBestShape): Promise<Answer> {
  const { outputs } = await runClear(
    { values: planesOf(values, shape.bits) },
    (builder, { values: planes }) => {
      const { winner, price } = argBest(builder, planes!, shape);
      return { winner, price };
    },
  );
  const winner = outputs.get('winner')!;
  expect(winner.lanes).toBe(indexBitsOf(values.length));
  return {
    winner: Number(valuesOf(winner, winner.lanes)[0]),
    price: valuesOf(outputs.get('price')!, shape.bits)[0]!,
  };
}

function circuitOf(shape: ArgBestShape): Circuit {
  const builder = new CircuitBuilder();
  const { winner, price } = argBest(builder, builder.input('values', shape.candidates * shape.bits), shape);
  builder.output('winner', winner);
  builder.output('price', price);
  return builder.build();
}

/** Group sizes that reduce `candidates` to one, drawn from `draws`; sizes may overshoot what is left. */
function groupsFrom(candidates: number, draws: readonly number[]): number[] {
  const groups: number[] = [];
  let entries = candidates;
  for (let level = 0; entries > 1; level++) {
    const size = 2 + ((draws[level % draws.length] ?? 0) % entries);
    groups.push(size);
    entries = Math.ceil(entries / size);
  }
  return groups;
}

describe('argBest', () => {
  const draws = fc.array(fc.nat(40), { minLength: 1, maxLength: 6 });

  test.each(['best', 'second'] as const)(
    'is right for 1 to 40 candidates with many ties, price %s',
    async (price) => {
      for (let candidates = price === 'best' ? 1 : 2; candidates <= 40; candidates++) {
        await fc.assert(
          fc.asyncProperty(
            draws,
            fc.array(fc.bigInt({ min: 0n, max: 3n }), { minLength: candidates, maxLength: candidates }),
            async (drawn, values) => {
              const shape = { candidates, bits: 2, price, groups: groupsFrom(candidates, drawn) };
              expect(await computed(values, shape)).toEqual(expected(values, price));
            },
          ),
          { numRuns: 25 },
        );
      }
    },
  );

  test.each(['best', 'second'] as const)(
    'is right on every input of up to 7 one-bit values, price %s',
    async (price) => {
      for (let candidates = 2; candidates <= 7; candidates++) {
        for (const groups of [groupsFrom(candidates, [0]), groupsFrom(candidates, [1]), [candidates]]) {
          for (let word = 0; word < 2 ** candidates; word++) {
            const values = Array.from({ length: candidates }, (_, index) => BigInt((word >> index) & 1));
            const shape = { candidates, bits: 1, price, groups };
            expect(await computed(values, shape)).toEqual(expected(values, price));
          }
        }
      }
    },
  );

  test('is right on every arrangement of small ranks through three levels of pairs, second price', async () => {
    for (let word = 0; word < 4 ** 5; word++) {
      const values = Array.from({ length: 5 }, (_, index) => BigInt((word >> (2 * index)) & 3));
      const shape = { candidates: 5, bits: 2, price: 'second', groups: [2, 2, 2] } as const;
      expect(await computed(values, shape)).toEqual(expected(values, 'second'));
    }
  });

  test.each(['best', 'second'] as const)('is right at every width from 1 to 64, price %s', async (price) => {
    for (let bits = 1; bits <= 64; bits++) {
      const top = 2n ** BigInt(bits) - 1n;
      await fc.assert(
        fc.asyncProperty(
          draws,
          fc.array(fc.oneof(fc.bigInt({ min: 0n, max: top }), fc.constantFrom(0n, top, top - 1n)), {
            minLength: 2,
            maxLength: 24,
          }),
          async (drawn, values) => {
            const groups = groupsFrom(values.length, drawn);
            const shape = { candidates: values.length, bits, price, groups };
            expect(await computed(values, shape)).toEqual(expected(values, price));
          },
        ),
        { numRuns: 4 },
      );
    }
  });

  test.each([
    { groups: [1002], price: 'best' },
    { groups: [16, 63], price: 'second' },
    { groups: [11, 10, 10], price: 'second' },
    { groups: [2, 2, 2, 2, 2, 2, 2, 2, 2, 2], price: 'second' },
    { groups: [3, 3, 3, 3, 3, 3, 3], price: 'best' },
  ] as const)('is right for 1002 values, groups $groups, price $price', async ({ groups, price }) => {
    const values = Array.from({ length: 1002 }, (_, index) => BigInt((index * 7919 + 13) % 509));
    const shape = { candidates: 1002, bits: 9, price, groups };
    expect(await computed(values, shape)).toEqual(expected(values, price));
  });

  test('a single candidate wins at its own price without any AND', async () => {
    const shape = { candidates: 1, bits: 7, price: 'best', groups: [] } as const;
    expect(await computed([77n], shape)).toEqual({ winner: 0, price: 77n });
    expect(cost(circuitOf(shape))).toEqual({ depth: 0, ands: 0, layers: [], outputLanes: [1, 7] });
  });

  test('all bids at the ceiling: filling never wins and never sets the price', async () => {
    const values = Array.from({ length: 5 }, () => 15n);
    for (const groups of [[4, 4], [3, 3], [2, 3], [8], [2, 2, 2]]) {
      for (const price of ['best', 'second'] as const) {
        expect(await computed(values, { candidates: 5, bits: 4, price, groups })).toEqual({
          winner: 0,
          price: 15n,
        });
      }
    }
  });

  test('refuses shapes that do not end in one winner', () => {
    const refused = (shape: Partial<ArgBestShape>) => () =>
      circuitOf({ candidates: 10, bits: 4, price: 'best', groups: [10], ...shape });
    expect(refused({ groups: [3] })).toThrow(/CIRCUIT_INVALID.*more than one/);
    expect(refused({ groups: [10, 2] })).toThrow(/CIRCUIT_INVALID/);
    expect(refused({ groups: [1, 10] })).toThrow(/CIRCUIT_INVALID/);
    expect(refused({ groups: [2.5, 10] })).toThrow(/CIRCUIT_INVALID/);
    expect(refused({ candidates: 1, price: 'second', groups: [] })).toThrow(/CIRCUIT_INVALID/);
    const builder = new CircuitBuilder();
    const planes = builder.input('values', 39);
    expect(() => argBest(builder, planes, { candidates: 10, bits: 4, price: 'best', groups: [10] })).toThrow(
      /CIRCUIT_INVALID/,
    );
  });
});

describe('the cost of argBest', () => {
  const costOf = (shape: ArgBestShape): CircuitCost => cost(circuitOf(shape));

  // Per level: comparisons + loss count + selection, worked out by hand.
  test.each([
    {
      candidates: 10,
      bits: 32,
      price: 'best' as const,
      groups: [10],
      depth: 6 + 4 + 1,
      ands: 45 * 58 + 8 * 9 + 9 * 32,
    },
    {
      candidates: 10,
      bits: 32,
      price: 'second' as const,
      groups: [10],
      depth: 6 + 4 + 1,
      ands: 45 * 58 + (4 + 2 * 4) * 9 + 9 * 32,
    },
    {
      candidates: 1001,
      bits: 64,
      price: 'best' as const,
      groups: [32, 32],
      depth: 13 + 13,
      ands: 32 * (496 * 121 + 30 * 31 + 31 * 64) + 496 * 121 + 30 * 31 + 31 * (64 + 5),
    },
    {
      candidates: 1002,
      bits: 64,
      price: 'second' as const,
      groups: [32, 32],
      depth: 13 + 13,
      ands:
        32 * (496 * 121 + (15 + 2 * 15) * 31 + 2 * 31 * 64) +
        (3 * 496 * 121 + 2 * 30 * 31 + 30 * 32 + 31 * 5 + 63 * 64),
    },
    {
      candidates: 1002,
      bits: 64,
      price: 'second' as const,
      groups: [16, 63],
      depth: 12 + 14,
      ands:
        63 * (120 * 121 + (7 + 2 * 7) * 15 + 2 * 15 * 64) +
        (3 * 1953 * 121 + 2 * 61 * 62 + 61 * 63 + 62 * 4 + 125 * 64),
    },
  ])('$candidates x $bits, $price, groups $groups', ({ depth, ands, ...shape }) => {
    const actual = costOf(shape);
    expect({ depth: actual.depth, ands: actual.ands }).toEqual({ depth, ands });
  });

  test('a plan for 10,000 candidates is a few thousand operations', () => {
    const circuit = circuitOf({ candidates: 10_000, bits: 64, price: 'second', groups: [8, 16, 79] });
    expect(circuit.operations.length).toBeLessThan(4000);
    const entries = new Set(circuit.operations.flatMap((o) => (o.kind === 'gather' ? [o.blocks] : [])));
    const indexBytes = [...entries].reduce((sum, blocks) => sum + blocks.byteLength, 0);
    expect(indexBytes).toBeLessThan(4 * 2 ** 20);
  });
});
