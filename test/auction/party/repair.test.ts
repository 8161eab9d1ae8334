/** Shares that travel from the neighbours to a party whose envelope was bad. */

import { beforeAll, describe, expect, test } from 'vitest';
import { toBase64url } from '../../../auction/canonical.ts';
import { committedShare, type SharePair, sharePair } from '../../../auction/commitment.ts';
import type { Repair } from '../../../auction/party/closing-messages.ts';
import { makeParcels, openParcels, type Requests } from '../../../auction/party/repair.ts';
import { openEnvelope } from '../../../auction/sealed-bid.ts';
import { type SealedBid, submissionHash } from '../../../auction/submission.ts';
import { nextParty, PARTIES, type PartyIndex, previousParty } from '../../../mpc/party.ts';
import { type AuctionWorld, openWorld, random } from '../../support/auction-world.ts';

const root = toBase64url(random(32));
let world: AuctionWorld;
let sealed: SealedBid;
let hash: string;

beforeAll(async () => {
  world = await openWorld();
  sealed = (await world.bid('Ann', 321n)) as SealedBid;
  hash = submissionHash(sealed);
});

function contextOf(party: PartyIndex, over: { readonly root?: string } = {}) {
  return { terms: world.tender.terms, parties: world.records, keys: world.keys[party], root, ...over };
}

function sharesOf(party: PartyIndex): Promise<SharePair> {
  const { sealing } = world.keys[party];
  return openEnvelope({ sealed, terms: world.tender.terms, party, sealingKeyPair: sealing });
}

/** What `from` posts for whoever asked for the bid, out of these shares. */
async function repairBy(
  from: PartyIndex,
  asker: PartyIndex,
  shares: SharePair | undefined,
  over: { readonly root?: string } = {},
): Promise<Repair> {
  const requests: Requests = new Map([[asker, [hash, 'no bid']]]);
  const held = new Map(shares === undefined ? [] : [[hash, shares] as const]);
  const parcels = await makeParcels(contextOf(from, over), requests, held);
  return { kind: 'closing-repair', tender: world.id, party: from, root, parcels, signature: '' };
}

async function repairsFor(asker: PartyIndex): Promise<[Repair, Repair, Repair]> {
  const by = async (from: PartyIndex) => repairBy(from, asker, await sharesOf(from));
  return [await by(0), await by(1), await by(2)];
}

function open(asker: PartyIndex, repairs: readonly [Repair, Repair, Repair]) {
  return openParcels(contextOf(asker), repairs, [{ submission: hash, sealed }]);
}

describe('repair', () => {
  test('gives every party exactly the shares that its envelope should have held', async () => {
    for (const asker of PARTIES) {
      const repaired = (await open(asker, await repairsFor(asker))).get(hash);
      const expected = await sharesOf(asker);
      expect(repaired?.first.share).toEqual(expected.first.share);
      expect(repaired?.second.share).toEqual(expected.second.share);
      expect(repaired?.second.salt).toEqual(expected.second.salt);
    }
  });

  test('sends nothing to who did not ask, and to who asked one share of the two it lacks', async () => {
    const { parcels } = await repairBy(0, 1, await sharesOf(0));
    expect(parcels.map(({ to }) => to)).toEqual([1]);
  });

  test('fails on a wrong share of either neighbour, naming it', async () => {
    for (const liar of [previousParty(1), nextParty(1)]) {
      const repairs = await repairsFor(1);
      const { first, second } = await sharesOf(liar);
      const wrong = sharePair(
        committedShare(second.share, first.salt),
        committedShare(first.share, second.salt),
      );
      repairs[liar] = await repairBy(liar, 1, wrong);
      await expect(open(1, repairs)).rejects.toMatchObject({
        code: 'CLOSING_REPAIR_FAILED',
        facts: { party: liar, bidder: 'Ann' },
      });
    }
  });

  test('fails where a neighbour leaves its share out', async () => {
    const repairs = await repairsFor(1);
    repairs[2] = await repairBy(2, 1, undefined);
    await expect(open(1, repairs)).rejects.toMatchObject({
      code: 'CLOSING_REPAIR_FAILED',
      facts: { party: 2 },
    });
  });

  test('fails on a parcel for another closing set, from another party, or for another party', async () => {
    const otherRoot = await repairsFor(1);
    otherRoot[0] = await repairBy(0, 1, await sharesOf(0), { root: toBase64url(random(32)) });
    await expect(open(1, otherRoot)).rejects.toMatchObject({ code: 'CLOSING_REPAIR_FAILED' });
    const swapped = await repairsFor(1);
    [swapped[0], swapped[2]] = [swapped[2], swapped[0]];
    await expect(open(1, swapped)).rejects.toMatchObject({ code: 'CLOSING_REPAIR_FAILED' });
    const readdressed = await repairsFor(2);
    const parcels = readdressed[0].parcels.map((parcel) => ({ ...parcel, to: 1 as const }));
    readdressed[0] = { ...readdressed[0], parcels };
    await expect(open(1, readdressed)).rejects.toMatchObject({ code: 'CLOSING_REPAIR_FAILED' });
  });
});
