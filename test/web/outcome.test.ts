/** The outcome as the page tells it: what passed, what failed with which code, and what a bidder's own file adds. */

import { beforeAll, describe, expect, test } from 'vitest';
import type { BidFile, KeptBid } from '../../auction/bid-file.ts';
import { signingKeyFile } from '../../auction/bid-file.ts';
import { toBase64url } from '../../auction/canonical.ts';
import {
  type LotOutcome,
  type OutcomeSignature,
  type OutcomeStatement,
  signOutcome,
} from '../../auction/outcome.ts';
import { createReceipt } from '../../auction/receipt.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import { createWithdrawal, type Submission } from '../../auction/submission.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { type OutcomeAnswer, reportOutcome } from '../../web/outcome-report.ts';
import { lotResults } from '../../web/outcome-view.ts';
import { checkOwnBids } from '../../web/own-bids.ts';
import { at, type Fixture, fixture, seededRandom, seedOf } from '../auction/fixture.ts';

const ann = signingKeyFile(seedOf('ann'));
let made: Fixture;
let statement: OutcomeStatement;
let signatures: readonly OutcomeSignature[];

beforeAll(async () => {
  made = await fixture({ minimumBids: 1 });
  statement = {
    kind: 'outcome',
    tender: made.id,
    closingRoot: toBase64url(seedOf('root')),
    liveBids: [
      { lot: 'A', count: 3 },
      { lot: 'B', count: 0 },
    ],
    lots: [awarded('750000.00'), { lot: 'B', outcome: 'no-sale', reason: 'too-few-bids' }],
  };
  signatures = sign(statement);
});

function awarded(price: string): LotOutcome {
  return { lot: 'A', outcome: 'awarded', winner: 'Ann', winnerKey: ann.publicKey, price };
}

function sign(of: OutcomeStatement): readonly OutcomeSignature[] {
  return PARTIES.map((party) => signOutcome(of, party, made.signers[party]));
}

const told = (by: readonly PartyIndex[], of = statement): OutcomeAnswer => ({
  json: { statement: of, signatures: sign(of).filter(({ party }) => by.includes(party)) },
});
const absent = (code: string): OutcomeAnswer => ({ failure: { code, detail: 'said why' } });
const report = (...answers: readonly OutcomeAnswer[]) => reportOutcome(answers, made);
const failedCodes = ({ checks }: ReturnType<typeof report>) =>
  checks.flatMap(({ standing, code }) => (standing === 'failed' ? [code] : []));

describe('an outcome', () => {
  test('that all three tell and signed passes every check', () => {
    const all = report(told([0, 1, 2]), told([0, 1, 2]), told([0, 1, 2]));
    expect(all.state).toBe('shown');
    expect(new Set(all.checks.map(({ standing }) => standing))).toEqual(new Set(['passed']));
    expect(lotResults(all.outcome!.statement, made.terms.spec)).toMatchObject([
      { headline: 'Ann', price: '750\u202f000.00\u00a0EUR', detail: '3 bids competed.' },
      { headline: 'Not awarded', price: undefined, detail: 'No bid, and the tender asks for 1.' },
    ]);
  });

  test('is put together from what each has, and open where one is silent', () => {
    const two = report(told([0]), told([1]), absent('PARTY_UNREACHABLE'));
    expect(two.state).toBe('shown');
    expect(two.outcome?.signatures.map(({ party }) => party)).toEqual([0, 1]);
    expect(failedCodes(two)).toEqual([]);
    expect(two.checks.filter(({ standing }) => standing === 'open')).toHaveLength(3);
  });

  test('that one operator signed is not shown yet', () => {
    const one = report(told([2]), absent('OUTCOME_NOT_READY'), absent('OUTCOME_NOT_READY'));
    expect(one).toMatchObject({ state: 'waiting', outcome: undefined });
    const none = report(...PARTIES.map(() => absent('OUTCOME_NOT_READY')));
    expect(none.state).toBe('waiting');
    expect(failedCodes(none)).toEqual([]);
  });

  test('of which two versions are signed is shown to nobody', () => {
    const other = { ...statement, lots: [awarded('760000.00'), statement.lots[1]!] };
    const both = report(told([0, 1]), told([0, 1]), told([2], other));
    expect(both).toMatchObject({ state: 'refused', outcome: undefined });
    expect(failedCodes(both)).toEqual(['OUTCOME_CONFLICT']);
  });

  test.each<readonly [string, string, (honest: OutcomeStatement) => unknown]>([
    [
      'a changed price under old signatures',
      'OUTCOME_SIGNATURE',
      (honest) => ({ statement: { ...honest, lots: [awarded('1.00'), honest.lots[1]!] }, signatures }),
    ],
    [
      'a price that misses the reserve',
      'OUTCOME_INCONSISTENT',
      (honest) => {
        const bent = { ...honest, lots: [awarded('800000.01'), honest.lots[1]!] };
        return { statement: bent, signatures: sign(bent) };
      },
    ],
    ['no outcome at all', 'OUTCOME_MALFORMED', () => ({ outcome: 'trust me' })],
    [
      'the outcome of another tender',
      'OUTCOME_OTHER_TENDER',
      (honest) => ({ statement: { ...honest, tender: toBase64url(seedOf('other')) }, signatures }),
    ],
  ])('with one operator that tells %s: its check fails, the others stand', (_, code, lie) => {
    const bent = report({ json: lie(statement) }, told([0, 1, 2]), told([0, 1, 2]));
    expect(bent.state).toBe('shown');
    expect(failedCodes(bent)).toEqual([code]);
    expect(bent.checks.find(({ standing }) => standing === 'failed')?.sentence).toContain('operator 0');
  });
});

describe("a bidder's own file", () => {
  const spec = { currency: 'EUR', direction: 'lowest' } as const;
  const receiptsOf = (submission: Submission, by: readonly PartyIndex[]): KeptBid => ({
    submission,
    receipts: by.map((party) =>
      createReceipt({ party, signer: made.signers[party], submission, receivedAt: at(5) }),
    ),
  });
  const facts = (lot: string, version: number) => ({
    ...{ terms: made.terms, lot, version },
    bidder: 'Ann',
    bidderSecretKey: seedOf('ann'),
  });
  const bidOn = (lot: string, version = 1) =>
    sealBid({ ...facts(lot, version), parties: made.parties, amount: 5n, random: seededRandom('own') });
  const fileOf = (...bids: readonly KeptBid[]): BidFile => ({
    ...{ kind: 'tacit/1 bid file', tender: made.id, bidder: 'Ann', key: ann, bids },
  });

  test('says what won by its key, and always what it cannot say', async () => {
    const checks = checkOwnBids(fileOf(receiptsOf(await bidOn('A'), [0, 2])), statement, spec);
    expect(checks.map(({ standing }) => standing)).toEqual(['passed', 'passed', 'open']);
    expect(checks[1]?.sentence).toMatch(/it won, at 750.000\.00/);
    expect(checks[2]?.sentence).toMatch(/cannot be looked up/);
  });

  test('with two receipts contradicts an outcome that counts no bid', async () => {
    const checks = checkOwnBids(fileOf(receiptsOf(await bidOn('B'), [0, 1, 2])), statement, spec);
    expect(checks[1]).toMatchObject({ standing: 'failed', code: 'BID_NOT_COUNTED' });
  });

  test('with one receipt may not have counted', async () => {
    const checks = checkOwnBids(fileOf(receiptsOf(await bidOn('A'), [1])), statement, spec);
    expect(checks[0]).toMatchObject({ standing: 'failed', code: 'TOO_FEW_RECEIPTS' });
  });

  test('speaks of the latest version of each lot alone', async () => {
    const bid = receiptsOf(await bidOn('A'), [0, 1]);
    const withdrawn = receiptsOf(createWithdrawal(facts('A', 2)), [0, 1]);
    const checks = checkOwnBids(fileOf(bid, withdrawn), statement, spec);
    expect(checks.map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/your withdrawal counts/),
      expect.stringMatching(/cannot be looked up/),
    ]);
  });
});
