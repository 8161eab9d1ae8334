/**
 * The order that decides ties: by place, or by a lottery that no party and no bidder can aim.
 *
 * Each party commits to a 32-byte coin in its closing list and shows it when the set is agreed. The seed hashes
 * tender, closing root and all three coins; bids are sorted by the base64url text of SHA-256 of seed, lot, bidder and key. An honest
 * coin is unknown until every list is signed, so a corrupt party chose its own coin, and a bidder its key,
 * blindly. A corrupt party that dislikes the seed can refuse to show its coin, which stops the clearing; it
 * cannot choose another coin, since its commitment is in its signed list.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { frame } from '../mpc/bytes.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { fromBase64url, PROTOCOL, toBase64url } from './canonical.ts';
import { compareText } from './closing-list.ts';
import type { ClosingLists, ClosingSet, LiveBid } from './closing-set.ts';
import { AuctionError } from './errors.ts';
import type { TenderTerms } from './tender.ts';

/** Coins are drawn uniformly; 32 bytes make the commitment hiding without a salt. */
export const COIN_BYTES = 32;

/** Coins of parties 0, 1 and 2, base64url. */
export type Coins = readonly [string, string, string];

/**
 * What a party publishes of its coin in its closing list, base64url.
 * @param coin 32 random bytes
 * @throws AuctionError COIN_MALFORMED
 */
export function coinCommitment(coin: Uint8Array, tender: string, party: PartyIndex): string {
  if (coin.length !== COIN_BYTES)
    throw new AuctionError('COIN_MALFORMED', `a coin has ${COIN_BYTES} bytes`, { party });
  return toBase64url(sha256(frame(PROTOCOL, 'coin-commitment', tender, String(party), coin)));
}

/** Checks each coin against the commitment in its party's list. @throws AuctionError COIN_MALFORMED, COIN_MISMATCH */
export function checkCoins(lists: ClosingLists, coins: Coins): void {
  for (const { party, tender, coinCommitment: committed } of lists) {
    if (coinCommitment(fromBase64url(coins[party]), tender, party) === committed) continue;
    throw new AuctionError('COIN_MISMATCH', "a party's coin is not the one it committed to", { party });
  }
}

/** The bids of one lot in the order of the lottery. */
export function lotteryOrder(
  terms: TenderTerms,
  root: string,
  coins: Coins,
  lot: string,
  bids: readonly LiveBid[],
): readonly LiveBid[] {
  const seed = sha256(frame(PROTOCOL, 'lottery', terms.id, root, ...coins.map(fromBase64url)));
  const tickets = bids.map((bid) => {
    const ticket = toBase64url(
      sha256(frame(PROTOCOL, 'lottery-ticket', seed, lot, bid.bidder, bid.bidderKey)),
    );
    return { bid, ticket };
  });
  return tickets.sort((left, right) => compareText(left.ticket, right.ticket)).map(({ bid }) => bid);
}

/**
 * The live bids of a lot in the order in which ties are decided: the earlier wins.
 * @param coins needed where the tender's ties are decided by lottery
 * @throws AuctionError LOT_UNKNOWN, COIN_MALFORMED where the tender needs coins and there are none
 */
export function tieOrder(
  terms: TenderTerms,
  set: ClosingSet,
  coins: Coins | undefined,
  lot: string,
): readonly LiveBid[] {
  const bids = set.live.get(lot);
  if (bids === undefined) throw new AuctionError('LOT_UNKNOWN', 'the tender has no lot of this id', { lot });
  if (terms.spec.tieBreak === 'earliest') return bids;
  if (coins === undefined)
    throw new AuctionError('COIN_MALFORMED', 'the tender decides ties by lottery: coins are needed');
  return lotteryOrder(terms, set.root, coins, lot, bids);
}
