/**
 * What a bidder keeps of its bids: its signing key, the submissions it made for one tender, and the receipts it got.
 *
 * The page writes it (`web/`), the command reads it (`tacit resend`, `tacit bid --key`). It is a secret: whoever has it
 * amends and withdraws in the bidder's name until the deadline. It holds no amount and no share, so nobody reads a bid out
 * of it, the bidder included. Everything in a file from anywhere is checked again here. Runs in a browser.
 */

import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';
import { bidderNameField, hashField, parseDocument, publicKeyField } from './fields.ts';
import { checkReceipt, type Receipt, receiptSchema } from './receipt.ts';
import { portableSignatures, type Signatures } from './signature.ts';
import { checkSubmission, type Submission, submissionSchema } from './submission.ts';
import type { CheckedTender } from './tender.ts';
import { MAX_LOTS } from './tender-spec.ts';

/** As `tacit key` keeps it, too. */
export const signingKeySchema = z.strictObject({
  kind: z.literal('tacit/1 signing key'),
  publicKey: publicKeyField,
  /** 32-byte seed, base64url. */
  secretKey: publicKeyField,
});

export type SigningKeyFile = z.infer<typeof signingKeySchema>;

/** Every lot amended twenty times over; a file of that length has about 4 MB. */
const MAX_KEPT_BIDS = 20 * MAX_LOTS;

const keptBidSchema = z.strictObject({
  submission: submissionSchema,
  receipts: z.array(receiptSchema).check(z.maxLength(3, 'must have at most one receipt of each party')),
});

const bidFileSchema = z.strictObject({
  kind: z.literal('tacit/1 bid file'),
  tender: hashField,
  bidder: bidderNameField,
  key: signingKeySchema,
  bids: z.array(keptBidSchema).check(z.maxLength(MAX_KEPT_BIDS, `must have at most ${MAX_KEPT_BIDS} bids`)),
});

export interface KeptBid {
  readonly submission: Submission;
  readonly receipts: readonly Receipt[];
}

export interface BidFile {
  readonly kind: 'tacit/1 bid file';
  /** Id of the tender. */
  readonly tender: string;
  readonly bidder: string;
  readonly key: SigningKeyFile;
  /** In the order in which they were sealed. */
  readonly bids: readonly KeptBid[];
}

/** @param secretKey 32-byte seed */
export function signingKeyFile(
  secretKey: Uint8Array,
  signatures: Signatures = portableSignatures,
): SigningKeyFile {
  const publicKey = toBase64url(signatures.publicKeyOf(secretKey));
  return { kind: 'tacit/1 signing key', publicKey, secretKey: toBase64url(secretKey) };
}

/**
 * The key of a key file or of a bid file.
 * @throws AuctionError BID_FILE_MALFORMED, BID_FILE_KEY
 */
export function parseKeyFile(json: unknown, signatures: Signatures = portableSignatures): SigningKeyFile {
  const plain = z.safeParse(signingKeySchema, json);
  if (plain.success) return checkKey(plain.data, signatures);
  const whole = z.safeParse(z.object({ key: signingKeySchema }), json);
  if (whole.success) return checkKey(whole.data.key, signatures);
  throw new AuctionError('BID_FILE_MALFORMED', 'the file is neither a signing key nor a bid file');
}

/** The id of the tender that a bid file is for; undefined where it is no bid file. */
export function tenderOfBidFile(json: unknown): string | undefined {
  return z.safeParse(z.object({ tender: hashField }), json).data?.tender;
}

/**
 * A bid file from anywhere, with every submission and every receipt checked for this tender.
 * @throws AuctionError BID_FILE_MALFORMED, BID_FILE_KEY, BID_FILE_OTHER_BIDDER, BID_OTHER_TENDER; as `checkSubmission`, as `checkReceipt`
 */
export function checkBidFile(
  json: unknown,
  { id, terms, signed }: CheckedTender,
  signatures: Signatures = portableSignatures,
): BidFile {
  const file = parseDocument(bidFileSchema, json, 'BID_FILE_MALFORMED', 'bid file');
  if (file.tender !== id) {
    throw new AuctionError('BID_OTHER_TENDER', 'the bid file is for another tender', { tender: file.tender });
  }
  const { bidder } = file;
  const key = checkKey(file.key, signatures);
  const bids = file.bids.map((kept) => {
    const submission = checkSubmission(kept.submission, terms, signatures);
    if (submission.bidder !== bidder || submission.bidderKey !== key.publicKey) {
      throw new AuctionError(
        'BID_FILE_OTHER_BIDDER',
        "a bid of the file is not of the file's bidder and key",
      );
    }
    const context = { terms, parties: signed.tender.parties, submission };
    return {
      submission,
      receipts: kept.receipts.map((receipt) => checkReceipt(receipt, context, signatures)),
    };
  });
  return { kind: file.kind, tender: file.tender, bidder, key, bids };
}

/** Of each lot the greatest version, which is the one that stands; in the order of the file. */
export function latestBids(bids: readonly KeptBid[]): readonly KeptBid[] {
  return bids.filter(({ submission: { lot, version } }) =>
    bids.every(({ submission: other }) => other.lot !== lot || other.version <= version),
  );
}

function checkKey(key: SigningKeyFile, signatures: Signatures): SigningKeyFile {
  if (toBase64url(signatures.publicKeyOf(fromBase64url(key.secretKey))) === key.publicKey) return key;
  throw new AuctionError('BID_FILE_KEY', 'the public key of the file is not that of its secret one');
}
