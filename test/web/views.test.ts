/** What the page says, without a page: sentences, amounts, times and links. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invitationLink, invitationTo } from '../../auction/invitation.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import {
  clockAheadMs,
  clockNotice,
  deadlineView,
  durationText,
  spokenMark,
} from '../../web/deadline-view.ts';
import { groupedAmount, money } from '../../web/money.ts';
import { parseAddresses, parsePageConfig } from '../../web/page-config.ts';
import { tenderState } from '../../web/party-checks.ts';
import { hashOfTender, linkOfHash, linkOfPasted } from '../../web/tender-link.ts';
import { tenderView } from '../../web/tender-view.ts';
import { fixture, seedOf, specJson } from '../auction/fixture.ts';
import { readRepositoryFile } from '../docs/repository.ts';

describe('a tender in words', () => {
  const facts = (change: Record<string, unknown>) =>
    Object.fromEntries(
      tenderView(parseTenderSpec({ ...specJson, ...change })).facts.map(({ term, text }) => [term, text]),
    );

  test.each([
    ['lowest', 'first-price', 'The winner is paid what it bid.', 'above'],
    ['highest', 'first-price', 'The winner pays what it bid.', 'below'],
    [
      'lowest',
      'second-price',
      'The winner is paid the second-lowest valid bid, or else the reserve.',
      'above',
    ],
    [
      'highest',
      'second-price',
      'The winner pays the second-highest valid bid, or else the reserve.',
      'below',
    ],
  ])('of the %s bid at %s', (direction, rule, price, side) => {
    expect(facts({ direction, rule })).toMatchObject({
      Price: price,
      Ceiling: 'No bid may be above 1\u202f000\u202f000.00\u00a0EUR.',
      Reserve: `A lot is not awarded ${side} 800\u202f000.00\u00a0EUR.`,
      Minimum: 'A lot is not awarded with fewer than 2 bids.',
    });
  });

  test('says of a single lot with the title of the tender nothing twice', () => {
    const { lots: _, minimumBids: __, ...rest } = specJson;
    const view = tenderView(parseTenderSpec(rest));
    expect(view.lots).toEqual([]);
    expect(view.facts.map(({ term }) => term)).not.toContain('Minimum');
  });
});

test('digits of an amount come in groups of three and are otherwise as they were', () => {
  expect(money('1250000.5', 'EUR')).toBe('1\u202f250\u202f000.5\u00a0EUR');
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), fc.integer({ min: 0, max: 8 }), (whole, decimals) => {
      const text = decimals === 0 ? String(whole) : `${whole}.${'7'.repeat(decimals)}`;
      const grouped = groupedAmount(text);
      expect(grouped.replaceAll('\u202f', '')).toBe(text);
      expect(grouped.split('.')[0]).toMatch(/^\d{1,3}(\u202f\d{3})*$/);
    }),
  );
});

describe('the deadline', () => {
  const closesAt = Date.parse('2027-03-01T12:00:00Z');
  const zone = { locale: 'en-GB', timeZone: 'Europe/Berlin' };

  test('is told in the zone of the bidder and in UTC', () => {
    const { local, utc } = deadlineView(closesAt, closesAt - 1, zone);
    expect(local).toMatch(/Mon,? 1 March 2027.*13:00:00 (CET|GMT\+1)/);
    expect(utc).toMatch(/Mon,? 1 March 2027.*12:00:00 UTC/);
  });

  test.each([
    [3 * 86_400_000 + 1, '3 days 0 h', 'calm'],
    [3_600_001, '1 h 0 min', 'calm'],
    [3_600_000, '1 h 0 min', 'soon'],
    [299_999, '4 min 59 s', 'now'],
    [1, '0 s', 'now'],
    [0, '', 'passed'],
    [-5, '', 'passed'],
  ])('in %i ms: %s, %s', (leftMs, left, urgency) => {
    expect(deadlineView(closesAt, closesAt - leftMs, zone)).toMatchObject({ left, urgency });
  });

  test('what is left is never less than it says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 * 86_400_000 }), (leftMs) => {
        const units = { day: 86_400_000, days: 86_400_000, h: 3_600_000, min: 60_000, s: 1_000 };
        const said = [...durationText(leftMs).matchAll(/(\d+) (days?|h|min|s)/g)].reduce(
          (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
          0,
        );
        expect(said).toBeLessThanOrEqual(leftMs);
      }),
    );
  });

  test('a screen reader is told each mark once', () => {
    const said: string[] = [];
    for (let leftMs = 4_000_000; leftMs > -5_000; leftMs -= 1_000) {
      const mark = spokenMark(closesAt, closesAt - leftMs - 1_000, closesAt - leftMs);
      if (mark !== undefined) said.push(mark);
    }
    expect(said).toEqual([
      '1 h 0 min left until the deadline.',
      '15 min 0 s left until the deadline.',
      '5 min 0 s left until the deadline.',
      '1 min 0 s left until the deadline.',
      'The deadline has passed.',
    ]);
  });

  test('one operator with a wrong clock does not move the time', () => {
    const reading = (aheadMs: number) => ({ partyMs: 1_000 + aheadMs, sentMs: 900, answeredMs: 1_100 });
    expect(clockAheadMs([])).toBe(0);
    expect(clockAheadMs([reading(40), reading(86_400_000), reading(60)])).toBe(60);
    expect(clockAheadMs([reading(40), reading(-86_400_000), reading(60)])).toBe(40);
    expect(clockNotice(4_999)).toBeUndefined();
    expect(clockNotice(61_000)).toMatch(/1 min 1 s behind/);
    expect(clockNotice(-61_000)).toMatch(/1 min 1 s ahead of/);
  });
});

describe('links', () => {
  test('name a tender, alone or in an address that was pasted', async () => {
    const { id } = await fixture();
    expect(linkOfHash(hashOfTender(id))).toEqual({ tender: id, invitation: undefined });
    expect(linkOfPasted(`  ${id}\n`).tender).toBe(id);
    expect(linkOfPasted(`https://bids.example/${hashOfTender(id)}`).tender).toBe(id);
    for (const text of ['', '#tender=', id.slice(1), `${id}A`, 'https://bids.example/']) {
      expect(linkOfPasted(text).tender).toBeUndefined();
    }
  });

  test('carry an invitation, or are refused with its code', async () => {
    const { id } = await fixture();
    const seed = seedOf('invitation');
    const link = invitationLink(invitationTo(id, 'Ann & Sons', seed), 'https://bids.example/');
    const read = linkOfPasted(link);
    expect(read).toMatchObject({ tender: id, invitation: { bidder: 'Ann & Sons' } });
    expect(read.invitation?.seed).toEqual(seed);
    expect(() => linkOfPasted(link.slice(0, -1))).toThrow(/INVITATION_MALFORMED/);
  });
});

describe('the configuration', () => {
  const urls = ['https://a.example', 'https://b.example/', 'http://127.0.0.1:4700'];

  test('names three addresses, and checks a consortium document', () => {
    const consortium: unknown = JSON.parse(readRepositoryFile('examples/consortium/consortium.json'));
    const config = parsePageConfig({ parties: urls, consortium });
    expect(config.urls).toEqual(['https://a.example', 'https://b.example', 'http://127.0.0.1:4700']);
    expect(config.consortium?.operators[0].operator).toBe('Harbour Audit Office');
    const altered = JSON.parse(JSON.stringify(consortium).replace('Harbour', 'Harbor'));
    expect(() => parsePageConfig({ parties: urls, consortium: altered })).toThrow(/OPERATOR_SIGNATURE/);
  });

  test.each([
    [['https://a.example', 'https://b.example'], []],
    [
      ['https://a.example', 'http://b.example', ''],
      [1, 2],
    ],
    [['https://a.example', 'https://b.example', 'https://a.example/'], [2]],
    [
      ['https://a.example', 'https://user:secret@b.example', 'https://c.example?x'],
      [1, 2],
    ],
  ])('of %j is refused', (typed, addresses) => {
    const refusal = () => parseAddresses(typed);
    expect(refusal).toThrow(/PAGE_CONFIG_MALFORMED/);
    if (typed.length === 3) expect(refusal).toThrow(expect.objectContaining({ addresses }));
  });
});

test('the state of a tender follows what operators say and the deadline', () => {
  const checks = (...phases: ('open' | 'closing' | 'clearing' | 'cleared' | undefined)[]) =>
    phases.map((phase, party) => ({
      party: party as 0 | 1 | 2,
      sentence: '',
      ...(phase === undefined ? { standing: 'silent' as const } : { standing: 'agrees' as const, phase }),
    }));
  expect(tenderState(checks(undefined, undefined, undefined), 5, 1).state).toBe('unknown');
  expect(tenderState(checks('open', undefined, 'closing'), 5, 1).state).toBe('open');
  // One that lies keeps nobody from bidding.
  expect(tenderState(checks('open', 'cleared', 'open'), 5, 1).state).toBe('open');
  expect(tenderState(checks('open', 'open', 'open'), 5, 5).state).toBe('closed');
  expect(tenderState(checks('closing', 'clearing', undefined), undefined, 5).state).toBe('closed');
  expect(tenderState(checks('clearing', 'cleared', undefined), 5, 6).state).toBe('cleared');
});
