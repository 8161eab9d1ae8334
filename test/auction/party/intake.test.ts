/** What a party takes in and what it refuses, one test for each refusal, and that refusals leave no trace. */

import { beforeEach, describe, expect, test } from 'vitest';
import { envelopeInfo, sealToParty } from '../../../auction/envelope.ts';
import { generateThreePartyKeys } from '../../../auction/party/in-process.ts';
import { partyRecordOf } from '../../../auction/party/keys.ts';
import { nodeSignatures } from '../../../auction/party/signatures-node.ts';
import type { AuctionStore } from '../../../auction/party/store.ts';
import { checkReceipt } from '../../../auction/receipt.ts';
import { signDocument, signerOf } from '../../../auction/signature.ts';
import type { SealedBid, Submission } from '../../../auction/submission.ts';
import { createTender } from '../../../auction/tender.ts';
import { concatBytes, frame } from '../../../mpc/bytes.ts';
import { type AuctionWorld, openWorld, random } from '../../support/auction-world.ts';

let world: AuctionWorld;

beforeEach(async () => {
  world = await openWorld({ spec: { closesAt: '1970-01-01T00:01:00Z' } });
});

/** A sealed bid changed by the bidder itself, so properly signed. */
function resigned(bid: Submission, change: Partial<SealedBid>, bidder = bid.bidder): Submission {
  const { signature: _, ...body } = { ...(bid as SealedBid), ...change };
  const signer = signerOf(world.bidderSecretKey(bidder), nodeSignatures);
  return { ...body, signature: signDocument('bid', body, signer) };
}

async function expectRefusal(json: unknown, code: string): Promise<void> {
  const before = await contentOf(world.stores[0]);
  await expect(world.parties[0].submit(world.id, json)).rejects.toMatchObject({ code });
  expect(await contentOf(world.stores[0])).toEqual(before);
}

async function contentOf(store: AuctionStore) {
  const names = await Promise.all(['Ann', 'Bob', 'Eve'].map((name) => store.nameHolder(world.id, name)));
  return { submissions: await store.submissions(world.id), names, state: await store.state(world.id) };
}

describe('intake', () => {
  test('answers a bid with a receipt that the bidder can check, and the same bid with the same one', async () => {
    const bid = await world.bid('Ann', 70n);
    const receipts = await world.submit(bid);
    for (const [party, receipt] of receipts.entries()) {
      const context = { terms: world.tender.terms, parties: world.records, submission: bid };
      expect(checkReceipt(receipt, context).party).toBe(party);
    }
    world.clock.advance(500);
    expect(await world.submit(bid)).toEqual(receipts);
    expect(await world.stores[0].submissions(world.id)).toHaveLength(1);
  });

  test('gives a bidder whose answer got lost its receipt after the deadline and after the closing', async () => {
    const bid = await world.bid('Ann', 70n);
    const receipts = await world.submit(bid);
    world.clock.advance(120_000);
    expect(await world.submit(bid)).toEqual(receipts);
    await world.clearAll();
    expect(await world.submit(bid)).toEqual(receipts);
    await expect(world.submit(await world.bid('Ann', 60n, { version: 2 }))).rejects.toMatchObject({
      code: 'BID_AFTER_DEADLINE',
    });
  });

  test('takes amendments, withdrawals, and bids after a withdrawal', async () => {
    await world.submit(await world.bid('Ann', 70n));
    await world.submit(await world.bid('Ann', 60n, { version: 2 }));
    const [receipt] = await world.submit(world.withdrawal('Ann', 3));
    expect(receipt).toMatchObject({ version: 3, bidder: 'Ann' });
    await world.submit(await world.bid('Ann', 50n, { version: 7 }));
    expect(await world.stores[0].submissions(world.id)).toHaveLength(4);
  });

  test('refuses what is no submission, without repeating it', async () => {
    const secret = '123456789123456789';
    for (const json of [
      undefined,
      null,
      'bid',
      [],
      {},
      { ...(await world.bid('Ann', 5n)), amount: secret },
    ]) {
      const error = await world.parties[0].submit(world.id, json).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'BID_MALFORMED' });
      expect(String(error)).not.toContain(secret);
    }
  });

  test('refuses an unknown tender', async () => {
    const other = await openWorld();
    await expect(world.parties[0].submit(other.id, await other.bid('Ann', 5n))).rejects.toMatchObject({
      code: 'TENDER_UNKNOWN',
    });
  });

  test('refuses a bid for another tender', async () => {
    const other = await openWorld();
    await expectRefusal(await other.bid('Ann', 5n), 'BID_OTHER_TENDER');
  });

  test('refuses an unknown lot', async () => {
    await expectRefusal(resigned(await world.bid('Ann', 5n), { lot: 'none' }), 'LOT_UNKNOWN');
  });

  test('refuses a bid that somebody else signed or changed', async () => {
    const bid = await world.bid('Ann', 5n);
    await expectRefusal({ ...bid, version: 2 }, 'BID_SIGNATURE');
    await expectRefusal(resigned(bid, {}, 'Eve'), 'BID_SIGNATURE');
  });

  test('refuses a name that another key uses, before and after the first bid of that key', async () => {
    await world.submit(await world.bid('Ann', 5n));
    await expectRefusal(
      await world.bid('Ann', 4n, { version: 9, secretKey: random(32) }),
      'BIDDER_NAME_TAKEN',
    );
    await expectRefusal(
      await world.bid('Ann', 4n, { version: 1, secretKey: random(32) }),
      'BIDDER_NAME_TAKEN',
    );
  });

  test('refuses the withdrawal of another key, whose name is taken', async () => {
    await world.submit(await world.bid('Ann', 5n));
    const { signature: _, ...body } = world.withdrawal('Ann', 2);
    const stranger = signerOf(random(32), nodeSignatures);
    const withdrawal = { ...body, bidderKey: stranger.publicKey };
    const signature = signDocument('withdrawal', withdrawal, stranger);
    await expectRefusal({ ...withdrawal, signature }, 'BIDDER_NAME_TAKEN');
  });

  test('takes no name for a bid that does not open', async () => {
    const bid = (await world.bid('Ann', 5n)) as SealedBid;
    const [first, second, third] = bid.envelopes;
    const squatter = resigned(bid, { envelopes: [second, first, third] });
    await expect(world.parties[0].submit(world.id, squatter)).rejects.toMatchObject({
      code: 'ENVELOPE_UNREADABLE',
    });
    expect(await world.stores[0].nameHolder(world.id, 'Ann')).toBeUndefined();
    await world.submit(await world.bid('Ann', 4n, { secretKey: random(32) }));
  });

  test('takes a bid again that stopped between its name and its write', async () => {
    const bid = await world.bid('Ann', 5n);
    const store = overriding(world.stores[0], {
      putSubmission: async () => {
        throw new Error('the process is gone');
      },
    });
    await expect(world.start(0, { store }).submit(world.id, bid)).rejects.toThrow('gone');
    expect(await world.start(0).submit(world.id, bid)).toMatchObject({ bidder: 'Ann', version: 1 });
  });

  test('gives one of two keys that race for a name no receipt', async () => {
    const bids = [await world.bid('Ann', 4n, { secretKey: random(32) }), await world.bid('Ann', 5n)];
    const settled = await Promise.allSettled(bids.map((bid) => world.parties[0].submit(world.id, bid)));
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = settled.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'BIDDER_NAME_TAKEN' });
    expect(await world.stores[0].submissions(world.id)).toHaveLength(1);
  });

  test('refuses versions that do not go up, and another bid of the same version', async () => {
    await world.submit(await world.bid('Ann', 5n, { version: 3 }));
    await expectRefusal(await world.bid('Ann', 4n, { version: 2 }), 'BID_VERSION_REPLAYED');
    await expectRefusal(await world.bid('Ann', 4n, { version: 3 }), 'BID_VERSION_REPLAYED');
    await expectRefusal(world.withdrawal('Ann', 3), 'BID_VERSION_REPLAYED');
  });

  test('refuses the replay of a submission that a later one replaced', async () => {
    const first = await world.bid('Ann', 5n);
    const second = await world.bid('Ann', 4n, { version: 2 });
    await world.submit(first);
    const receipts = await world.submit(second);
    await expectRefusal(first, 'BID_VERSION_REPLAYED');
    expect(await world.submit(second)).toEqual(receipts);
    await world.submit(world.withdrawal('Ann', 3));
    await expectRefusal(second, 'BID_VERSION_REPLAYED');
  });

  test('keeps one of two different bids of one version that race', async () => {
    const bids = [await world.bid('Ann', 4n), await world.bid('Ann', 5n)];
    const settled = await Promise.allSettled(bids.map((bid) => world.parties[0].submit(world.id, bid)));
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = settled.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'BID_VERSION_REPLAYED' });
  });

  test('gives one receipt to a bid that is sent twice at once', async () => {
    const bid = await world.bid('Ann', 4n);
    const [first, second] = await Promise.all([
      world.parties[0].submit(world.id, bid),
      world.start(0).submit(world.id, bid),
    ]);
    expect(second).toEqual(first);
  });

  test('refuses a withdrawal without a bid that stands', async () => {
    await expectRefusal(world.withdrawal('Ann', 1), 'WITHDRAWAL_WITHOUT_BID');
    await world.submit(await world.bid('Ann', 5n));
    await world.submit(world.withdrawal('Ann', 2));
    await expectRefusal(world.withdrawal('Ann', 3), 'WITHDRAWAL_WITHOUT_BID');
  });

  test('refuses an envelope that is not for this party or this bid', async () => {
    const bid = (await world.bid('Ann', 5n)) as SealedBid;
    const [first, second, third] = bid.envelopes;
    await expectRefusal(resigned(bid, { envelopes: [second, first, third] }), 'ENVELOPE_UNREADABLE');
    const other = (await world.bid('Bob', 5n)) as SealedBid;
    await expectRefusal(resigned(bid, { envelopes: other.envelopes }), 'ENVELOPE_UNREADABLE');
    await expectRefusal(resigned(bid, { version: 2 }), 'ENVELOPE_UNREADABLE');
  });

  test('refuses shares that do not open the commitments, or are too wide', async () => {
    const bid = (await world.bid('Ann', 5n)) as SealedBid;
    const sealedShares = async (topByte: number): Promise<Submission> => {
      const { lot, bidder, bidderKey, version, commitments } = bid;
      const half = concatBytes([Uint8Array.of(1, topByte), random(32)]);
      const envelope = await sealToParty(
        world.records[0].sealingKey,
        envelopeInfo(world.id, 0),
        frame(lot, bidder, bidderKey, String(version), ...commitments),
        concatBytes([half, half]),
      );
      return resigned(bid, { envelopes: [envelope, bid.envelopes[1], bid.envelopes[2]] });
    };
    await expectRefusal(await sealedShares(3), 'COMMITMENT_MISMATCH');
    await expectRefusal(await sealedShares(4), 'SHARE_MALFORMED');
  });

  test('refuses a bidder that the tender does not list', async () => {
    const publicKey = signerOf(random(32), nodeSignatures).publicKey;
    world = await openWorld({ spec: { bidders: [{ name: 'Ann', publicKey }] } });
    await expectRefusal(await world.bid('Ann', 5n), 'BIDDER_NOT_ELIGIBLE');
  });

  test('refuses everything from the deadline on, by its own clock', async () => {
    const [bid, late] = [await world.bid('Ann', 5n), await world.bid('Bob', 5n)];
    world.clock.set(59_998);
    await world.submit(bid);
    world.clock.set(60_000);
    await expectRefusal(late, 'BID_AFTER_DEADLINE');
    await expectRefusal(await world.bid('Ann', 4n, { version: 2 }), 'BID_AFTER_DEADLINE');
  });

  test('refuses everything once closed', async () => {
    await world.closeAll();
    await expectRefusal(await world.bid('Ann', 5n), 'BID_AFTER_DEADLINE');
  });

  test('gives no receipt to a bid that was checked in time and written late', async () => {
    const bid = await world.bid('Ann', 5n);
    const store = overriding(world.stores[0], {
      claimName: async (...args: Parameters<AuctionStore['claimName']>) => {
        world.clock.set(60_000);
        return await world.stores[0].claimName(...args);
      },
    });
    await expect(world.start(0, { store }).submit(world.id, bid)).rejects.toMatchObject({
      code: 'BID_AFTER_DEADLINE',
    });
    expect(await world.stores[0].submissions(world.id)).toHaveLength(0);
  });

  test('gives no receipt to a bid whose write raced with the closing', async () => {
    const bid = await world.bid('Ann', 5n);
    const store = overriding(world.stores[0], {
      putSubmission: async (...args: Parameters<AuctionStore['putSubmission']>) => {
        await world.parties[0].close(world.id, world.closeOrder());
        return await world.stores[0].putSubmission(...args);
      },
    });
    await expect(world.start(0, { store }).submit(world.id, bid)).rejects.toMatchObject({
      code: 'BID_AFTER_DEADLINE',
    });
  });
});

describe('publishing and closing', () => {
  test('publishing again changes nothing', async () => {
    const published = await world.parties[0].publishTender(world.tender.signed);
    expect(published).toEqual({ id: world.id, record: world.records[0] });
    expect(await world.parties[0].tenders()).toEqual([world.id]);
    expect(await world.parties[0].tender(world.id)).toEqual({
      signed: world.tender.signed,
      state: { phase: 'open' },
    });
  });

  test('refuses a tender that names other keys of a party', async () => {
    const other = await openWorld();
    const strangers = await generateThreePartyKeys(random);
    const records = [world.records[0], world.records[1], partyRecordOf(strangers[2])] as const;
    const signed = createTender(other.tender.terms.spec, records, random(32), random(16));
    await expect(world.parties[0].publishTender(signed)).rejects.toMatchObject({
      code: 'TENDER_PARTIES_MISMATCH',
      facts: { party: 2 },
    });
    await expect(world.parties[0].tender(other.id)).rejects.toMatchObject({ code: 'TENDER_UNKNOWN' });
  });

  test('closes on the order of the auctioneer alone, once', async () => {
    const other = await openWorld();
    const forged = { ...world.closeOrder(), signature: other.closeOrder().signature };
    await expect(world.parties[0].close(world.id, forged)).rejects.toMatchObject({
      code: 'CLOSE_UNAUTHORISED',
    });
    await expect(world.parties[0].close(world.id, other.closeOrder())).rejects.toMatchObject({
      code: 'CLOSE_OTHER_TENDER',
    });
    const closed = await world.parties[0].close(world.id, world.closeOrder());
    expect(closed).toEqual({ phase: 'closing', closedAt: 1_000 });
    world.clock.advance(50);
    expect(await world.parties[0].close(world.id, world.closeOrder())).toEqual(closed);
  });

  test('does not clear before the deadline or an order, and has no outcome then', async () => {
    await expect(world.parties[0].clear(world.id)).rejects.toMatchObject({ code: 'CLOSE_BEFORE_DEADLINE' });
    await expect(world.parties[0].outcome(world.id)).rejects.toMatchObject({
      code: 'OUTCOME_NOT_READY',
      facts: { phase: 'open' },
    });
  });
});

function overriding(store: AuctionStore, methods: Partial<AuctionStore>): AuctionStore {
  return new Proxy(store, {
    get(target, name) {
      const method = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}
