/**
 * Receipts: a party's signed statement that it holds a submission, and since when by its own clock.
 *
 * Two receipts of different parties make a bid count: at most one party is corrupt, so at least one honest
 * party holds it and will list it at closing. A party that signed a receipt and leaves the bid out of its list
 * is caught by its own signature. Before it signs, a party has opened its own envelope.
 */

import * as z from 'zod/mini';
import { type EpochMs, toEpochMs } from '../mpc/clock.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { AuctionError } from './errors.ts';
import {
  bidderNameField,
  hashField,
  lotIdField,
  parseDocument,
  partyField,
  signatureField,
  timeField,
  versionField,
} from './fields.ts';
import {
  portableSignatures,
  type Signatures,
  type Signer,
  signDocument,
  verifyDocument,
} from './signature.ts';
import { type Submission, submissionHash } from './submission.ts';
import type { PartyRecords, TenderTerms } from './tender.ts';

export interface Receipt {
  readonly kind: 'receipt';
  readonly tender: string;
  readonly party: PartyIndex;
  /** Hash of the submission. */
  readonly submission: string;
  readonly lot: string;
  readonly bidder: string;
  readonly version: number;
  /** By the clock of the party. */
  readonly receivedAt: EpochMs;
  /** Ed25519 by the party, base64url. */
  readonly signature: string;
}

/** Receipts of this many different parties make a submission count: one more than can be corrupt. */
export const RECEIPTS_NEEDED = 2;

export const receiptSchema = z.strictObject({
  kind: z.literal('receipt'),
  tender: hashField,
  party: partyField,
  submission: hashField,
  lot: lotIdField,
  bidder: bidderNameField,
  version: versionField,
  receivedAt: timeField,
  signature: signatureField,
});

export interface ReceiptOptions {
  readonly party: PartyIndex;
  readonly signer: Signer;
  /** Checked and opened by the party before. */
  readonly submission: Submission;
  readonly receivedAt: EpochMs;
}

export function createReceipt(options: ReceiptOptions): Receipt {
  const { party, signer, submission, receivedAt } = options;
  const body = {
    kind: 'receipt',
    tender: submission.tender,
    party,
    submission: submissionHash(submission),
    lot: submission.lot,
    bidder: submission.bidder,
    version: submission.version,
    receivedAt,
  } as const;
  return { ...body, signature: signDocument('receipt', body, signer) };
}

export interface ReceiptContext {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  /** What the receipt must be for. */
  readonly submission: Submission;
}

/** @throws AuctionError RECEIPT_MALFORMED, RECEIPT_MISMATCH, RECEIPT_SIGNATURE */
export function checkReceipt(
  json: unknown,
  { terms, parties, submission }: ReceiptContext,
  signatures: Signatures = portableSignatures,
): Receipt {
  const document = parseDocument(receiptSchema, json, 'RECEIPT_MALFORMED', 'receipt');
  const receipt: Receipt = { ...document, receivedAt: toEpochMs(document.receivedAt) };
  const matches =
    receipt.tender === terms.id &&
    receipt.submission === submissionHash(submission) &&
    receipt.lot === submission.lot &&
    receipt.bidder === submission.bidder &&
    receipt.version === submission.version;
  if (!matches) {
    throw new AuctionError('RECEIPT_MISMATCH', 'the receipt is for another bid', { party: receipt.party });
  }
  const { signature, ...body } = receipt;
  if (!verifyDocument('receipt', body, parties[receipt.party].signingKey, signature, signatures)) {
    throw new AuctionError('RECEIPT_SIGNATURE', 'the receipt is not signed by the party it names', {
      party: receipt.party,
    });
  }
  return receipt;
}

/** Whether a submission counts by its checked receipts alone. */
export function standingOf(receipts: readonly Receipt[]): 'counts' | 'does-not-count' {
  const partiesOf = new Map<string, Set<PartyIndex>>();
  for (const receipt of receipts) {
    const parties = partiesOf.get(receipt.submission) ?? new Set();
    partiesOf.set(receipt.submission, parties.add(receipt.party));
  }
  const [parties, ...others] = partiesOf.values();
  return others.length === 0 && (parties?.size ?? 0) >= RECEIPTS_NEEDED ? 'counts' : 'does-not-count';
}

/** @throws AuctionError TOO_FEW_RECEIPTS unless the receipts make their submission count */
export function requireStanding(receipts: readonly Receipt[]): void {
  if (standingOf(receipts) === 'counts') return;
  throw new AuctionError(
    'TOO_FEW_RECEIPTS',
    `the bid has receipts of fewer than ${RECEIPTS_NEEDED} parties`,
    {
      needed: RECEIPTS_NEEDED,
    },
  );
}
