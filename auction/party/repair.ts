/**
 * Repairing a bid whose envelope one party cannot open, from the neighbours' committed shares.
 *
 * A bidder may seal garbage to one party and still gather two receipts; its bid counts, and the third party
 * needs its two shares. Share p comes from the party before p, share p + 1 from the party after it: each holds
 * that share anyhow and showed by its receipt that it opens the commitment. They travel sealed to p by HPKE,
 * bound to tender, root, sender and receiver, and p checks each against the bidder's commitment, so a neighbour
 * can refuse but not cheat. A party that asks without need learns only what its own envelope holds.
 */

import * as z from 'zod/mini';
import { frame } from '../../mpc/bytes.ts';
import { nextParty, type PartyIndex, peersOf, previousParty } from '../../mpc/party.ts';
import { canonicalBytes, fromBase64url, PROTOCOL, toBase64url } from '../canonical.ts';
import { type CommittedShare, checkShare, committedShare, type SharePair, sharePair } from '../commitment.ts';
import { openAsParty, sealToParty } from '../envelope.ts';
import { AuctionError } from '../errors.ts';
import { bytesField, hashField, parseDocument } from '../fields.ts';
import { SALT_BYTES, type SealedBid, shareBytesOf } from '../submission.ts';
import type { PartyRecords, TenderTerms } from '../tender.ts';
import { MAX_PASSED_BIDS, parseJson, type Repair } from './closing-messages.ts';
import type { PartyKeys } from './keys.ts';

export interface RepairContext {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  readonly keys: PartyKeys;
  readonly root: string;
}

/** The hashes of the bids that each party asked for; hashes of no bid are passed over. */
export type Requests = ReadonlyMap<PartyIndex, readonly string[]>;

/** A bid whose shares this party asked for. */
export interface WantedBid {
  readonly submission: string;
  readonly sealed: SealedBid;
}

/**
 * The parcels for the peers that asked; shares that this party does not hold itself are left out.
 * @param shares by hash of the bid
 */
export async function makeParcels(
  { terms, parties, keys, root }: RepairContext,
  requests: Requests,
  shares: ReadonlyMap<string, SharePair>,
): Promise<Repair['parcels']> {
  const parcels: Repair['parcels'] = [];
  for (const to of peersOf(keys.index)) {
    const asked = requests.get(to) ?? [];
    if (asked.length === 0) continue;
    const openings = asked.flatMap((submission) => {
      const pair = shares.get(submission);
      if (pair === undefined) return [];
      const { share, salt } = to === nextParty(keys.index) ? pair.second : pair.first;
      return [{ submission, share: toBase64url(share), salt: toBase64url(salt) }];
    });
    const envelope = await sealToParty(
      parties[to].sealingKey,
      repairInfo(terms, keys.index, to),
      frame(root),
      canonicalBytes(openings),
    );
    parcels.push({ to, ...envelope });
  }
  return parcels;
}

/**
 * The shares this party asked for.
 * @param repairs of all parties in their order
 * @throws AuctionError CLOSING_REPAIR_FAILED naming the bid and the party that did not help
 */
export async function openParcels(
  repairContext: RepairContext,
  repairs: readonly [Repair, Repair, Repair],
  wanted: readonly WantedBid[],
): Promise<ReadonlyMap<string, SharePair>> {
  const { keys, terms } = repairContext;
  const before = previousParty(keys.index);
  const after = nextParty(keys.index);
  const fromBefore = await openingsFrom(repairContext, before, repairs[before]);
  const fromAfter = await openingsFrom(repairContext, after, repairs[after]);
  const repaired = new Map<string, SharePair>();
  for (const { submission, sealed } of wanted) {
    const first = checked(sealed, terms, keys.index, fromBefore.get(submission), before);
    const second = checked(sealed, terms, after, fromAfter.get(submission), after);
    repaired.set(submission, sharePair(first, second));
  }
  return repaired;
}

async function openingsFrom(
  { terms, keys, root }: RepairContext,
  from: PartyIndex,
  repair: Repair,
): Promise<ReadonlyMap<string, CommittedShare>> {
  const parcel = repair.parcels.find(({ to }) => to === keys.index);
  if (parcel === undefined) return new Map();
  const openingsSchema = z
    .array(
      z.strictObject({
        submission: hashField,
        share: bytesField(shareBytesOf(terms.bits)),
        salt: bytesField(SALT_BYTES),
      }),
    )
    .check(z.maxLength(MAX_PASSED_BIDS));
  try {
    const plaintext = await openAsParty(
      keys.sealing,
      repairInfo(terms, from, keys.index),
      frame(root),
      parcel,
    );
    const openings = parseDocument(
      openingsSchema,
      parseJson(plaintext),
      'CLOSING_MESSAGE_MALFORMED',
      'repair parcel',
    );
    return new Map(
      openings.map(({ submission, share, salt }) => [
        submission,
        committedShare(fromBase64url(share), fromBase64url(salt)),
      ]),
    );
  } catch (error) {
    throw new AuctionError(
      'CLOSING_REPAIR_FAILED',
      `the parcel of party ${from} cannot be read`,
      { party: from },
      { cause: error },
    );
  }
}

function checked(
  bid: SealedBid,
  terms: TenderTerms,
  index: PartyIndex,
  opening: CommittedShare | undefined,
  from: PartyIndex,
): CommittedShare {
  const facts = { party: from, lot: bid.lot, bidder: bid.bidder };
  if (opening === undefined) {
    throw new AuctionError('CLOSING_REPAIR_FAILED', `party ${from} did not send its share of a bid`, facts);
  }
  try {
    checkShare(bid, terms, index, opening);
  } catch (error) {
    throw new AuctionError('CLOSING_REPAIR_FAILED', `party ${from} sent a wrong share of a bid`, facts, {
      cause: error,
    });
  }
  return opening;
}

function repairInfo(terms: TenderTerms, from: PartyIndex, to: PartyIndex): Uint8Array {
  return frame(PROTOCOL, 'closing-repair', terms.id, String(from), String(to));
}
