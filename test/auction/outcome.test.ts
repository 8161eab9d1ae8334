import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import type { ClosingSet, LiveBid } from '../../auction/closing-set.ts';
import {
  checkOutcome,
  checkOutcomeOfSet,
  type LotOutcome,
  mergeOutcomes,
  type OutcomeStatement,
  outcomeHash,
  type SignedOutcome,
  signOutcome,
} from '../../auction/outcome.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { at, type Fixture, fixture, overTheWire, refused, seedOf } from './fixture.ts';

const keyOf = (name: string): string => toBase64url(seedOf(name));
const ROOT = keyOf('root');

let tender: Fixture;
let highest: Fixture;
let lottery: Fixture;
beforeAll(async () => {
  tender = await fixture();
  highest = await fixture({ direction: 'highest' });
  lottery = await fixture({ tieBreak: 'lottery' });
});

const awarded = (lot: string, price: string): LotOutcome => ({
  lot,
  outcome: 'awarded',
  winner: 'Ann',
  winnerKey: keyOf('Ann'),
  price,
});
const unsold = (lot: string, reason: 'reserve-not-met' | 'too-few-bids'): LotOutcome => ({
  lot,
  outcome: 'no-sale',
  reason,
});

function statementOf(changes: Partial<OutcomeStatement> = {}, of: Fixture = tender): OutcomeStatement {
  return {
    kind: 'outcome',
    tender: of.id,
    closingRoot: ROOT,
    liveBids: [
      { lot: 'A', count: 3 },
      { lot: 'B', count: 1 },
    ],
    lots: [awarded('A', '750000.00'), unsold('B', 'too-few-bids')],
    ...changes,
  };
}

function signed(
  statement: OutcomeStatement,
  parties: readonly PartyIndex[] = PARTIES,
  of: Fixture = tender,
): SignedOutcome {
  return { statement, signatures: parties.map((party) => signOutcome(statement, party, of.signers[party])) };
}

const check = (outcome: unknown, required: 1 | 2 | 3 = 3, of: Fixture = tender) =>
  checkOutcome(outcome, { terms: of.terms, parties: of.parties, required });

describe('an outcome', () => {
  it('survives the wire with the signatures of all parties', () => {
    const outcome = signed(statementOf());
    expect(check(overTheWire(outcome))).toEqual(outcome);
  });

  it('needs as many different parties as the caller asks for', () => {
    check(signed(statementOf(), [2]), 1);
    check(signed(statementOf(), [2, 0]), 2);
    refused(() => check(signed(statementOf(), [0, 1])), 'OUTCOME_SIGNATURE');
    refused(() => check(signed(statementOf(), []), 1), 'OUTCOME_SIGNATURE');
    refused(() => check(signed(statementOf(), [1, 1]), 2), 'OUTCOME_MALFORMED');
  });

  it('is refused with one wrong signature, even if enough others are right', () => {
    const outcome = signed(statementOf());
    const [first, second] = outcome.signatures;
    const wrong = { party: 2, signature: second!.signature };
    expect(
      refused(() => check({ ...outcome, signatures: [first, second, wrong] }, 2), 'OUTCOME_SIGNATURE').facts,
    ).toEqual({ party: 2 });
  });

  it('is refused when any word of it changes', () => {
    const outcome = signed(statementOf());
    const changes: Partial<OutcomeStatement>[] = [
      { closingRoot: keyOf('another root') },
      { lots: [awarded('A', '750000.01'), unsold('B', 'too-few-bids')] },
      {
        liveBids: [
          { lot: 'A', count: 4 },
          { lot: 'B', count: 1 },
        ],
      },
    ];
    for (const change of changes) {
      refused(() => check({ ...outcome, statement: statementOf(change) }), 'OUTCOME_SIGNATURE');
    }
    refused(() => check(outcome, 3, highest), 'OUTCOME_OTHER_TENDER');
  });

  it.each([
    ['lots missing', { lots: [awarded('A', '1.00')] }],
    ['lots in another order', { lots: [unsold('B', 'too-few-bids'), awarded('A', '1.00')] }],
    ['counts missing', { liveBids: [{ lot: 'A', count: 3 }] }],
    ['an unknown lot', { lots: [awarded('A', '1.00'), unsold('C', 'too-few-bids')] }],
    [
      'too few bids in an awarded lot',
      {
        liveBids: [
          { lot: 'A', count: 1 },
          { lot: 'B', count: 1 },
        ],
      },
    ],
    [
      'enough bids in a lot that had too few',
      {
        liveBids: [
          { lot: 'A', count: 3 },
          { lot: 'B', count: 2 },
        ],
      },
    ],
    [
      'too few bids for the reserve to matter',
      { lots: [awarded('A', '1.00'), unsold('B', 'reserve-not-met')] },
    ],
    ['a price over the ceiling', { lots: [awarded('A', '1000000.01'), unsold('B', 'too-few-bids')] }],
    ['a price that misses the reserve', { lots: [awarded('A', '800000.01'), unsold('B', 'too-few-bids')] }],
    ['a price of other decimals', { lots: [awarded('A', '750000.0'), unsold('B', 'too-few-bids')] }],
    ['a price with leading zeros', { lots: [awarded('A', '0750000.00'), unsold('B', 'too-few-bids')] }],
    ['a price that is none', { lots: [awarded('A', '-1.00'), unsold('B', 'too-few-bids')] }],
    ['coins without a lottery', { coins: [keyOf('c'), keyOf('c'), keyOf('c')] as const }],
  ])('contradicts its tender with %s, whoever signed it', (_, change) => {
    refused(() => check(signed(statementOf(change))), 'OUTCOME_INCONSISTENT');
  });

  it('meets the reserve from the side of its direction', () => {
    const at800 = { lots: [awarded('A', '800000.00'), unsold('B', 'too-few-bids')] };
    const above = { lots: [awarded('A', '900000.00'), unsold('B', 'too-few-bids')] };
    const below = { lots: [awarded('A', '700000.00'), unsold('B', 'too-few-bids')] };
    const verdict = (change: Partial<OutcomeStatement>, of: Fixture) =>
      check(signed(statementOf(change, of), PARTIES, of), 3, of);
    verdict(at800, tender);
    verdict(below, tender);
    verdict(at800, highest);
    verdict(above, highest);
    refused(() => verdict(below, highest), 'OUTCOME_INCONSISTENT');
  });

  it('shows the coins of a lottery', () => {
    const coins = [keyOf('c0'), keyOf('c1'), keyOf('c2')] as const;
    check(signed(statementOf({ coins }, lottery), PARTIES, lottery), 3, lottery);
    refused(
      () => check(signed(statementOf({}, lottery), PARTIES, lottery), 3, lottery),
      'OUTCOME_INCONSISTENT',
    );
  });

  it.each([
    [
      'statement.lots[0].price',
      'string',
      { lots: [{ ...awarded('A', '1.00'), price: 1 }, unsold('B', 'too-few-bids')] },
    ],
    [
      'statement.lots[0].winner',
      'must not be empty',
      { lots: [{ ...awarded('A', '1.00'), winner: '' }, unsold('B', 'too-few-bids')] },
    ],
    [
      'statement.lots[1].reason',
      '"too-few-bids"',
      { lots: [awarded('A', '1.00'), { lot: 'B', outcome: 'no-sale', reason: 'cancelled' }] },
    ],
    [
      'statement.lots[0]',
      '"secondPrice"',
      { lots: [{ ...awarded('A', '1.00'), secondPrice: '1' }, unsold('B', 'too-few-bids')] },
    ],
    ['statement', '"attempt"', { attempt: 3 }],
  ])('names the field %j that is malformed', (field, mention, change) => {
    const outcome = { ...signed(statementOf()), statement: { ...statementOf(), ...change } };
    const error = refused(() => check(outcome), 'OUTCOME_MALFORMED');
    expect(error.facts['field']).toBe(field);
    expect(error.message).toContain(mention);
  });
});

describe('merging', () => {
  it('joins signatures under one statement, in the order of parties', () => {
    const [first, rest] = [signed(statementOf(), [2]), signed(statementOf(), [1, 0, 2])];
    expect(mergeOutcomes(first, rest)).toEqual(signed(statementOf()));
    expect(mergeOutcomes(first, first)).toEqual(first);
  });

  it('stops at two different statements', () => {
    const other = statementOf({ lots: [awarded('A', '1.00'), unsold('B', 'too-few-bids')] });
    const error = refused(
      () => mergeOutcomes(signed(statementOf(), [0]), signed(other, [1])),
      'OUTCOME_CONFLICT',
    );
    expect(error.facts).toEqual({ mine: outcomeHash(statementOf()), other: outcomeHash(other) });
  });
});

describe('against the closing set', () => {
  const live = (name: string, lot: string): LiveBid => ({
    submission: keyOf(`${name}/${lot}`),
    lot,
    bidder: name,
    bidderKey: keyOf(name),
    version: 1,
    place: at(1),
  });
  const set: ClosingSet = {
    root: ROOT,
    counted: [],
    live: new Map([
      ['A', [live('Ann', 'A'), live('Bob', 'A'), live('Cy', 'A')]],
      ['B', [live('Bob', 'B')]],
    ]),
  };

  it('has its root, its counts and a winner who competed', () => {
    checkOutcomeOfSet(statementOf(), set);
    refused(() => checkOutcomeOfSet(statementOf({ closingRoot: keyOf('x') }), set), 'OUTCOME_SET_MISMATCH');
    const counts = [
      { lot: 'A', count: 3 },
      { lot: 'B', count: 0 },
    ];
    refused(() => checkOutcomeOfSet(statementOf({ liveBids: counts }), set), 'OUTCOME_SET_MISMATCH');
    const withoutAnn: ClosingSet = {
      ...set,
      live: new Map([...set.live, ['A', [live('Bob', 'A'), live('Cy', 'A'), live('Di', 'A')]]]),
    };
    expect(refused(() => checkOutcomeOfSet(statementOf(), withoutAnn), 'OUTCOME_SET_MISMATCH').facts).toEqual(
      { lot: 'A' },
    );
    const namesake = { ...live('Ann', 'A'), bidderKey: keyOf('another') };
    const withNamesake: ClosingSet = {
      ...set,
      live: new Map([...set.live, ['A', [namesake, live('Bob', 'A'), live('Cy', 'A')]]]),
    };
    refused(() => checkOutcomeOfSet(statementOf(), withNamesake), 'OUTCOME_SET_MISMATCH');
  });
});
