/** Who may bid: attacks on invitations one by one, then random mixes of entries against a table of the rules. */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkEligibility, mayBeEligible } from '../../auction/eligibility.ts';
import { AuctionError } from '../../auction/errors.ts';
import { invitationKeyOf, invitationTo, inviteKey } from '../../auction/invitation.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { signDocument, signerOf } from '../../auction/signature.ts';
import { checkSubmission, createWithdrawal } from '../../auction/submission.ts';
import { tenderIdOf } from '../../auction/tender.ts';
import { type InvitedBidder, type ListedBidder, parseTenderSpec } from '../../auction/tender-spec.ts';
import { type Fixture, fixture, overTheWire, refused, seedOf, specJson } from './fixture.ts';

const keyOf = (seed: string) => invitationKeyOf(seedOf(seed), nodeSignatures);

const bidders = [
  { name: 'Ann', publicKey: keyOf('ann') },
  { name: 'Bob', invitation: keyOf('link to bob') },
  { name: 'Cid', invitation: keyOf('link to cid') },
];

let tender: Fixture;
let other: Fixture;

beforeAll(async () => {
  tender = await fixture({ bidders });
  other = await fixture({ bidders, title: 'Another' });
});

const invitationOf = (made: Fixture, bidder: string, link: string, key: string) =>
  inviteKey(invitationTo(made.id, bidder, seedOf(link)), keyOf(key), nodeSignatures);

const submit = (bidder: string, key: string, invitation?: string) => {
  const bidderSecretKey = seedOf(key);
  const facts = { terms: tender.terms, lot: 'A', bidder, bidderSecretKey, version: 1, invitation };
  return checkSubmission(overTheWire(createWithdrawal(facts)), tender.terms);
};

describe('an invited bidder', () => {
  it('submits with a key of its own that the invitation let in', () => {
    const invitation = invitationOf(tender, 'Bob', 'link to bob', 'bob');
    expect(submit('Bob', 'bob', invitation)).toMatchObject({ bidder: 'Bob', invitation });
  });

  it.each([
    ['no invitation', 'BIDDER_INVITATION_MISSING', undefined],
    [
      'the invitation of another tender',
      'BIDDER_INVITATION',
      () => invitationOf(other, 'Bob', 'link to bob', 'bob'),
    ],
    [
      'the link of another bidder',
      'BIDDER_INVITATION',
      () => invitationOf(tender, 'Bob', 'link to cid', 'bob'),
    ],
    [
      "another bidder's invitation",
      'BIDDER_INVITATION',
      () => invitationOf(tender, 'Cid', 'link to cid', 'bob'),
    ],
    [
      'an invitation made for another name',
      'BIDDER_INVITATION',
      () => invitationOf(tender, 'Cid', 'link to bob', 'bob'),
    ],
    [
      'one seen in the submission of another key',
      'BIDDER_INVITATION',
      () => invitationOf(tender, 'Bob', 'link to bob', 'first'),
    ],
    ['one made by its own key', 'BIDDER_INVITATION', () => invitationOf(tender, 'Bob', 'bob', 'bob')],
    [
      'the signature of another kind of document',
      'BIDDER_INVITATION',
      () =>
        signDocument(
          'operator',
          { tender: tender.id, bidder: 'Bob', bidderKey: keyOf('bob') },
          signerOf(seedOf('link to bob')),
        ),
    ],
  ] as const)('is refused with %s', (_, code, invitation) => {
    expect(refused(() => submit('Bob', 'bob', invitation?.()), code).facts).toEqual({ bidder: 'Bob' });
  });

  it('has signed its invitation: nobody takes it out, puts it in or exchanges it on the way', () => {
    const invitation = invitationOf(tender, 'Bob', 'link to bob', 'bob');
    const { invitation: _, ...without } = submit('Bob', 'bob', invitation);
    refused(() => checkSubmission(without, tender.terms), 'BIDDER_INVITATION_MISSING');
    const exchanged = { ...without, invitation: invitationOf(tender, 'Bob', 'link to bob', 'first') };
    refused(() => checkSubmission(exchanged, tender.terms), 'BIDDER_INVITATION');
    const unsigned = createWithdrawal({
      ...{ terms: tender.terms, lot: 'A', bidder: 'Bob', version: 1 },
      bidderSecretKey: seedOf('bob'),
    });
    refused(() => checkSubmission({ ...unsigned, invitation }, tender.terms), 'BID_SIGNATURE');
  });
});

describe('others', () => {
  it('need no invitation and must not carry one', () => {
    expect(submit('Ann', 'ann').bidder).toBe('Ann');
    const own = inviteKey(invitationTo(tender.id, 'Ann', seedOf('ann')), keyOf('ann'));
    refused(() => submit('Ann', 'ann', own), 'BIDDER_NOT_INVITED');
    refused(
      () => submit('Ann', 'ann', invitationOf(tender, 'Bob', 'link to bob', 'ann')),
      'BIDDER_NOT_INVITED',
    );
  });

  it('do not get in with an invitation in place of the listed key, or under a name of nobody', () => {
    refused(
      () => submit('Ann', 'bob', invitationOf(tender, 'Ann', 'link to bob', 'bob')),
      'BIDDER_NOT_ELIGIBLE',
    );
    refused(
      () => submit('Dan', 'bob', invitationOf(tender, 'Dan', 'link to bob', 'bob')),
      'BIDDER_NOT_ELIGIBLE',
    );
  });

  it('carry none in an open tender', async () => {
    const open = await fixture();
    const invitation = inviteKey(invitationTo(open.id, 'Ann', seedOf('link')), keyOf('ann'));
    const facts = { terms: open.terms, lot: 'A', bidder: 'Ann', bidderSecretKey: seedOf('ann'), version: 1 };
    expect(checkSubmission(createWithdrawal(facts), open.terms)).not.toHaveProperty('invitation');
    const carrying = createWithdrawal({ ...facts, invitation });
    refused(() => checkSubmission(carrying, open.terms), 'BIDDER_NOT_INVITED');
  });

  it('with a malformed invitation are told so', () => {
    const withdrawal = overTheWire(submit('Ann', 'ann'));
    for (const invitation of ['', 'A'.repeat(85), 7, null]) {
      const error = refused(
        () => checkSubmission({ ...withdrawal, invitation }, tender.terms),
        'BID_MALFORMED',
      );
      expect(error.facts).toEqual({ field: 'invitation' });
    }
  });
});

describe('the list of bidders', () => {
  const refusedField = (list: readonly unknown[]) =>
    refused(() => parseTenderSpec({ ...specJson, bidders: list }), 'TENDER_MALFORMED').facts['field'];

  it('has each name and each key once, whichever way it is listed', () => {
    const [ann, bob] = bidders;
    expect(refusedField([ann, bob, { name: 'Bob', publicKey: keyOf('bob') }])).toBe('bidders[2].name');
    expect(refusedField([bob, { name: 'Cid', invitation: bob?.invitation }])).toBe('bidders[1].invitation');
    expect(refusedField([ann, { name: 'Cid', invitation: ann?.publicKey }])).toBe('bidders[1].invitation');
    expect(refusedField([bob, { name: 'Cid', publicKey: bob?.invitation }])).toBe('bidders[1].publicKey');
  });

  it('has entries of two forms, and names what is wrong in the one that was meant', () => {
    expect(refusedField([{ name: 'Ann', publicKey: keyOf('a'), invitation: keyOf('b') }])).toBe('bidders[0]');
    expect(refusedField([{ name: 'Ann', invitation: 'short' }])).toBe('bidders[0].invitation');
    expect(refusedField([{ name: ' Ann', invitation: keyOf('a') }])).toBe('bidders[0].name');
    expect(refusedField([{ name: 'Ann' }])).toBe('bidders[0].publicKey');
    expect(refusedField(['Ann'])).toBe('bidders[0]');
  });

  it('leaves tenders without invitations what they were', async () => {
    const { signed, id } = await fixture({ bidders: [bidders[0]] });
    const list = JSON.parse(JSON.stringify(signed)).tender.spec.bidders;
    expect(list).toEqual([{ name: 'Ann', publicKey: keyOf('ann') }]);
    expect(tenderIdOf(signed.tender)).toBe(id);
  });
});

describe('random mixes of entries and submissions', () => {
  const NAMES = ['Ann', 'Bob', 'Cid', 'Dan', 'Eve'];
  const entry = fc.constantFrom('listed', 'invited', 'absent');
  /** Otherwise hardly any invitation would fit in all it says. */
  const mostlyItsOwn = fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
  );
  const attempt = fc.record({
    bidder: fc.constantFrom(...NAMES),
    key: fc.constantFrom(...NAMES),
    invitation: fc.option(
      fc.record({
        tender: fc.constantFrom('this', 'this', 'other'),
        bidder: mostlyItsOwn,
        key: mostlyItsOwn,
        link: mostlyItsOwn,
      }),
      { nil: undefined },
    ),
  });
  type Attempt = typeof attempt extends fc.Arbitrary<infer Value> ? Value : never;

  /** The rules, without any key or signature. */
  function expected(form: string | undefined, { bidder, key, invitation }: Attempt): string | undefined {
    if (form === 'absent' || (form === 'listed' && key !== bidder)) return 'BIDDER_NOT_ELIGIBLE';
    if (form !== 'invited') return invitation === undefined ? undefined : 'BIDDER_NOT_INVITED';
    if (invitation === undefined) return 'BIDDER_INVITATION_MISSING';
    const fits =
      invitation.tender === 'this' &&
      (invitation.bidder ?? bidder) === bidder &&
      (invitation.key ?? key) === key &&
      (invitation.link ?? bidder) === bidder;
    return fits ? undefined : 'BIDDER_INVITATION';
  }

  function codeOf(call: () => void): string | undefined {
    try {
      call();
      return undefined;
    } catch (error) {
      if (error instanceof AuctionError) return error.code;
      throw error;
    }
  }

  it('are let in exactly as the rules say', () => {
    fc.assert(
      fc.property(
        fc.option(fc.tuple(entry, entry, entry, entry, entry), { nil: undefined }),
        fc.array(attempt, { minLength: 1, maxLength: 8 }),
        (forms, attempts) => {
          const list = NAMES.flatMap<ListedBidder | InvitedBidder>((name, index) => {
            if (forms?.[index] === 'listed') return [{ name, publicKey: keyOf(name) }];
            return forms?.[index] === 'invited' ? [{ name, invitation: keyOf(`link ${name}`) }] : [];
          });
          const spec =
            forms === undefined ? parseTenderSpec(specJson) : { ...parseTenderSpec(specJson), bidders: list };
          const terms = { ...tender.terms, spec };
          for (const tried of attempts) {
            const { bidder, key, invitation } = tried;
            const made = invitation && {
              invitation: inviteKey(
                invitationTo(
                  invitation.tender === 'this' ? tender.id : other.id,
                  invitation.bidder ?? bidder,
                  seedOf(`link ${invitation.link ?? bidder}`),
                ),
                keyOf(invitation.key ?? key),
                nodeSignatures,
              ),
            };
            const facts = { tender: tender.id, lot: 'A', bidder, bidderKey: keyOf(key), version: 1, ...made };
            const code = expected(forms?.[NAMES.indexOf(bidder)], tried);
            expect(codeOf(() => checkEligibility(facts, terms, nodeSignatures))).toBe(code);
            expect(mayBeEligible(facts, terms)).toBe(code !== 'BIDDER_NOT_ELIGIBLE');
          }
        },
      ),
    );
  });
});
