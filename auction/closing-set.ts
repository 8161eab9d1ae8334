/**
 * The closing set: which submissions count, which bids are live, and in which place, from three signed lists.
 *
 * A submission counts if two lists hold it in time. At most one party is corrupt, so what both honest parties
 * received counts whatever the third lists, and what neither received does not. Its place is the second
 * smallest of its times: with two honest times it lies between them, so no single party can move a bid
 * past both. The function is pure: parties and auditors compute the same set and root from the same lists.
 *
 * Where two lists give one hash different facts, one of them lies (a hash has one body), and the set is
 * refused instead of guessed at: a corrupt party can stop a clearing, never bend it.
 */

import { frame } from '../mpc/bytes.ts';
import { type EpochMs, toEpochMs } from '../mpc/clock.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { canonicalBytes, PROTOCOL, toBase64url } from './canonical.ts';
import { type ClosingList, compareText, type ListEntry } from './closing-list.ts';
import { AuctionError } from './errors.ts';
import { merkleRoot } from './merkle.ts';
import { RECEIPTS_NEEDED } from './receipt.ts';
import type { TenderTerms } from './tender.ts';

/** A submission that counts; the canonical form of this is a leaf of the Merkle tree. */
export interface CountedSubmission {
  readonly submission: string;
  readonly kind: 'bid' | 'withdrawal';
  readonly lot: string;
  readonly bidder: string;
  readonly bidderKey: string;
  readonly version: number;
  /** When the second party received it. */
  readonly place: EpochMs;
}

/** The bid of one bidder that stands in one lot. */
export interface LiveBid {
  readonly submission: string;
  readonly lot: string;
  readonly bidder: string;
  readonly bidderKey: string;
  readonly version: number;
  readonly place: EpochMs;
}

export interface ClosingSet {
  /** Merkle root of `counted`, base64url. */
  readonly root: string;
  /** Sorted by hash. */
  readonly counted: readonly CountedSubmission[];
  /** Every lot of the tender; earliest place first, ties by hash. */
  readonly live: ReadonlyMap<string, readonly LiveBid[]>;
}

export type ClosingLists = readonly [ClosingList, ClosingList, ClosingList];

/**
 * @param lists one checked list of each party, in any order
 * @throws AuctionError CLOSING_LISTS_INCOMPLETE, CLOSING_LIST_OTHER_TENDER, CLOSING_LIST_DUPLICATE,
 *   CLOSING_LISTS_DIFFER
 */
export function closingSet(terms: TenderTerms, lists: ClosingLists): ClosingSet {
  checkLists(terms, lists);
  const counted = countedSubmissions(terms, lists);
  const leaves = counted.map((submission) => frame(PROTOCOL, 'closing-leaf', canonicalBytes(submission)));
  return { root: toBase64url(merkleRoot(leaves)), counted, live: liveBids(terms, counted) };
}

interface Sighting {
  readonly entry: ListEntry;
  readonly party: PartyIndex;
  readonly times: EpochMs[];
}

function checkLists(terms: TenderTerms, lists: ClosingLists): void {
  const parties = new Set(lists.map((list) => list.party));
  if (parties.size !== lists.length) {
    throw new AuctionError('CLOSING_LISTS_INCOMPLETE', 'there is not one closing list of each party');
  }
  for (const { tender, party } of lists) {
    if (tender === terms.id) continue;
    throw new AuctionError('CLOSING_LIST_OTHER_TENDER', 'the closing list is for another tender', { party });
  }
}

function countedSubmissions(terms: TenderTerms, lists: ClosingLists): readonly CountedSubmission[] {
  const sightings = new Map<string, Sighting>();
  for (const list of lists) {
    const listed = new Set<string>();
    for (const entry of list.entries) {
      const facts = { party: list.party, submission: entry.submission };
      if (listed.has(entry.submission)) {
        throw new AuctionError('CLOSING_LIST_DUPLICATE', 'the closing list names a submission twice', facts);
      }
      listed.add(entry.submission);
      const sighting = sightings.get(entry.submission) ?? { entry, party: list.party, times: [] };
      if (!sameFacts(sighting.entry, entry)) {
        const parties = [sighting.party, list.party].sort().join(' and ');
        throw new AuctionError(
          'CLOSING_LISTS_DIFFER',
          `parties ${parties} list one submission with different facts`,
          {
            submission: entry.submission,
            parties,
          },
        );
      }
      if (inTime(entry, list, terms)) sighting.times.push(entry.receivedAt);
      sightings.set(entry.submission, sighting);
    }
  }
  const counted: CountedSubmission[] = [];
  for (const { entry, times } of sightings.values()) {
    const place = times.sort((left, right) => left - right)[RECEIPTS_NEEDED - 1];
    if (place === undefined) continue;
    const { submission, kind, lot, bidder, bidderKey, version } = entry;
    counted.push({ submission, kind, lot, bidder, bidderKey, version, place: toEpochMs(place) });
  }
  return counted.sort((left, right) => compareText(left.submission, right.submission));
}

/** A party accepts up to the moment it closes; the deadline itself is already late. */
function inTime(entry: ListEntry, list: ClosingList, terms: TenderTerms): boolean {
  return (
    entry.receivedAt <= list.closedAt && (terms.closesAt === undefined || entry.receivedAt < terms.closesAt)
  );
}

function sameFacts(left: ListEntry, right: ListEntry): boolean {
  return (
    left.kind === right.kind &&
    left.lot === right.lot &&
    left.bidder === right.bidder &&
    left.bidderKey === right.bidderKey &&
    left.version === right.version
  );
}

function liveBids(
  terms: TenderTerms,
  counted: readonly CountedSubmission[],
): ReadonlyMap<string, readonly LiveBid[]> {
  const standing = new Map<string, CountedSubmission>();
  // Counted submissions come sorted by hash, so of equal versions the smaller hash is kept.
  for (const submission of counted) {
    const holder = JSON.stringify([submission.lot, submission.bidder, submission.bidderKey]);
    const earlier = standing.get(holder);
    if (earlier === undefined || submission.version > earlier.version) standing.set(holder, submission);
  }
  const live = new Map<string, LiveBid[]>(terms.lots.map((lot) => [lot, []]));
  for (const { kind, ...bid } of standing.values()) {
    if (kind === 'bid') live.get(bid.lot)?.push(bid);
  }
  for (const bids of live.values()) bids.sort(byPlace);
  return live;
}

function byPlace(left: LiveBid, right: LiveBid): number {
  return left.place - right.place || compareText(left.submission, right.submission);
}
