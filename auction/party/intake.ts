/**
 * Taking in one bid or withdrawal: everything is checked before anything is stored, and the receipt is part of
 * the stored record, so a receipt exists if and only if the submission does.
 *
 * Against bidders: signatures, eligibility, names (a name belongs to the first key that used it, so no name can
 * gather receipts for two keys at two parties), versions, and the party's own envelope against the commitments.
 * Against the bidder's clock and against races with the closing: the deadline is judged by the party's clock at
 * the moment of the receipt, and the phase is read again after the write, and before a receipt is given once more.
 * Whoever holds a receipt is therefore in the closing list: the list is made after the phase changed, so after the
 * write. A submission that was stored but found the tender closing gets its receipt only once the list has it; so does
 * a bidder whose answer got lost and who asks again after the deadline.
 *
 * Cost of a name's first bid: two writes, the name and the submission, and two reads of the state, which bids at
 * the same time share; two signatures' work (one checked, one made) and one envelope opened.
 */

import type { Clock } from '../../mpc/clock.ts';
import { AuctionError } from '../errors.ts';
import { createReceipt, type Receipt } from '../receipt.ts';
import { openEnvelope } from '../sealed-bid.ts';
import { acceptsSubmissions } from '../state.ts';
import {
  checkSubmission,
  type SealedBid,
  type Submission,
  submissionHash,
  type Withdrawal,
} from '../submission.ts';
import type { TenderTerms } from '../tender.ts';
import type { PartyKeys } from './keys.ts';
import { nodeSignatures } from './signatures-node.ts';
import type { AuctionStore, StoredSubmission } from './store.ts';

export interface IntakeParameters {
  readonly terms: TenderTerms;
  readonly keys: PartyKeys;
  readonly store: AuctionStore;
  readonly clock: Clock;
  /** Whether this party's closing list is made and names the submission. */
  listed(submission: string): Promise<boolean>;
}

/**
 * @param json the body of the request, of bounded length
 * @returns the receipt; the same for the bidder's latest submission sent again
 * @throws AuctionError BID_*, LOT_UNKNOWN, BIDDER_*, WITHDRAWAL_WITHOUT_BID, ENVELOPE_UNREADABLE,
 *   COMMITMENT_MISMATCH, SHARE_MALFORMED; nothing is stored then, except that BID_AFTER_DEADLINE may follow a
 *   write that raced with the closing
 */
export async function takeIn(parameters: IntakeParameters, json: unknown): Promise<Receipt> {
  const { terms, keys, store, clock } = parameters;
  const submission = checkSubmission(json, terms, nodeSignatures);
  const { lot, bidder, version } = submission;
  const hash = submissionHash(submission);
  if (!acceptsSubmissions((await store.state(terms.id)).state, clock.now(), terms)) {
    const stored = await store.submission(terms.id, lot, bidder, version);
    if (stored?.hash !== hash) throw tooLate();
    return await receiptOfStored(parameters, hash, stored.receipt);
  }
  const known =
    submission.kind === 'bid'
      ? await latestBeforeBid(parameters, submission)
      : await latestBeforeWithdrawal(parameters, submission);
  if (known !== undefined && known.submission.version >= version) {
    if (known.hash === hash) return await receiptOfStored(parameters, hash, known.receipt);
    throw replayed(submission, known);
  }
  requireBidToWithdraw(submission, known);

  const receivedAt = clock.now();
  if (terms.closesAt !== undefined && receivedAt >= terms.closesAt) throw tooLate();
  const receipt = createReceipt({ party: keys.index, signer: keys.signing, submission, receivedAt });
  const stored = await store.putSubmission(terms.id, { hash, submission, receipt });
  const kept = stored === 'stored' ? undefined : await store.submission(terms.id, lot, bidder, version);
  if (kept !== undefined && kept.hash !== hash) throw replayed(submission, kept);
  return await receiptOfStored(parameters, hash, kept?.receipt ?? receipt);
}

/** The receipt of a submission that is stored, unless the closing list may be without it. */
async function receiptOfStored(
  { terms, store, listed }: IntakeParameters,
  hash: string,
  receipt: Receipt,
): Promise<Receipt> {
  const { phase } = (await store.state(terms.id)).state;
  if (phase === 'open' || (await listed(hash))) return receipt;
  throw tooLate();
}

/**
 * The bidder's latest submission in the lot, once the envelope has opened and the name is the bidder's: only a
 * sound bid takes a name. A name that was free until now has no submission under it, so nothing is read then.
 */
async function latestBeforeBid(
  { terms, keys, store }: IntakeParameters,
  sealed: SealedBid,
): Promise<StoredSubmission | undefined> {
  const { lot, bidder, bidderKey } = sealed;
  await openEnvelope({ sealed, terms, party: keys.index, sealingKeyPair: keys.sealing });
  const { holder, first } = await store.claimName(terms.id, bidder, bidderKey);
  if (holder !== bidderKey) throw nameTaken(bidder);
  return first ? undefined : await store.latestSubmission(terms.id, lot, bidder);
}

/** The same for a withdrawal, which takes no name: whoever stored a bid under it holds it. */
async function latestBeforeWithdrawal(
  { terms, store }: IntakeParameters,
  { lot, bidder, bidderKey }: Withdrawal,
): Promise<StoredSubmission | undefined> {
  const latest = await store.latestSubmission(terms.id, lot, bidder);
  if (latest !== undefined && latest.submission.bidderKey !== bidderKey) throw nameTaken(bidder);
  return latest;
}

function requireBidToWithdraw({ kind, lot, bidder }: Submission, latest: StoredSubmission | undefined): void {
  if (kind === 'bid' || latest?.submission.kind === 'bid') return;
  throw new AuctionError('WITHDRAWAL_WITHOUT_BID', 'this party holds no bid of this bidder in this lot', {
    lot,
    bidder,
  });
}

function tooLate(): AuctionError {
  return new AuctionError('BID_AFTER_DEADLINE', 'the tender is closed for bids and withdrawals');
}

function nameTaken(bidder: string): AuctionError {
  return new AuctionError('BIDDER_NAME_TAKEN', 'another key bids under this name in this tender', { bidder });
}

function replayed({ lot, bidder, version }: Submission, known: StoredSubmission): AuctionError {
  return new AuctionError('BID_VERSION_REPLAYED', 'the version must be greater than the last one received', {
    lot,
    bidder,
    version,
    received: known.submission.version,
  });
}
