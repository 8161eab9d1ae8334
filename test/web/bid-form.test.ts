/** The form's checks: a message for each field that is wrong, and nothing that a message gives away. */

import { beforeAll, describe, expect, test } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import { invitationKeyOf } from '../../auction/invitation.ts';
import { checkTypedBid, type TypedBid } from '../../web/bid-form.ts';
import { type Fixture, fixture, seedOf } from '../auction/fixture.ts';

let open: Fixture;
let listed: Fixture;
const key = toBase64url(seedOf('a key'));

beforeAll(async () => {
  open = await fixture();
  listed = await fixture({
    bidders: [
      { name: 'Ann', publicKey: key },
      { name: 'Bea', invitation: invitationKeyOf(seedOf('link')) },
    ],
  });
});

const typed = (bidder: string, amounts: Record<string, string>, more: Partial<TypedBid> = {}): TypedBid => ({
  ...{ bidder, amounts: new Map(Object.entries(amounts)), publicKey: undefined, invited: undefined },
  ...more,
});
const codesOf = (bid: TypedBid, terms = open.terms) =>
  checkTypedBid(bid, terms).problems.map(({ field, code }) => [
    typeof field === 'string' ? field : field.lot,
    code,
  ]);

describe('a bid as typed', () => {
  test('becomes lines of those lots that have an amount, in the order of the tender', () => {
    const checked = checkTypedBid(typed('  Ann ', { B: ' 1250.5 ', A: '900000' }), open.terms);
    expect(checked).toMatchObject({
      bidder: 'Ann',
      lines: [
        { lot: 'A', amount: 90_000_000n, text: '900\u202f000.00\u00a0EUR' },
        { lot: 'B', amount: 125_050n, warning: undefined },
      ],
    });
    expect(checked).toHaveProperty('lines.0.warning', expect.stringMatching(/reserve/));
  });

  test.each([
    ['12,50', 'AMOUNT_MALFORMED'],
    ['1 250', 'AMOUNT_MALFORMED'],
    ['1e3', 'AMOUNT_MALFORMED'],
    ['EUR 5', 'AMOUNT_MALFORMED'],
    ['-5', 'AMOUNT_NEGATIVE'],
    ['5.123', 'AMOUNT_TOO_PRECISE'],
    ['1000000.01', 'AMOUNT_OVER_CEILING'],
    ['9'.repeat(30), 'AMOUNT_TOO_LARGE'],
  ])('with the amount %s is refused beside its field, and the amount not repeated', (amount, code) => {
    const { problems } = checkTypedBid(typed('Ann', { A: '5', B: amount }), open.terms);
    expect(problems).toMatchObject([{ field: { lot: 'B' }, code }]);
    expect(problems[0]?.sentence).not.toContain(amount);
  });

  test('without an amount or a name is refused at the field that lacks it', () => {
    expect(codesOf(typed('Ann', { A: ' ' }))).toEqual([['A', 'AMOUNT_MISSING']]);
    expect(codesOf(typed(' ', { A: '5' }))).toEqual([['bidder', 'BIDDER_MISSING']]);
    expect(codesOf(typed('A\u200bnn', { A: '5' }))).toEqual([['bidder', 'BID_MALFORMED']]);
  });

  test('needs the name and key that the tender lists', () => {
    const { terms } = listed;
    expect(codesOf(typed('Eve', { A: '5' }), terms)).toEqual([['bidder', 'BIDDER_NOT_ELIGIBLE']]);
    expect(codesOf(typed('Ann', { A: '5' }), terms)).toEqual([['key', 'BIDDER_NOT_ELIGIBLE']]);
    const other = toBase64url(seedOf('another key'));
    expect(codesOf(typed('Ann', { A: '5' }, { publicKey: other }), terms)).toEqual([
      ['key', 'BIDDER_NOT_ELIGIBLE'],
    ]);
    expect(codesOf(typed('Ann', { A: '5' }, { publicKey: key }), terms)).toEqual([]);
  });

  test('under an invited name needs the link', () => {
    const { terms } = listed;
    expect(codesOf(typed('Bea', { A: '5' }), terms)).toEqual([['key', 'BIDDER_INVITATION_MISSING']]);
    expect(codesOf(typed('Bea', { A: '5' }, { invited: 'Bea' }), terms)).toEqual([]);
  });
});
