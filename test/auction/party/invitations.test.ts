/**
 * Bidders with links at three parties: what the auctioneer, who made the links, can do and cannot, at intake, at the
 * closing and with the help of one corrupt party.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import type { ClosingList } from '../../../auction/closing-list.ts';
import { findEvidence, type SignedDocuments } from '../../../auction/evidence-search.ts';
import { type Invitation, invitationKeyOf, invitationTo, inviteKey } from '../../../auction/invitation.ts';
import { inviteBidders } from '../../../auction/invite-bidders.ts';
import { runAuctionInProcess } from '../../../auction/party/in-process.ts';
import { MemoryStore } from '../../../auction/party/memory-store.ts';
import { nodeSignatures } from '../../../auction/party/signatures-node.ts';
import type { NameClaim } from '../../../auction/party/store.ts';
import { createWithdrawal, type Submission } from '../../../auction/submission.ts';
import type { TenderId } from '../../../auction/tender.ts';
import type { PartyIndex } from '../../../mpc/party.ts';
import {
  type AuctionWorld,
  codesOf,
  DEFAULT_SPEC,
  openWorld,
  partyKeys,
  random,
} from '../../support/auction-world.ts';

const seeds = { Ann: random(32), Bob: random(32) };
const zedSecretKey = random(32);

let world: AuctionWorld;

beforeEach(async () => {
  world = await openWorld({
    spec: {
      bidders: [
        { name: 'Ann', invitation: invitationKeyOf(seeds.Ann, nodeSignatures) },
        { name: 'Bob', invitation: invitationKeyOf(seeds.Bob, nodeSignatures) },
        { name: 'Zed', publicKey: invitationKeyOf(zedSecretKey, nodeSignatures) },
      ],
    },
  });
});

const linkOf = (bidder: keyof typeof seeds): Invitation => invitationTo(world.id, bidder, seeds[bidder]);

/** By the link, with the bidder's own key or another one. */
function bidByLink(
  bidder: keyof typeof seeds,
  amount: bigint,
  { version = 1, secretKey = world.bidderSecretKey(bidder) } = {},
): Promise<Submission> {
  const invitation = inviteKey(linkOf(bidder), nodeKeyOf(secretKey), nodeSignatures);
  return world.bid(bidder, amount, { version, secretKey, invitation });
}

const nodeKeyOf = (secretKey: Uint8Array) => invitationKeyOf(secretKey, nodeSignatures);

const withdrawalByLink = (bidder: keyof typeof seeds, version: number) =>
  world.withdrawal(
    bidder,
    version,
    '1',
    inviteKey(linkOf(bidder), nodeKeyOf(world.bidderSecretKey(bidder)), nodeSignatures),
  );

const codesAt = async (submission: unknown) =>
  codesOf(await Promise.allSettled(world.parties.map((party) => party.submit(world.id, submission))));

const everywhere = (code: string) => [code, code, code];

describe('at all three parties', () => {
  test('links and listed keys bid side by side, amend, withdraw, and win', async () => {
    await world.submit(await bidByLink('Ann', 70n));
    await world.submit(await bidByLink('Bob', 40n));
    await world.submit(await bidByLink('Ann', 60n, { version: 2 }));
    await world.submit(await world.bid('Zed', 65n, { secretKey: zedSecretKey }));
    const [receipt] = await world.submit(withdrawalByLink('Bob', 2));
    expect(receipt).toMatchObject({ bidder: 'Bob', version: 2 });
    await world.closeAll();
    const [report] = await world.clearAll();
    expect(report?.outcome.statement.lots).toMatchObject([
      { winner: 'Ann', winnerKey: nodeKeyOf(world.bidderSecretKey('Ann')), price: '65' },
    ]);
  });

  test('nobody bids under an invited name without the link, and no refusal takes the name', async () => {
    expect(await codesAt(await world.bid('Ann', 5n))).toEqual(everywhere('BIDDER_INVITATION_MISSING'));
    const ownInvitation = inviteKey(
      invitationTo(world.id, 'Ann', seeds.Bob),
      nodeKeyOf(world.bidderSecretKey('Ann')),
    );
    const withOther = await world.bid('Ann', 5n, { invitation: ownInvitation });
    expect(await codesAt(withOther)).toEqual(everywhere('BIDDER_INVITATION'));
    for (const store of world.stores) expect(await store.nameHolder(world.id, 'Ann')).toBeUndefined();
    expect(await codesAt(await bidByLink('Ann', 5n))).toEqual(everywhere('fulfilled'));
  });

  test('an invitation of another tender with the same list lets nobody in here', async () => {
    const other = await openWorld({ spec: { bidders: world.tender.terms.spec.bidders } });
    const secretKey = random(32);
    const invitation = inviteKey(invitationTo(other.id, 'Ann', seeds.Ann), nodeKeyOf(secretKey));
    expect(await codesAt(await world.bid('Ann', 5n, { secretKey, invitation }))).toEqual(
      everywhere('BIDDER_INVITATION'),
    );
  });

  test('a link lets one key bid: a second key with it, the auctioneer included, finds the name taken', async () => {
    await world.submit(await bidByLink('Ann', 70n));
    const secretKey = random(32);
    for (const version of [1, 2, 9]) {
      expect(await codesAt(await bidByLink('Ann', 1n, { version, secretKey }))).toEqual(
        everywhere('BIDDER_NAME_TAKEN'),
      );
    }
    await world.closeAll();
    const [report] = await world.clearAll();
    expect(report?.outcome.statement.liveBids).toEqual([{ lot: '1', count: 1 }]);
    expect(report?.outcome.statement.lots).toMatchObject([{ winner: 'Ann', price: '70' }]);
  });

  test('the auctioneer cannot withdraw with the link what the bidder bid', async () => {
    await world.submit(await bidByLink('Ann', 70n));
    const secretKey = random(32);
    const withdrawal = createWithdrawal({
      terms: world.tender.terms,
      lot: '1',
      bidder: 'Ann',
      bidderSecretKey: secretKey,
      version: 2,
      invitation: inviteKey(linkOf('Ann'), nodeKeyOf(secretKey), nodeSignatures),
    });
    expect(await codesAt(withdrawal)).toEqual(everywhere('BIDDER_NAME_TAKEN'));
  });

  test('an invitation that was seen on the way is of no use with another key', async () => {
    const seen = await bidByLink('Ann', 70n);
    const replay = await world.bid('Ann', 1n, { secretKey: random(32), invitation: seen.invitation });
    expect(await codesAt(replay)).toEqual(everywhere('BIDDER_INVITATION'));
    expect(await codesAt(seen)).toEqual(everywhere('fulfilled'));
    expect(await codesAt(seen)).toEqual(everywhere('fulfilled'));
  });

  test('a link that somebody else used first is noticed by the bidder', async () => {
    await world.submit(await bidByLink('Ann', 1n, { secretKey: random(32) }));
    expect(await codesAt(await bidByLink('Ann', 70n))).toEqual(everywhere('BIDDER_NAME_TAKEN'));
  });
});

describe('at the closing', () => {
  test('one party where the link was used first neither adds a bid nor keeps one out', async () => {
    const secretKey = random(32);
    const earlier = await bidByLink('Ann', 1n, { secretKey });
    const bid = await bidByLink('Ann', 70n);
    const receipts = [...(await world.submit(earlier, [2])), ...(await world.submit(bid, [0, 1]))];
    await expect(world.parties[2].submit(world.id, bid)).rejects.toMatchObject({ code: 'BIDDER_NAME_TAKEN' });
    await world.closeAll();
    const reports = await world.clearAll();
    for (const { outcome } of reports) {
      expect(outcome.statement.liveBids).toEqual([{ lot: '1', count: 1 }]);
      expect(outcome.statement.lots).toMatchObject([
        { winner: 'Ann', winnerKey: nodeKeyOf(world.bidderSecretKey('Ann')), price: '70' },
      ]);
    }
    const documents = { ...NOTHING, lists: await postedLists(), receipts, submissions: [earlier, bid] };
    expect(findEvidence(documents, world.tender, nodeSignatures)).toEqual([]);
  });

  test('with a corrupt party the auctioneer adds a bid at most, and the list of that party proves it', async () => {
    const CORRUPT: PartyIndex = 1;
    const store = new NameSharingStore();
    world.parties[CORRUPT] = world.start(CORRUPT, { store });
    await world.parties[CORRUPT].publishTender(world.tender.signed);
    const [secretKey, bid] = [random(32), await bidByLink('Ann', 70n)];
    await world.submit(bid, [0, CORRUPT]);
    await world.submit(await bidByLink('Ann', 90n, { secretKey, version: 2 }), [2, CORRUPT]);
    await world.closeAll();
    const [report] = await world.clearAll();
    expect(report?.outcome.statement.liveBids).toEqual([{ lot: '1', count: 2 }]);
    expect(report?.outcome.statement.lots).toMatchObject([
      { winner: 'Ann', winnerKey: nodeKeyOf(world.bidderSecretKey('Ann')), price: '90' },
    ]);
    const lists = await postedLists();
    const proofs = findEvidence({ ...NOTHING, lists }, world.tender, nodeSignatures);
    expect(proofs.map(({ verdict }) => verdict)).toMatchObject([
      { party: CORRUPT, fault: 'list-breaks-rules', sentence: expect.stringContaining('two keys of Ann') },
    ]);
  });
});

/** Of all three parties. */
function postedLists(): Promise<ClosingList[]> {
  return Promise.all(
    world.channels.map(async (channel) => {
      const said = await channel.recall(`${world.id}/closing`, 'list');
      return JSON.parse(new TextDecoder().decode(said));
    }),
  );
}

const NOTHING: SignedDocuments = {
  lists: [],
  messages: [],
  outcomes: [],
  hellos: [],
  receipts: [],
  submissions: [],
};

/** Of a party that gives one name to everybody who asks. */
class NameSharingStore extends MemoryStore {
  override async claimName(_id: TenderId, _bidder: string, bidderKey: string): Promise<NameClaim> {
    return { holder: bidderKey, first: true };
  }
}

describe('a whole auction from what the auctioneer wrote', () => {
  const written = {
    ...DEFAULT_SPEC,
    bidders: [
      { name: 'Ann', invite: true },
      { name: 'Bob', publicKey: nodeKeyOf(zedSecretKey) },
      { name: 'Cid', invite: true },
    ],
  };
  const bids = [
    { bidder: 'Ann', lot: '1', amount: 70n },
    { bidder: 'Bob', lot: '1', amount: 50n },
    { bidder: 'Cid', lot: '1', amount: 40n },
    { bidder: 'Ann', lot: '1', amount: 30n },
    { bidder: 'Cid', lot: '1', amount: 'withdraw' },
  ] as const;

  test('is cleared with invitations made for it, and not without them', async () => {
    const inviting = inviteBidders(written, random, nodeSignatures);
    expect(inviting.invited).toEqual(['Ann', 'Cid']);
    const bidderSecretKeys = new Map([['Bob', zedSecretKey]]);
    const options = {
      bids,
      bidderSecretKeys,
      protocol: 'verified',
      random,
      keys: await partyKeys(),
    } as const;
    const { lots, liveBids } = await runAuctionInProcess({ ...options, ...inviting });
    expect([lots, liveBids]).toMatchObject([[{ winner: 'Ann', price: '50' }], [{ count: 2 }]]);
    const { spec } = inviting;
    await expect(runAuctionInProcess({ ...options, spec })).rejects.toMatchObject({
      code: 'BIDDER_INVITATION_MISSING',
    });
  });

  test('invites nobody for other entries, which the form of a specification refuses', () => {
    for (const entry of [
      { name: 'Ann', invite: false },
      { name: 'Ann', invite: 'true' },
      { name: 'Ann', invite: true, publicKey: nodeKeyOf(zedSecretKey) },
      { name: '', invite: true },
      { invite: true },
      'Ann',
    ]) {
      const bidders = [...written.bidders, entry];
      expect(() => inviteBidders({ ...written, bidders }, random)).toThrow(
        /^TENDER_MALFORMED: .*bidders\[3\]/,
      );
    }
    const twice = [...written.bidders, { name: 'Ann', invite: true }];
    expect(() => inviteBidders({ ...written, bidders: twice }, random)).toThrow(
      /bidders\[3\]\.name is listed twice/,
    );
    expect(() => inviteBidders('tender', random)).toThrow(/^TENDER_MALFORMED/);
  });
});
