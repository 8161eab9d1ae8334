/** The circuit of the rules against plain arithmetic, by thousands of small cases full of ties. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAmount, rankOf } from '../../../auction/amount.ts';
import { clearInTheClear } from '../../../auction/party/clear-reference.ts';
import { clearingCircuit, readResults } from '../../../auction/party/clearing-circuit.ts';
import type { TenderId, TenderTerms } from '../../../auction/tender.ts';
import { exactTermsOf } from '../../../auction/tender-spec.ts';
import { planesOf, valuesOf } from '../../../mpc/bits/bit-planes.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { ClearProtocol } from '../../../mpc/protocols/clear.ts';
import { VERIFIED_MANIFEST } from '../../../mpc/protocols/verified/manifest.ts';
import { specOf } from '../../support/auction-world.ts';
import { type OracleBid, oracleOutcome } from '../../support/oracle.ts';

function termsOf(fields: Readonly<Record<string, unknown>>): TenderTerms {
  const spec = specOf(fields);
  return { ...exactTermsOf(spec), id: 'not published' as TenderId, spec };
}

function expectedLot(terms: TenderTerms, lot: string, bids: readonly OracleBid[]) {
  const { direction, rule, minimumBids, decimals } = terms.spec;
  const rules = {
    direction,
    rule,
    minimumBids,
    ...(terms.reserve === undefined ? {} : { reserve: terms.reserve }),
  };
  const outcome = oracleOutcome(rules, bids);
  if (outcome.outcome === 'no-sale') return { lot, ...outcome };
  const { winner, price } = outcome;
  return {
    lot,
    outcome: 'awarded',
    winner,
    winnerKey: `key of ${winner}`,
    price: formatAmount(price, decimals),
  };
}

async function clear(terms: TenderTerms, bidsOf: ReadonlyMap<string, readonly OracleBid[]>) {
  const { lots } = await clearInTheClear(terms, (lot) =>
    (bidsOf.get(lot) ?? []).map(({ bidder, amount }) => ({
      bidder,
      bidderKey: `key of ${bidder}`,
      rank: rankOf(amount, terms),
    })),
  );
  return lots;
}

const rules = fc.record({
  direction: fc.constantFrom('lowest', 'highest'),
  rule: fc.constantFrom('first-price', 'second-price'),
  ceiling: fc.integer({ min: 1, max: 9 }),
  reserve: fc.option(fc.nat(9), { nil: undefined }),
  minimumBids: fc.integer({ min: 1, max: 4 }),
});

type Rules = typeof rules extends fc.Arbitrary<infer Value> ? Value : never;

function fieldsOf({ ceiling, reserve, ...others }: Rules, lots: number) {
  return {
    ...others,
    ceiling: String(ceiling),
    ...(reserve === undefined ? {} : { reserve: String(Math.min(reserve, ceiling)) }),
    lots: Array.from({ length: lots }, (_, index) => ({ id: `L${index}`, title: 'Lot' })),
  };
}

describe('the clearing circuit', () => {
  test('agrees with plain arithmetic on one lot', async () => {
    await fc.assert(
      fc.asyncProperty(rules, fc.array(fc.nat(9), { maxLength: 9 }), async (drawn, amounts) => {
        const terms = termsOf(fieldsOf(drawn, 1));
        const bids = amounts.map((amount, place) => ({
          bidder: `bidder ${place}`,
          amount: BigInt(Math.min(amount, drawn.ceiling)),
        }));
        expect(await clear(terms, new Map([['L0', bids]]))).toEqual([expectedLot(terms, 'L0', bids)]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('agrees with plain arithmetic on every way up to four bids of two bits can fall', async () => {
    for (const direction of ['lowest', 'highest']) {
      for (const rule of ['first-price', 'second-price']) {
        for (const reserve of [undefined, '0', '2', '3']) {
          const terms = termsOf({
            direction,
            rule,
            ceiling: '3',
            ...(reserve === undefined ? {} : { reserve }),
          });
          for (const amounts of tuples(4, 4)) {
            const bids = amounts.map((amount, place) => ({
              bidder: `bidder ${place}`,
              amount: BigInt(amount),
            }));
            expect(await clear(terms, new Map([['1', bids]]))).toEqual([expectedLot(terms, '1', bids)]);
          }
        }
      }
    }
  });

  test('agrees with plain arithmetic on several lots at once, some without bids', async () => {
    const lots = fc.array(fc.array(fc.nat(9), { maxLength: 5 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(rules, lots, async (drawn, drawnLots) => {
        const terms = termsOf(fieldsOf(drawn, drawnLots.length));
        const bidsOf = new Map(
          drawnLots.map((amounts, lot) => [
            `L${lot}`,
            amounts.map((amount, place) => ({
              bidder: `bidder ${place}`,
              amount: BigInt(Math.min(amount, drawn.ceiling)),
            })),
          ]),
        );
        const expected = terms.lots.map((lot) => expectedLot(terms, lot, bidsOf.get(lot) ?? []));
        expect(await clear(terms, bidsOf)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('agrees with plain arithmetic on wide amounts and many bids', async () => {
    const wide = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 20, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(rules, wide, async ({ direction, rule }, amounts) => {
        const terms = termsOf({ direction, rule, ceiling: String(2n ** 64n - 1n) });
        const bids = amounts.map((amount, place) => ({ bidder: `bidder ${place}`, amount }));
        expect(await clear(terms, new Map([['1', bids]]))).toEqual([expectedLot(terms, '1', bids)]);
      }),
      { numRuns: 25 },
    );
  });

  test('never lets a rank beyond the ceiling win, and prices one as the ceiling', async () => {
    const terms = termsOf({ ceiling: '5', rule: 'second-price' });
    const bid = (bidder: string, rank: bigint) => ({ bidder, bidderKey: bidder, rank });
    const only = await clearInTheClear(terms, () => [bid('cheat', 6n)]);
    expect(only.lots).toEqual([{ lot: '1', outcome: 'no-sale', reason: 'reserve-not-met' }]);
    const both = await clearInTheClear(terms, () => [bid('cheat', 7n), bid('Ann', 5n)]);
    expect(both.lots).toMatchObject([{ winner: 'Ann', price: '5' }]);
  });

  test('makes all lots share the rounds of the largest', () => {
    const one = clearingCircuit(termsOf({ lots: [{ id: 'a', title: 'a' }] }), () => 20, VERIFIED_MANIFEST);
    const lots = [
      { id: 'a', title: 'a' },
      { id: 'b', title: 'b' },
      { id: 'c', title: 'c' },
    ];
    const three = clearingCircuit(
      termsOf({ lots }),
      (lot) => (lot === 'b' ? 0 : lot === 'a' ? 20 : 3),
      VERIFIED_MANIFEST,
    );
    expect(three?.lots.map(({ lot, bids }) => [lot, bids])).toEqual([
      ['a', 20],
      ['c', 3],
    ]);
    expect(three?.circuit.depth).toBe(one?.circuit.depth);
    expect(cost(three!.circuit).ands).toBeGreaterThan(cost(one!.circuit).ands);
  });

  test('opens a winner and a price for each lot and nothing else', () => {
    const clearing = clearingCircuit(termsOf({ ceiling: '1000' }), () => 30, VERIFIED_MANIFEST);
    expect(clearing?.circuit.outputs.map(({ name }) => name)).toEqual(['lot/0/winner', 'lot/0/price']);
    expect(cost(clearing!.circuit).outputLanes).toEqual([5, 10]);
  });

  test('opens nothing of the bids where none meets the reserve', async () => {
    for (const rule of ['first-price', 'second-price']) {
      const terms = termsOf({ rule, ceiling: '100', reserve: '10' });
      for (const ranks of [[11n], [12n, 11n], [99n, 50n, 98n]]) {
        const clearing = clearingCircuit(terms, () => ranks.length, VERIFIED_MANIFEST)!;
        const protocol = new ClearProtocol();
        const inputs = new Map([['lot/0', planesOf(ranks, terms.bits)]]);
        const opened = await protocol.open(await protocol.evaluate(clearing.circuit, inputs));
        expect(readResults(clearing, opened)).toEqual([{ lot: '1', price: 10n }]);
        expect(valuesOf(opened.get('lot/0/winner')!, opened.get('lot/0/winner')!.lanes)).toEqual([
          BigInt(ranks.length),
        ]);
      }
    }
  });

  test('is not built where every lot has too few bids', () => {
    expect(clearingCircuit(termsOf({ minimumBids: 3 }), () => 2, VERIFIED_MANIFEST)).toBeUndefined();
    expect(clearingCircuit(termsOf({}), () => 0, VERIFIED_MANIFEST)).toBeUndefined();
  });
});

/** All lists of up to `longest` numbers below `below`. */
function tuples(below: number, longest: number): readonly (readonly number[])[] {
  const all: (readonly number[])[] = [[]];
  let last: (readonly number[])[] = [[]];
  for (let length = 1; length <= longest; length++) {
    last = last.flatMap((tuple) => Array.from({ length: below }, (_, value) => [...tuple, value]));
    all.push(...last);
  }
  return all;
}
