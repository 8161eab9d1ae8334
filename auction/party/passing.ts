/**
 * The live bids that this party holds or that were passed on to it, and opening its envelopes of them.
 *
 * Who has to pass on what is `passed-bids.ts`. What arrives is a submission from a stranger: it is checked like
 * one, and must have the hash that two lists name.
 */

import type { PartyIndex } from '../../mpc/party.ts';
import type { ClosingLists, ClosingSet } from '../closing-set.ts';
import type { SharePair } from '../commitment.ts';
import { AuctionError } from '../errors.ts';
import { allLive, incompleteBids } from '../passed-bids.ts';
import { openEnvelope } from '../sealed-bid.ts';
import { checkSubmission, type SealedBid, type Submission, submissionHash } from '../submission.ts';
import type { TenderTerms } from '../tender.ts';
import type { Passing } from './closing-messages.ts';
import { inParallel } from './in-parallel.ts';
import type { PartyKeys } from './keys.ts';
import { nodeSignatures } from './signatures-node.ts';
import type { AuctionStore } from './store.ts';

/** Sealed bids with this party's shares; all keys are hashes of the bids. */
export interface OpenedBids {
  readonly bids: ReadonlyMap<string, SealedBid>;
  readonly shares: ReadonlyMap<string, SharePair>;
  /** Those whose envelope for this party does not open, in the order given. */
  readonly unreadable: readonly string[];
}

interface Holder {
  readonly terms: TenderTerms;
  readonly keys: PartyKeys;
}

/** The live bids in this party's store. */
export async function heldLiveBids(
  store: AuctionStore,
  terms: TenderTerms,
  set: ClosingSet,
): Promise<ReadonlyMap<string, SealedBid>> {
  const live = new Set(allLive(set).map(({ submission }) => submission));
  const held = new Map<string, SealedBid>();
  for (const { hash, submission } of await store.submissions(terms.id)) {
    if (submission.kind === 'bid' && live.has(hash)) held.set(hash, submission);
  }
  return held;
}

/** Opens the envelopes; those that cannot be opened are named, not thrown. */
export async function openBids(
  { terms, keys }: Holder,
  bids: ReadonlyMap<string, SealedBid>,
): Promise<OpenedBids> {
  const shares = new Map<string, SharePair>();
  const unreadable: string[] = [];
  await inParallel([...bids], async ([submission, sealed]) => {
    try {
      const party = keys.index;
      shares.set(submission, await openEnvelope({ sealed, terms, party, sealingKeyPair: keys.sealing }));
    } catch (error) {
      if (!(error instanceof AuctionError)) throw error;
      unreadable.push(submission);
    }
  });
  return { bids, shares, unreadable: unreadable.sort() };
}

export function joinBids(held: OpenedBids, passed: OpenedBids): OpenedBids {
  return {
    bids: new Map([...held.bids, ...passed.bids]),
    shares: new Map([...held.shares, ...passed.shares]),
    unreadable: [...held.unreadable, ...passed.unreadable],
  };
}

/**
 * The bids that this party lacks, out of what the others passed on.
 * @throws AuctionError CLOSING_BID_MISSING naming the bid and the party that should have passed it on
 */
export function receivePassed(
  { terms, keys }: Holder,
  lists: ClosingLists,
  set: ClosingSet,
  passings: readonly [Passing, Passing, Passing],
): ReadonlyMap<string, SealedBid> {
  const needed = incompleteBids(lists, set).filter(({ lacks }) => lacks === keys.index);
  const offered = new Map<PartyIndex, ReadonlyMap<string, SealedBid>>();
  const received = new Map<string, SealedBid>();
  for (const { bid, from } of needed) {
    const fromParty = offered.get(from) ?? soundBids(passings[from], terms);
    offered.set(from, fromParty);
    const sealed = fromParty.get(bid.submission);
    if (sealed === undefined) {
      const { lot, bidder, submission } = bid;
      throw new AuctionError('CLOSING_BID_MISSING', `party ${from} lists a bid and did not pass it on`, {
        party: from,
        lot,
        bidder,
        submission,
      });
    }
    received.set(bid.submission, sealed);
  }
  return received;
}

/** The passed submissions that are sealed bids of this tender with a good signature, by hash. */
function soundBids(passing: Passing, terms: TenderTerms): ReadonlyMap<string, SealedBid> {
  const sound = new Map<string, SealedBid>();
  for (const json of passing.bids) {
    const submission = checkedOrUndefined(json, terms);
    if (submission?.kind === 'bid') sound.set(submissionHash(submission), submission);
  }
  return sound;
}

function checkedOrUndefined(json: unknown, terms: TenderTerms): Submission | undefined {
  try {
    return checkSubmission(json, terms, nodeSignatures);
  } catch (error) {
    if (error instanceof AuctionError) return undefined;
    throw error;
  }
}
