/**
 * Closing lists: what one party received, when, and until when it accepted, in its signed words.
 *
 * The party also commits to its lottery coin here, before it can know the closing set. A list is an honest
 * party's whole memory of the tender; a corrupt party may list anything, which `closingSet` survives.
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
  publicKeyField,
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
import { checkLot, type Submission, submissionHash } from './submission.ts';
import type { PartyRecords, TenderTerms } from './tender.ts';

export interface ListEntry {
  /** Hash of the submission. */
  readonly submission: string;
  readonly kind: 'bid' | 'withdrawal';
  readonly lot: string;
  readonly bidder: string;
  readonly bidderKey: string;
  readonly version: number;
  /** As in the receipt of this party. */
  readonly receivedAt: EpochMs;
}

export interface ClosingList {
  readonly kind: 'closing-list';
  readonly tender: string;
  readonly party: PartyIndex;
  /** From when the party accepted nothing more. */
  readonly closedAt: EpochMs;
  /** Sorted by hash; each submission once. */
  readonly entries: readonly ListEntry[];
  /** Commitment to the party's lottery coin, base64url. */
  readonly coinCommitment: string;
  readonly signature: string;
}

/** Bids, amendments and withdrawals of one tender: 1,000 bidders in 20 lots. A list of this length has about 7 MB. */
export const MAX_LIST_ENTRIES = 20_000;

const listEntrySchema = z.strictObject({
  submission: hashField,
  kind: z.enum(['bid', 'withdrawal']),
  lot: lotIdField,
  bidder: bidderNameField,
  bidderKey: publicKeyField,
  version: versionField,
  receivedAt: timeField,
});

export const closingListSchema = z.strictObject({
  kind: z.literal('closing-list'),
  tender: hashField,
  party: partyField,
  closedAt: timeField,
  entries: z
    .array(listEntrySchema)
    .check(z.maxLength(MAX_LIST_ENTRIES, `must have at most ${MAX_LIST_ENTRIES} entries`)),
  coinCommitment: hashField,
  signature: signatureField,
});

/** The entry for a submission that a party received at `receivedAt`. */
export function listEntryOf(submission: Submission, receivedAt: EpochMs): ListEntry {
  const { kind, lot, bidder, bidderKey, version } = submission;
  return { submission: submissionHash(submission), kind, lot, bidder, bidderKey, version, receivedAt };
}

export interface ClosingListOptions {
  readonly terms: TenderTerms;
  readonly party: PartyIndex;
  readonly signer: Signer;
  readonly closedAt: EpochMs;
  /** In any order. */
  readonly entries: readonly ListEntry[];
  readonly coinCommitment: string;
}

/** @throws AuctionError CLOSING_LIST_DUPLICATE, CLOSING_LIST_MALFORMED where there are too many entries */
export function createClosingList(options: ClosingListOptions): ClosingList {
  const { terms, party, signer, closedAt, coinCommitment } = options;
  const entries = [...options.entries].sort((left, right) => compareText(left.submission, right.submission));
  const body = { kind: 'closing-list', tender: terms.id, party, closedAt, entries, coinCommitment } as const;
  if (entries.length > MAX_LIST_ENTRIES) {
    throw new AuctionError(
      'CLOSING_LIST_MALFORMED',
      `a closing list has at most ${MAX_LIST_ENTRIES} entries`,
      { party },
    );
  }
  checkSortedOnce(body);
  return { ...body, signature: signDocument('closing-list', body, signer) };
}

/**
 * @throws AuctionError CLOSING_LIST_MALFORMED, CLOSING_LIST_OTHER_TENDER, CLOSING_LIST_DUPLICATE, LOT_UNKNOWN,
 *   CLOSING_LIST_SIGNATURE
 */
export function checkClosingList(
  json: unknown,
  { terms, parties }: { readonly terms: TenderTerms; readonly parties: PartyRecords },
  signatures: Signatures = portableSignatures,
): ClosingList {
  const document = parseDocument(closingListSchema, json, 'CLOSING_LIST_MALFORMED', 'closing list');
  const list: ClosingList = {
    ...document,
    closedAt: toEpochMs(document.closedAt),
    entries: document.entries.map((entry) => ({ ...entry, receivedAt: toEpochMs(entry.receivedAt) })),
  };
  const { party } = list;
  if (list.tender !== terms.id) {
    throw new AuctionError('CLOSING_LIST_OTHER_TENDER', 'the closing list is for another tender', { party });
  }
  const { signature, ...body } = list;
  if (!verifyDocument('closing-list', body, parties[party].signingKey, signature, signatures)) {
    throw new AuctionError('CLOSING_LIST_SIGNATURE', 'the closing list is not signed by the party it names', {
      party,
    });
  }
  checkSortedOnce(list);
  for (const entry of list.entries) checkLot(entry.lot, terms);
  return list;
}

/** Order by UTF-16 units: the same on every machine, unlike localeCompare. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function checkSortedOnce({ entries, party }: Pick<ClosingList, 'entries' | 'party'>): void {
  for (let index = 1; index < entries.length; index++) {
    const [before, entry] = [entries[index - 1], entries[index]];
    if (before === undefined || entry === undefined) continue;
    const order = compareText(before.submission, entry.submission);
    const facts = { party, submission: entry.submission };
    if (order === 0)
      throw new AuctionError('CLOSING_LIST_DUPLICATE', 'the closing list names a submission twice', facts);
    if (order > 0)
      throw new AuctionError('CLOSING_LIST_MALFORMED', 'the closing list is not sorted by hash', facts);
  }
}
