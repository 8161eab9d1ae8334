/**
 * Which live bids have to be passed on at closing, and by whom: a function of the three lists.
 *
 * A counted submission is in at least two lists, so at most one party lacks it, and the lowest party that lists
 * it passes it on.
 */

import type { PartyIndex } from '../mpc/party.ts';
import type { ClosingLists, ClosingSet, LiveBid } from './closing-set.ts';

export interface IncompleteBid {
  readonly bid: LiveBid;
  /** The lowest party that lists it. */
  readonly from: PartyIndex;
  /** The one that does not. */
  readonly lacks: PartyIndex;
}

/** @param set of exactly these lists */
export function incompleteBids(lists: ClosingLists, set: ClosingSet): readonly IncompleteBid[] {
  const listed = lists.map(({ party, entries }) => ({
    party,
    submissions: new Set(entries.map(({ submission }) => submission)),
  }));
  return allLive(set).flatMap((bid) => {
    const holders = listed.filter(({ submissions }) => submissions.has(bid.submission));
    const lacks = listed.find(({ submissions }) => !submissions.has(bid.submission));
    const from = holders[0];
    return from === undefined || lacks === undefined ? [] : [{ bid, from: from.party, lacks: lacks.party }];
  });
}

/** The hashes of the live bids that a peer lacks and that `party` is the lowest to list. */
export function bidsToPass(party: PartyIndex, lists: ClosingLists, set: ClosingSet): readonly string[] {
  return incompleteBids(lists, set)
    .filter(({ from }) => from === party)
    .map(({ bid }) => bid.submission);
}

/** Of every lot. */
export function allLive(set: ClosingSet): readonly LiveBid[] {
  return [...set.live.values()].flat();
}
