import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import { bidderNameField } from '../../auction/fields.ts';
import {
  invitationKeyOf,
  invitationLink,
  invitationTo,
  inviteKey,
  isInvited,
  parseInvitation,
} from '../../auction/invitation.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { isTenderId, type TenderId } from '../../auction/tender.ts';
import { refused, seedOf } from './fixture.ts';

const tender = toBase64url(seedOf('tender')) as TenderId;
const seed = seedOf('invitation');
const ann = invitationTo(tender, 'Ann & Sons (Ltd.)', seed);
const annKey = invitationKeyOf(seedOf('ann'));
const PAGE = 'https://tenders.example.org/bid?lang=de';

const names = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((name) => bidderNameField.safeParse(name).success);
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a link', () => {
  it('gives back tender, name and seed, with a page and without, through every mail', () => {
    fc.assert(
      fc.property(names, seeds, fc.constantFrom(PAGE, undefined), (bidder, secret, page) => {
        const link = invitationLink(invitationTo(tender, bidder, secret), page);
        const wrapped = ` ${link.slice(0, 60)}\r\n  ${link.slice(60)}\n`;
        for (const text of [link, wrapped, link.slice(link.indexOf('#'))]) {
          const parsed = parseInvitation(text);
          expect([parsed.tender, parsed.bidder, parsed.seed]).toEqual([tender, bidder, secret]);
        }
      }),
    );
  });

  it('is an address whose secret is in the fragment, and that ends in a letter or digit', () => {
    fc.assert(
      fc.property(names, seeds, (bidder, secret) => {
        const url = new URL(invitationLink(invitationTo(tender, bidder, secret), PAGE));
        expect(url.href).not.toMatch(/[\s()!'*"<>]/);
        expect(url.href).toMatch(/[A-Za-z0-9]$/);
        expect(`${url.origin}${url.pathname}${url.search}`).toBe(PAGE);
        expect(new URLSearchParams(url.hash.slice(1)).get('tender')).toBe(tender);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['an address without a fragment', PAGE],
    ['another fragment', `${PAGE}#tender=${tender}`],
    ['no tender', invitationLink(ann).replace('tender=', 'auction=')],
    ['no name', invitationLink(ann).replace('bidder=', 'name=')],
    ['an empty name', `#tender=${tender}&bidder=&invitation=${toBase64url(seed)}`],
    ['a name in another spelling', `#tender=${tender}&bidder=%20Ann&invitation=${toBase64url(seed)}`],
    ['half a surrogate pair', `#tender=${tender}&bidder=%ed%a0%80%20&invitation=${toBase64url(seed)}`],
    ['a seed that was cut off', invitationLink(ann).slice(0, -1)],
    ['a seed with a character more', `${invitationLink(ann)}A`],
    ['a seed whose spare bits are set', `${invitationLink(ann).slice(0, -1)}B`],
    ['a tender id that is cut off', invitationLink(ann).replace(tender, tender.slice(1))],
    ['a novel', `${invitationLink(ann, `${PAGE}${'x'.repeat(8192)}`)}`],
  ])('that is %s is refused, and none of it repeated', (_, link) => {
    const error = refused(() => parseInvitation(link), 'INVITATION_MALFORMED');
    expect(`${error.message}${JSON.stringify(error.facts)}`).not.toContain(toBase64url(seed).slice(0, 12));
  });

  it('keeps its seed to itself when printed', () => {
    const text = `${inspect(ann)} ${JSON.stringify({ ann })} ${ann} ${inspect({ ...ann })}`;
    expect(text).toContain('[secret]');
    for (const secret of [toBase64url(seed), Buffer.from(seed).toString('hex'), inspect(seed)]) {
      expect(text).not.toContain(secret);
    }
  });
});

describe('letting a key in', () => {
  const invited = { tender, bidder: ann.bidder, bidderKey: annKey };
  const signature = inviteKey(ann, annKey);

  it('is bound to tender, name and key', () => {
    const key = invitationKeyOf(seed);
    expect(isInvited(invited, key, signature)).toBe(true);
    expect(isInvited({ ...invited, tender: toBase64url(seedOf('other')) }, key, signature)).toBe(false);
    expect(isInvited({ ...invited, bidder: 'Ann & Sons' }, key, signature)).toBe(false);
    expect(isInvited({ ...invited, bidderKey: invitationKeyOf(seedOf('bob')) }, key, signature)).toBe(false);
    expect(isInvited(invited, invitationKeyOf(seedOf('other')), signature)).toBe(false);
    expect(isInvited(invited, annKey, signature)).toBe(false);
  });

  it('is the same with every implementation of signatures', () => {
    expect(inviteKey(ann, annKey, nodeSignatures)).toBe(signature);
    expect(isInvited(invited, invitationKeyOf(seed, nodeSignatures), signature, nodeSignatures)).toBe(true);
  });

  it('takes no invitation with a key of small order, under which one signature fits much', () => {
    const identity = toBase64url(new Uint8Array([1, ...new Uint8Array(31)]));
    const forged = toBase64url(new Uint8Array([1, ...new Uint8Array(63)]));
    expect(isInvited(invited, identity, forged)).toBe(false);
    expect(isInvited(invited, identity, forged, nodeSignatures)).toBe(false);
  });
});

it('tells what can be the id of a tender', () => {
  expect(isTenderId(tender)).toBe(true);
  for (const value of [tender.slice(1), `${tender}A`, `${tender.slice(0, -1)}B`, 7, null]) {
    expect(isTenderId(value)).toBe(false);
  }
});
