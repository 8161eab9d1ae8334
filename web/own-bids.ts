/**
 * What a bidder's own file says about the outcome, and what it cannot say.
 *
 * Operators publish the root of the closing set and not its lists, so whether a bid is in it cannot be looked up. But a
 * bid with two receipts counts by the rules, an outcome that counts no bid in its lot contradicts them, and the receipts
 * are evidence against an operator that left it out. The file holds no amount: that the price is right for it is for the
 * bidder to see: at either price rule no bid that lost is better than the price.
 */

import { type BidFile, type KeptBid, latestBids } from '../auction/bid-file.ts';
import type { OutcomeStatement } from '../auction/outcome.ts';
import { RECEIPTS_NEEDED, standingOf } from '../auction/receipt.ts';
import type { TenderSpec } from '../auction/tender-spec.ts';
import { money } from './money.ts';
import type { Check } from './outcome-report.ts';

/** @param file checked for the tender of the outcome */
export function checkOwnBids(
  file: BidFile,
  statement: OutcomeStatement,
  spec: Pick<TenderSpec, 'currency' | 'direction'>,
): readonly Check[] {
  const checks = latestBids(file.bids).flatMap((kept) => checksOf(kept, file, statement, spec));
  const better = spec.direction === 'lowest' ? 'below' : 'above';
  const sentence = `Whether the operators' closing lists name your bid cannot be looked up here: they publish only a hash of them. If a bid of yours counts, was ${better} the price shown and did not win, something is wrong: your file is the evidence. Keep it, and ask the auctioneer.`;
  return [...checks, { standing: 'open', sentence }];
}

function checksOf(
  { submission, receipts }: KeptBid,
  { key }: BidFile,
  { lots, liveBids }: OutcomeStatement,
  { currency }: Pick<TenderSpec, 'currency'>,
): readonly Check[] {
  const { lot, kind, version } = submission;
  const what = kind === 'bid' ? `Lot ${lot}: your bid (version ${version})` : `Lot ${lot}: your withdrawal`;
  if (standingOf(receipts) !== 'counts') {
    const sentence = `${what} has ${receipts.length} of ${RECEIPTS_NEEDED} needed receipts in this file, so it may not have counted.`;
    return [{ standing: 'failed', code: 'TOO_FEW_RECEIPTS', sentence }];
  }
  const signers = receipts.map(({ party }) => party).join(', ');
  const received: Check = {
    standing: 'passed',
    sentence: `${what} counts: its receipts of operators ${signers} are genuine.`,
  };
  if (kind === 'withdrawal') return [received];
  if (liveBids.find((entry) => entry.lot === lot)?.count === 0) {
    const sentence = `Lot ${lot}: the outcome counts no bid at all, though yours has two receipts.`;
    return [received, { standing: 'failed', code: 'BID_NOT_COUNTED', sentence }];
  }
  const result = lots.find((entry) => entry.lot === lot);
  if (result?.outcome !== 'awarded' || result.winnerKey !== key.publicKey) {
    return [received, { standing: 'passed', sentence: `Lot ${lot}: it did not win.` }];
  }
  const sentence = `Lot ${lot}: it won, at ${money(result.price, currency)}. The outcome names your key.`;
  return [received, { standing: 'passed', sentence }];
}
