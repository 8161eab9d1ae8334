/** A bidder's session: sealed once, sent until it is received, saved and opened again. */

import { beforeAll, describe, expect, test } from 'vitest';
import { checkBidFile, parseKeyFile, signingKeyFile } from '../../auction/bid-file.ts';
import { AuctionError } from '../../auction/errors.ts';
import { invitationKeyOf, invitationTo } from '../../auction/invitation.ts';
import { checkReceipt, createReceipt, type Receipt } from '../../auction/receipt.ts';
import { openEnvelope } from '../../auction/sealed-bid.ts';
import { checkSubmission, type Submission } from '../../auction/submission.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import { PartyClientError } from '../../client/party-client.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import type { BidLine } from '../../web/bid-form.ts';
import { BidSession } from '../../web/bid-session.ts';
import { progressView } from '../../web/progress-view.ts';
import { at, type Fixture, fixture, overTheWire, seededRandom, seedOf } from '../auction/fixture.ts';

let made: Fixture;
const zone = { locale: 'en-GB', timeZone: 'UTC' };

beforeAll(async () => {
  made = await fixture({
    lots: [
      { id: 'A', title: 'North' },
      { id: 'B', title: 'South' },
    ],
  });
});

const lines = (...amounts: readonly (readonly [lot: string, amount: bigint])[]): readonly BidLine[] =>
  amounts.map(([lot, amount]) => ({ lot, title: lot, amount, text: '', warning: undefined }));

/** Three parties that check what they get and sign receipts, as long as they are not told to be down. */
class Parties {
  readonly down = new Set<PartyIndex>();
  readonly received: { readonly party: PartyIndex; readonly submission: Submission }[] = [];
  readonly #tender: Fixture;
  /** Whose address leads to whom. */
  readonly address: [PartyIndex, PartyIndex, PartyIndex] = [0, 1, 2];

  constructor(tender = made) {
    this.#tender = tender;
  }

  async submitAt(index: PartyIndex, json: Submission, tender: CheckedTender): Promise<Receipt> {
    const party = this.address[index];
    await Promise.resolve();
    if (this.down.has(party)) {
      throw new PartyClientError({ code: 'PARTY_UNREACHABLE', detail: 'no answer', status: 0 }, '');
    }
    const submission = checkSubmission(overTheWire(json), tender.terms);
    const { parties, signers, sealing } = this.#tender;
    if (submission.kind === 'bid') {
      await openEnvelope({ sealed: submission, terms: tender.terms, party, sealingKeyPair: sealing[party] });
    }
    this.received.push({ party, submission });
    const receipt = createReceipt({ party, signer: signers[party], submission, receivedAt: at(1_000) });
    return checkReceipt(overTheWire(receipt), { terms: tender.terms, parties, submission });
  }
}

const sessionAt = (client: Parties, random = seededRandom('session')) =>
  new BidSession({ tender: made, client, random });
const quietly = () => {};

describe('a bid', () => {
  test('is sealed once and received by three; pressing again changes nothing', async () => {
    const parties = new Parties();
    const session = sessionAt(parties);
    await session.seal('Ann', lines(['A', 500n], ['B', 700n]));
    await Promise.all([session.send(quietly), session.send(quietly)]);
    await session.seal('Ann', lines(['A', 500n], ['B', 700n]));
    await session.send(quietly);
    expect(parties.received).toHaveLength(6);
    expect(progressView(session.deliveries, zone)).toMatchObject({ standing: 'complete', retry: [] });
    expect(session.file().bids).toHaveLength(2);
  });

  test('that a party did not get is sent to it again, the same, and counts with two receipts meanwhile', async () => {
    const parties = new Parties();
    const session = sessionAt(parties);
    parties.down.add(1);
    const seen: string[] = [];
    await session.seal('Ann', lines(['A', 500n]));
    await session.send(() => seen.push(progressView(session.deliveries, zone).standing));
    expect(seen[0]).toBe('sending');
    const partly = progressView(session.deliveries, zone);
    expect(partly).toMatchObject({ standing: 'counts', retry: [1] });
    expect(partly.rows[0]?.cells[1]).toMatchObject({ state: 'failed', code: 'PARTY_UNREACHABLE' });
    parties.down.clear();
    await session.send(quietly, 1);
    expect(progressView(session.deliveries, zone).standing).toBe('complete');
    expect(new Set(parties.received.map(({ submission }) => JSON.stringify(submission))).size).toBe(1);
  });

  test('with one receipt does not count, and says so', async () => {
    const parties = new Parties();
    parties.down.add(0).add(2);
    const session = sessionAt(parties);
    await session.seal('Ann', lines(['A', 500n]));
    await session.send(quietly);
    const view = progressView(session.deliveries, zone);
    expect(view).toMatchObject({ standing: 'does-not-count', retry: [0, 2] });
    expect(view.sentence).toMatch(/does not count yet.*1 of 2/);
  });

  test('with another amount is the next version, which alone is sent', async () => {
    const parties = new Parties();
    const session = sessionAt(parties);
    await session.seal('Ann', lines(['A', 500n]));
    await session.send(quietly);
    await session.seal('Ann', lines(['A', 400n]));
    expect(session.deliveries).toMatchObject([{ submission: { version: 2 } }]);
    await session.send(quietly);
    expect(parties.received.map(({ submission }) => submission.version)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  test('whose addresses are mixed up is received all the same, and the addresses are said', async () => {
    const parties = new Parties();
    parties.address.splice(0, 3, 1, 1, 2);
    const session = sessionAt(parties);
    await session.seal('Ann', lines(['A', 500n]));
    await session.send(quietly);
    const [row] = progressView(session.deliveries, zone).rows;
    expect(row?.cells.map(({ state }) => state)).toEqual(['failed', 'received', 'received']);
    expect(row?.cells[0]?.code).toBe('RECEIPT_MISMATCH');
  });
});

describe('the saved file', () => {
  test('holds no amount, is asked for until it was saved, and goes on where it left off', async () => {
    const parties = new Parties();
    parties.down.add(2);
    const session = sessionAt(parties);
    expect(session.unsaved).toBe(false);
    await session.seal('Ann', lines(['A', 4711n]));
    expect(session.unsaved).toBe(true);
    await session.send(quietly);
    const text = JSON.stringify(session.file());
    expect(text).not.toContain('4711');
    session.markSaved();
    expect(session.unsaved).toBe(false);

    parties.down.clear();
    const later = sessionAt(parties, seededRandom('another device'));
    later.restore(checkBidFile(JSON.parse(text), made));
    expect(later.publicKey).toBe(session.publicKey);
    await later.send(quietly);
    expect(progressView(later.deliveries, zone).standing).toBe('complete');
    await later.seal('somebody else', lines(['A', 4711n], ['B', 1n]));
    await later.send(quietly);
    expect(
      later.deliveries.map(({ submission: { lot, version, bidder } }) => [lot, version, bidder]),
    ).toEqual([
      ['A', 2, 'Ann'],
      ['B', 1, 'Ann'],
    ]);
    expect(parseKeyFile(later.file())).toEqual(parseKeyFile(later.file().key));
  });

  test('that was changed is refused with a code of its own', async () => {
    const session = sessionAt(new Parties());
    await session.seal('Ann', lines(['A', 500n]));
    await session.send(quietly);
    const file = session.file();
    const codeOf = (json: unknown, tender: CheckedTender = made) => {
      try {
        checkBidFile(json, tender);
      } catch (error) {
        return error instanceof AuctionError ? error.code : error;
      }
      return 'none';
    };
    expect(codeOf(file)).toBe('none');
    expect(codeOf({ ...file, kind: 'another' })).toBe('BID_FILE_MALFORMED');
    expect(codeOf({ ...file, bidder: 'Bea' })).toBe('BID_FILE_OTHER_BIDDER');
    const stranger = signingKeyFile(seedOf('stranger'));
    expect(codeOf({ ...file, key: stranger })).toBe('BID_FILE_OTHER_BIDDER');
    expect(codeOf({ ...file, key: { ...file.key, secretKey: stranger.secretKey } })).toBe('BID_FILE_KEY');
    const [kept] = file.bids;
    const forged = kept!.receipts.map((receipt) => ({ ...receipt, receivedAt: 1 }));
    expect(codeOf({ ...file, bids: [{ ...kept, receipts: forged }] })).toBe('RECEIPT_SIGNATURE');
    expect(codeOf(file, await fixture({ title: 'Another tender' }))).toBe('BID_OTHER_TENDER');
    expect(() => parseKeyFile({ kind: 'nothing' })).toThrow(/BID_FILE_MALFORMED/);
  });
});

test('an invited bidder bids with the link once, and with the file from then on', async () => {
  const seed = seedOf('link');
  const invited = await fixture({
    bidders: [{ name: 'Bea', invitation: invitationKeyOf(seed) }],
    minimumBids: 1,
  });
  const parties = new Parties(invited);
  const random = seededRandom('invited');
  const session = new BidSession({
    ...{ tender: invited, client: parties, random },
    invitation: invitationTo(invited.id, 'Bea', seed),
  });
  await session.seal('Bea', lines(['A', 500n]));
  await session.send(quietly);
  const later = new BidSession({ tender: invited, client: parties, random });
  later.restore(checkBidFile(overTheWire(session.file()), invited));
  expect(later.invited).toBe('Bea');
  await later.seal('Bea', lines(['A', 400n]));
  await later.send(quietly);
  expect(PARTIES.map((party) => parties.received.filter((one) => one.party === party).length)).toEqual([
    2, 2, 2,
  ]);
});
