/**
 * What bidders send: sealed bids and withdrawals, signed, and the checks that need no party's key.
 *
 * A submission names tender, lot, bidder, key and version, and its signature and hash cover all of them. So a
 * submission cannot be replayed in another tender or lot, under another name, or as another version. Its
 * hash is over the body without the signature: it identifies what the bidder said, not how it was signed.
 */

import * as z from 'zod/mini';
import { hashDocument, toBase64url } from './canonical.ts';
import { checkEligibility } from './eligibility.ts';
import { AuctionError } from './errors.ts';
import {
  bidderNameField,
  hashField,
  lotIdField,
  parseDocument,
  publicKeyField,
  signatureField,
  versionField,
} from './fields.ts';
import { portableSignatures, type Signatures, signDocument, signerOf, verifyDocument } from './signature.ts';
import type { TenderTerms } from './tender.ts';

/** One HPKE message. */
export interface Envelope {
  /** The encapsulated key, base64url, 32 bytes. */
  readonly encapsulated: string;
  /** Ciphertext and tag, base64url. */
  readonly ciphertext: string;
}

/** What every submission says of itself. */
export interface SubmissionFacts {
  /** Id of the tender. */
  readonly tender: string;
  readonly lot: string;
  /** The bidder's name. */
  readonly bidder: string;
  /** Ed25519, base64url. */
  readonly bidderKey: string;
  /** From 1; of a bidder's versions in a lot the greatest stands. */
  readonly version: number;
  /** Where the tender invites the bidder: `inviteKey` of its key, base64url. */
  readonly invitation?: string;
}

export interface SealedBid extends SubmissionFacts {
  readonly kind: 'bid';
  /** Commitments to shares 0, 1 and 2, base64url, 32 bytes each. */
  readonly commitments: readonly [string, string, string];
  /** To parties 0, 1 and 2. */
  readonly envelopes: readonly [Envelope, Envelope, Envelope];
  readonly signature: string;
}

export interface Withdrawal extends SubmissionFacts {
  readonly kind: 'withdrawal';
  readonly signature: string;
}

export type Submission = SealedBid | Withdrawal;

/** Salt of a commitment, and so of each share in an envelope. */
export const SALT_BYTES = 32;
/** Poly1305 tag. */
const TAG_BYTES = 16;

/** Bytes of one share of a rank of `bits` bits. */
export function shareBytesOf(bits: number): number {
  return Math.ceil(bits / 8);
}

/** Bytes of an envelope's ciphertext: two shares, two salts and the tag, whatever the amount. */
export function ciphertextBytesOf(bits: number): number {
  return 2 * (shareBytesOf(bits) + SALT_BYTES) + TAG_BYTES;
}

/** Longest ciphertext of any tender, in base64url. */
const MAX_CIPHERTEXT_LENGTH = Math.ceil((ciphertextBytesOf(64) * 8) / 6);

const facts = {
  tender: hashField,
  lot: lotIdField,
  bidder: bidderNameField,
  bidderKey: publicKeyField,
  version: versionField,
  invitation: z.exactOptional(signatureField),
};
const factsSchema = z.strictObject(facts);
const envelopeSchema = z.strictObject({
  encapsulated: publicKeyField,
  ciphertext: z
    .string()
    .check(
      z.maxLength(MAX_CIPHERTEXT_LENGTH, `must have at most ${MAX_CIPHERTEXT_LENGTH} characters`),
      z.regex(/^[A-Za-z0-9_-]+$/, 'must be base64url without padding'),
    ),
});

export const submissionSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...facts,
    kind: z.literal('bid'),
    commitments: z.tuple([hashField, hashField, hashField]),
    envelopes: z.tuple([envelopeSchema, envelopeSchema, envelopeSchema]),
    signature: signatureField,
  }),
  z.strictObject({ ...facts, kind: z.literal('withdrawal'), signature: signatureField }),
]);

/**
 * A bid or withdrawal from anywhere: form, tender, lot, envelope lengths, eligibility and signature. Whether
 * an envelope opens is `openEnvelope`'s question.
 * @throws AuctionError BID_MALFORMED, BID_OTHER_TENDER, LOT_UNKNOWN, BID_SIGNATURE, as `checkEligibility`
 */
export function checkSubmission(
  json: unknown,
  terms: TenderTerms,
  signatures: Signatures = portableSignatures,
): Submission {
  const submission: Submission = parseDocument(submissionSchema, json, 'BID_MALFORMED', 'bid');
  if (submission.tender !== terms.id) {
    throw new AuctionError('BID_OTHER_TENDER', 'the bid names another tender', { tender: submission.tender });
  }
  checkLot(submission.lot, terms);
  if (submission.kind === 'bid') checkEnvelopeLengths(submission, terms);
  checkEligibility(submission, terms, signatures);
  const { signature, ...body } = submission;
  if (!verifyDocument(submission.kind, body, submission.bidderKey, signature, signatures)) {
    throw new AuctionError('BID_SIGNATURE', 'the bid is not signed by the key it names', {
      bidder: submission.bidder,
    });
  }
  return submission;
}

/** base64url SHA-256 over the body without the signature; 43 characters. */
export function submissionHash(submission: Submission): string {
  const { signature: _, ...body } = submission;
  return toBase64url(hashDocument(submission.kind, body));
}

export interface WithdrawalOptions {
  readonly terms: TenderTerms;
  readonly lot: string;
  readonly bidder: string;
  /** 32-byte seed. */
  readonly bidderSecretKey: Uint8Array;
  /** Greater than the version of the bid that is withdrawn. */
  readonly version: number;
  /** Where the tender invites the bidder: `inviteKey` of its key. */
  readonly invitation?: string | undefined;
  readonly signatures?: Signatures;
}

/** @throws AuctionError BID_MALFORMED, LOT_UNKNOWN, KEY_MALFORMED */
export function createWithdrawal(options: WithdrawalOptions): Withdrawal {
  const signer = signerOf(options.bidderSecretKey, options.signatures);
  const stated = checkFacts(options, signer.publicKey);
  const body = { kind: 'withdrawal', ...stated } as const;
  return { ...body, signature: signDocument('withdrawal', body, signer) };
}

/**
 * What a bidder is about to sign.
 * @param bidderKey base64url
 * @throws AuctionError BID_MALFORMED, LOT_UNKNOWN
 */
export function checkFacts(
  {
    terms,
    lot,
    bidder,
    version,
    invitation,
  }: Pick<WithdrawalOptions, 'terms' | 'lot' | 'bidder' | 'version' | 'invitation'>,
  bidderKey: string,
): SubmissionFacts {
  const invited = invitation === undefined ? {} : { invitation };
  const stated = { tender: terms.id, lot, bidder, bidderKey, version, ...invited };
  const checked = parseDocument(factsSchema, stated, 'BID_MALFORMED', 'bid');
  checkLot(checked.lot, terms);
  return checked;
}

/** @throws AuctionError LOT_UNKNOWN */
export function checkLot(lot: string, terms: TenderTerms): void {
  if (!terms.lots.includes(lot))
    throw new AuctionError('LOT_UNKNOWN', 'the tender has no lot of this id', { lot });
}

function checkEnvelopeLengths(sealed: SealedBid, terms: TenderTerms): void {
  const length = Math.ceil((ciphertextBytesOf(terms.bits) * 8) / 6);
  for (const [index, envelope] of sealed.envelopes.entries()) {
    if (envelope.ciphertext.length === length) continue;
    const field = `envelopes[${index}].ciphertext`;
    throw new AuctionError('BID_MALFORMED', `bid: field ${field} must have ${length} characters`, { field });
  }
}
