import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkCloseOrder, createCloseOrder } from '../../auction/close-order.ts';
import { inviteBidders } from '../../auction/invite-bidders.ts';
import { signDocument, signerOf } from '../../auction/signature.ts';
import { checkTender, createTender, type TenderId } from '../../auction/tender.ts';
import { MAX_LISTED_BIDDERS, MAX_LOTS, parseTenderSpec } from '../../auction/tender-spec.ts';
import {
  auctioneerSeed,
  type Fixture,
  fixture,
  overTheWire,
  refused,
  seededRandom,
  seedOf,
  specJson,
} from './fixture.ts';

const keyOf = (name: string): string => signerOf(seedOf(name)).publicKey;
const without = (field: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(specJson).filter(([key]) => key !== field));

describe('a specification', () => {
  it('fills in one lot and a minimum of one bid', () => {
    const { lots: _lots, minimumBids: _minimumBids, ...rest } = specJson;
    const spec = parseTenderSpec(rest);
    expect(spec.lots).toEqual([{ id: '1', title: specJson.title }]);
    expect(spec.minimumBids).toBe(1);
  });

  it.each(
    readdirSync(new URL('../../examples', import.meta.url), { withFileTypes: true })
      .filter(({ name }) => existsSync(new URL(`../../examples/${name}/tender.json`, import.meta.url)))
      .map((entry) => entry.name),
  )('of the example %s is accepted', (name) => {
    const url = new URL(`../../examples/${name}/tender.json`, import.meta.url);
    const { spec } = inviteBidders(JSON.parse(readFileSync(url, 'utf8')), seededRandom(name));
    expect(spec.title).not.toBe('');
  });

  it.each([
    ['title', { title: '' }],
    ['title', { title: ' x' }],
    ['title', { title: 'a\u0000b' }],
    ['title', { title: 'a\u202eb' }],
    ['title', { title: 'a\nb' }],
    ['title', { title: 'e\u0301' }],
    ['title', { title: 'x'.repeat(301) }],
    ['title', { title: 7 }],
    ['direction', { direction: 'up' }],
    ['rule', { rule: 'third-price' }],
    ['currency', { currency: '' }],
    ['decimals', { decimals: 9 }],
    ['decimals', { decimals: -1 }],
    ['decimals', { decimals: 1.5 }],
    ['decimals', { decimals: '2' }],
    ['ceiling', { ceiling: 100 }],
    ['ceiling', { ceiling: '0.00', reserve: '0' }],
    ['reserve', { reserve: '1000000.01' }],
    ['reserve', { reserve: undefined }],
    ['reserve', { reserve: null }],
    ['minimumBids', { minimumBids: 0 }],
    ['minimumBids', { minimumBids: 1e9 }],
    ['tieBreak', { tieBreak: 'coin' }],
    ['closesAt', { closesAt: '2027-03-01T12:00:00' }],
    ['lots', { lots: [] }],
    [
      'lots',
      { lots: Array.from({ length: MAX_LOTS + 1 }, (_, index) => ({ id: String(index), title: 'x' })) },
    ],
    [
      'lots[1].id',
      {
        lots: [
          { id: 'A', title: 'x' },
          { id: '', title: 'x' },
        ],
      },
    ],
    ['lots[0].title', { lots: [{ id: 'A' }] }],
    ['lots[0]', { lots: [{ id: 'A', title: 'x', size: 1 }] }],
    ['bidders', { bidders: [] }],
    [
      'bidders',
      {
        bidders: Array.from({ length: MAX_LISTED_BIDDERS + 1 }, (_, index) => ({
          name: `n${index}`,
          publicKey: keyOf('k'),
        })),
      },
    ],
    ['bidders[0].publicKey', { bidders: [{ name: 'Ann', publicKey: 'short' }] }],
    [
      'bidders[1].name',
      {
        bidders: [
          { name: 'Ann', publicKey: keyOf('a') },
          { name: 'Ann', publicKey: keyOf('b') },
        ],
      },
    ],
    [
      'bidders[1].publicKey',
      {
        bidders: [
          { name: 'Ann', publicKey: keyOf('a') },
          { name: 'Bob', publicKey: keyOf('a') },
        ],
      },
    ],
    ['', { surprise: 1 }],
  ])('is refused with the field %j named', (field, change) => {
    const error = refused(() => parseTenderSpec({ ...specJson, ...change }), 'TENDER_MALFORMED');
    expect(error.facts['field']).toBe(field);
    expect(error.message).toContain(field);
  });

  it.each(['title', 'direction', 'rule', 'currency', 'decimals', 'ceiling', 'tieBreak'])(
    'needs %s',
    (field) => {
      const error = refused(() => parseTenderSpec(without(field)), 'TENDER_MALFORMED');
      expect(error.facts['field']).toBe(field);
      expect(error.message).toContain('is missing');
      const empty = refused(() => parseTenderSpec({ ...specJson, [field]: null }), 'TENDER_MALFORMED');
      expect(empty.message).not.toContain('is missing');
    },
  );

  it.each([null, 7, 'text', [], undefined])('is no %j', (json) => {
    refused(() => parseTenderSpec(json), 'TENDER_MALFORMED');
  });

  it('names an unknown field', () => {
    expect(
      refused(() => parseTenderSpec({ ...specJson, reservePrice: '1' }), 'TENDER_MALFORMED').message,
    ).toContain('"reservePrice"');
  });

  it('has every lot once, and amounts that are amounts', () => {
    const lots = [
      { id: 'A', title: 'x' },
      { id: 'A', title: 'y' },
    ];
    expect(refused(() => parseTenderSpec({ ...specJson, lots }), 'LOT_DUPLICATE').facts['field']).toBe(
      'lots[1].id',
    );
    const field = (change: object, code: Parameters<typeof refused>[1]) =>
      refused(() => parseTenderSpec({ ...specJson, ...change }), code).facts['field'];
    expect(field({ ceiling: '1e6' }, 'AMOUNT_MALFORMED')).toBe('ceiling');
    expect(field({ ceiling: '-1' }, 'AMOUNT_NEGATIVE')).toBe('ceiling');
    expect(field({ reserve: '1.001' }, 'AMOUNT_TOO_PRECISE')).toBe('reserve');
    expect(field({ ceiling: '184467440737095516.16' }, 'AMOUNT_TOO_LARGE')).toBe('ceiling');
  });
});

describe('a tender', () => {
  let made: Fixture;
  beforeAll(async () => {
    made = await fixture();
  });

  it('survives the wire with the same id and exact terms', () => {
    const { id, terms } = checkTender(overTheWire(made.signed));
    expect(id).toBe(made.id);
    expect(id).toHaveLength(43);
    expect(terms).toMatchObject({
      id,
      direction: 'lowest',
      bits: 27,
      ceiling: 100_000_000n,
      reserve: 80_000_000n,
      closesAt: Date.parse('2027-03-01T12:00:00Z'),
      lots: ['A', 'B'],
    });
  });

  it('takes a ceiling of 64 bits', async () => {
    expect((await fixture({ ceiling: '184467440737095516.15' })).terms.bits).toBe(64);
  });

  it('is refused when anything in it changes after signing', () => {
    const { tender } = made.signed;
    const other = made.parties[1].signingKey;
    const changes: object[] = [
      { spec: { ...tender.spec, reserve: '800000.01' } },
      { spec: { ...tender.spec, tieBreak: 'lottery' } },
      {
        parties: [
          { ...tender.parties[0], signingKey: keyOf('intruder') },
          tender.parties[1],
          tender.parties[2],
        ],
      },
      { parties: [{ ...tender.parties[0], sealingKey: other }, tender.parties[1], tender.parties[2]] },
      { auctioneer: keyOf('intruder') },
      { nonce: 'AAAAAAAAAAAAAAAAAAAAAA' },
    ];
    for (const change of changes) {
      refused(() => checkTender({ ...made.signed, tender: { ...tender, ...change } }), 'TENDER_SIGNATURE');
    }
  });

  it('has another id with another nonce', () => {
    const { tender } = made.signed;
    const again = createTender(tender.spec, made.parties, auctioneerSeed, new Uint8Array(16));
    expect(checkTender(again).id).not.toBe(made.id);
  });

  it('gives no operator two seats and every party its index', () => {
    const { spec } = made.signed.tender;
    const [zero, one, two] = made.parties;
    const attempt = (parties: typeof made.parties) =>
      refused(() => createTender(spec, parties, auctioneerSeed, new Uint8Array(16)), 'TENDER_MALFORMED')
        .facts['field'];
    expect(attempt([zero, { ...one, signingKey: zero.signingKey }, two])).toBe(
      'tender.parties[1].signingKey',
    );
    expect(attempt([zero, one, { ...two, sealingKey: zero.sealingKey }])).toBe(
      'tender.parties[2].sealingKey',
    );
    expect(attempt([one, zero, two])).toBe('tender.parties[0].index');
  });

  it('is a strict document', () => {
    refused(() => checkTender({ ...made.signed, note: 'x' }), 'TENDER_MALFORMED');
    refused(
      () => checkTender({ ...made.signed, signature: `${made.signed.signature}=` }),
      'TENDER_MALFORMED',
    );
    const tender = { ...made.signed.tender, protocol: 'tacit/2' };
    expect(refused(() => checkTender({ ...made.signed, tender }), 'TENDER_MALFORMED').facts['field']).toBe(
      'tender.protocol',
    );
    refused(
      () => createTender(made.signed.tender.spec, made.parties, auctioneerSeed, new Uint8Array(8)),
      'TENDER_MALFORMED',
    );
  });

  it('signed without its defaults is refused: nothing signed depends on a default', () => {
    const { minimumBids: _, ...spec } = made.signed.tender.spec;
    const tender = { ...made.signed.tender, spec };
    const signature = signDocument('tender', tender, signerOf(auctioneerSeed));
    refused(() => checkTender({ tender, signature }), 'TENDER_MALFORMED');
  });
});

describe('a closing order', () => {
  let made: Fixture;
  beforeAll(async () => {
    made = await fixture();
  });

  it('is accepted from the auctioneer alone, and for its tender alone', async () => {
    const order = createCloseOrder(made.id, auctioneerSeed);
    expect(checkCloseOrder(overTheWire(order), made.signed)).toEqual(order);
    refused(
      () => checkCloseOrder(createCloseOrder(made.id, seedOf('party 0')), made.signed),
      'CLOSE_UNAUTHORISED',
    );
    const other = await fixture({ title: 'Another tender' });
    refused(() => checkCloseOrder(order, other.signed), 'CLOSE_OTHER_TENDER');
    refused(() => checkCloseOrder({ ...order, tender: other.id }, other.signed), 'CLOSE_UNAUTHORISED');
    refused(() => checkCloseOrder({ ...order, when: 1 }, made.signed), 'CLOSE_MALFORMED');
  });

  it('is not the signature of another kind of document', () => {
    const body: { kind: string; tender: TenderId } = { kind: 'close', tender: made.id };
    const signature = signDocument('outcome', body, signerOf(auctioneerSeed));
    refused(() => checkCloseOrder({ ...body, signature }, made.signed), 'CLOSE_UNAUTHORISED');
  });
});
