/** Whole auctions of three parties in one process against plain arithmetic. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAmount } from '../../../auction/amount.ts';
import { toBase64url } from '../../../auction/canonical.ts';
import { checkOutcome, type LotOutcome } from '../../../auction/outcome.ts';
import { type BidRow, runAuctionInProcess } from '../../../auction/party/in-process.ts';
import { nodeSignatures } from '../../../auction/party/signatures-node.ts';
import type { TenderTerms } from '../../../auction/tender.ts';
import { THREE_PARTY_NAMES } from '../../../mpc/protocols/three-party.ts';
import { partyKeys, random, specOf } from '../../support/auction-world.ts';
import { oracleOutcome, standingBids } from '../../support/oracle.ts';

const LOTS = ['A', 'B'];

/** Amendments and withdrawals of five bidders in two lots; a row that would be refused is left out. */
const rows: fc.Arbitrary<readonly BidRow[]> = fc
  .array(
    fc.record({
      bidder: fc.constantFrom('Ann', 'Bob', 'Cy', 'Dee', 'Ed'),
      lot: fc.constantFrom(...LOTS),
      amount: fc.oneof(
        { weight: 5, arbitrary: fc.bigInt(0n, 7n) },
        { weight: 1, arbitrary: fc.constant('withdraw' as const) },
      ),
    }),
    { maxLength: 12 },
  )
  .map((drawn) =>
    drawn.filter(({ amount, bidder, lot }, index) => {
      if (amount !== 'withdraw') return true;
      return standingBids(drawn.slice(0, index), lot).some((bid) => bid.bidder === bidder);
    }),
  );

const rules = fc.record({
  direction: fc.constantFrom('lowest', 'highest'),
  rule: fc.constantFrom('first-price', 'second-price'),
  reserve: fc.option(fc.nat(7).map(String), { nil: undefined }),
  minimumBids: fc.integer({ min: 1, max: 3 }),
  tieBreak: fc.constantFrom('earliest', 'lottery'),
});

type Rules = typeof rules extends fc.Arbitrary<infer Value> ? Value : never;

function specFor({ reserve, ...others }: Rules) {
  return specOf({
    ...others,
    ceiling: '7',
    ...(reserve === undefined ? {} : { reserve }),
    lots: LOTS.map((id) => ({ id, title: id })),
  });
}

/** The result without the winner's key, which the oracle does not know. */
function plain(result: LotOutcome) {
  if (result.outcome === 'no-sale') return result;
  const { winnerKey: _, ...others } = result;
  return others;
}

function expectedOf(terms: TenderTerms, bids: readonly BidRow[]) {
  const { direction, rule, minimumBids, decimals } = terms.spec;
  const { reserve } = terms;
  return terms.lots.map((lot) => {
    const outcome = oracleOutcome(
      { direction, rule, minimumBids, ...(reserve === undefined ? {} : { reserve }) },
      standingBids(bids, lot),
    );
    return outcome.outcome === 'no-sale'
      ? { lot, ...outcome }
      : { lot, ...outcome, price: formatAmount(outcome.price, decimals) };
  });
}

describe('an auction in one process', () => {
  test.each(THREE_PARTY_NAMES)(
    '%s gives what plain arithmetic gives, at the predicted cost',
    async (protocol) => {
      const keys = await partyKeys();
      await fc.assert(
        fc.asyncProperty(rules, rows, async (drawn, bids) => {
          const spec = specFor({ ...drawn, tieBreak: 'earliest' });
          const run = await runAuctionInProcess({ spec, bids, protocol, random, keys });
          expect(run.lots.map(plain)).toEqual(expectedOf(run.tender.terms, bids));
          expect(run.statistics).toHaveLength(3);
          for (const { predicted, rounds, ands, bytesSent, closingRounds } of run.statistics) {
            expect({ rounds, ands, bytes: bytesSent }).toEqual(predicted);
            expect(closingRounds).toBe(2);
          }
        }),
        { numRuns: 15 },
      );
    },
  );

  test('decides ties by lottery for one of the best, with the price plain arithmetic gives', async () => {
    const keys = await partyKeys();
    await fc.assert(
      fc.asyncProperty(rules, rows, async (drawn, bids) => {
        const spec = specFor({ ...drawn, tieBreak: 'lottery' });
        const run = await runAuctionInProcess({ spec, bids, protocol: 'verified', random, keys });
        const expected = expectedOf(run.tender.terms, bids);
        run.lots.map(plain).forEach((result, index) => {
          const standing = standingBids(bids, result.lot);
          const amountOf = (name: string) => standing.find(({ bidder }) => bidder === name)?.amount;
          const oracle = expected[index]!;
          expect({ ...result, winner: '' }).toEqual({ ...oracle, winner: '' });
          const [won, expectedToWin] = [result, oracle].map((lot) => ('winner' in lot ? lot.winner : ''));
          expect(amountOf(won!)).toBe(amountOf(expectedToWin!));
        });
        expect(run.outcome?.statement.coins).toHaveLength(3);
      }),
      { numRuns: 10 },
    );
  });

  test('with protocol clear gives the same, hundreds of times', async () => {
    const keys = await partyKeys();
    await fc.assert(
      fc.asyncProperty(rules, rows, async (drawn, bids) => {
        const spec = specFor({ ...drawn, tieBreak: 'earliest' });
        const run = await runAuctionInProcess({ spec, bids, protocol: 'clear', random, keys });
        expect(run.lots.map(plain)).toEqual(expectedOf(run.tender.terms, bids));
        const counts = LOTS.map((lot) => ({ lot, count: standingBids(bids, lot).length }));
        expect(run.liveBids).toEqual(counts);
      }),
      { numRuns: 300 },
    );
  });

  test('ends with an outcome signed by all three that a bidder can check', async () => {
    const spec = specOf({ closesAt: '2027-03-01T12:00:00Z', decimals: 2, ceiling: '100.00' });
    const bids = [
      { bidder: 'Ann', lot: '1', amount: 4_250n },
      { bidder: 'Bob', lot: '1', amount: 4_100n },
      { bidder: 'Cy', lot: '1', amount: 9_999n },
    ];
    const progress: string[] = [];
    const run = await runAuctionInProcess({
      spec,
      bids,
      protocol: 'verified',
      random,
      onProgress: ({ step }) => progress.push(step),
    });
    const { tender, outcome } = run;
    const { parties } = tender.signed.tender;
    const checked = checkOutcome(outcome, { terms: tender.terms, parties, required: 3 });
    expect(checked.statement.lots).toMatchObject([{ outcome: 'awarded', winner: 'Bob', price: '42.50' }]);
    expect(new Set(progress)).toEqual(new Set(['sealed', 'submitted', 'clearing']));
  });

  test('takes the bidders that a tender lists, and no others', async () => {
    const keys = await partyKeys();
    const secretKey = random(32);
    const publicKey = toBase64url(nodeSignatures.publicKeyOf(secretKey));
    const spec = specOf({ bidders: [{ name: 'Ann', publicKey }] });
    const bids = [{ bidder: 'Ann', lot: '1', amount: 5n }];
    const options = { spec, bids, protocol: 'verified', random, keys } as const;
    const run = await runAuctionInProcess({ ...options, bidderSecretKeys: new Map([['Ann', secretKey]]) });
    expect(run.lots).toMatchObject([{ winner: 'Ann', winnerKey: publicKey, price: '5' }]);
    await expect(runAuctionInProcess(options)).rejects.toMatchObject({ code: 'BIDDER_NOT_ELIGIBLE' });
  });
});
