/**
 * What one party keeps: tenders, submissions with their receipts, states, its coin and the outcome it signed.
 *
 * The store is the party's own and is trusted by it alone; it holds sealed bids and never a share in clear.
 * Correctness rests on conditional writes only (no transactions, TTL or streams), so every record is either
 * write-once or moves by compare-and-set, but for the list of what waits (`due-list.ts`), and a process may stop between any two calls. Reads see every write
 * that was acknowledged before them (strong consistency): closing relies on it.
 */

import type { SignedOutcome } from '../outcome.ts';
import type { Receipt } from '../receipt.ts';
import type { TenderState } from '../state.ts';
import type { Submission } from '../submission.ts';
import type { SignedTender, TenderId } from '../tender.ts';
import type { DueListStore } from './due-list.ts';
import type { ClearingStatistics } from './statistics.ts';

/** 'exists' leaves what was there as it was. */
export type PutResult = 'stored' | 'exists';

/** A submission and the receipt given for it: one record, so neither exists without the other. */
export interface StoredSubmission {
  /** `submissionHash` of the submission. */
  readonly hash: string;
  readonly submission: Submission;
  readonly receipt: Receipt;
}

/** The answer to a claim of a name. */
export interface NameClaim {
  /** The key that the name belongs to. */
  readonly holder: string;
  /** Whether this very call bound the name: then no submission under it was stored before. */
  readonly first: boolean;
}

export interface StoredState {
  readonly state: TenderState;
  /** 0 until the state was first written: a published tender is open. */
  readonly revision: number;
}

export interface StoredOutcome {
  /** The statement with every signature known so far, the own one first put in with it. */
  readonly outcome: SignedOutcome;
  readonly statistics: ClearingStatistics;
}

export interface TenderPageRequest {
  /** At most so many ids, from 1. */
  readonly limit: number;
  /** Only ids behind this one, which need not be there (any more). */
  readonly after?: TenderId;
}

export interface TenderPage {
  readonly tenders: readonly TenderId[];
  /** Where the next page begins; absent where this one is the last. */
  readonly next?: TenderId;
}

export interface AuctionStore extends DueListStore {
  /** Write-once by tender. */
  putTender(id: TenderId, signed: SignedTender): Promise<PutResult>;
  tender(id: TenderId): Promise<SignedTender | undefined>;
  /** In no particular order. */
  tenders(): Promise<readonly TenderId[]>;
  /** In the order of their ids. */
  tenderPage(request: TenderPageRequest): Promise<TenderPage>;

  /** The key that a bidder's name belongs to in this tender. */
  nameHolder(id: TenderId, bidder: string): Promise<string | undefined>;
  /** Binds a name to a key unless it is bound. */
  claimName(id: TenderId, bidder: string, bidderKey: string): Promise<NameClaim>;

  /** Write-once by lot, bidder and version. */
  putSubmission(id: TenderId, stored: StoredSubmission): Promise<PutResult>;
  submission(
    id: TenderId,
    lot: string,
    bidder: string,
    version: number,
  ): Promise<StoredSubmission | undefined>;
  /** The one with the greatest version. */
  latestSubmission(id: TenderId, lot: string, bidder: string): Promise<StoredSubmission | undefined>;
  /** All of them, every version, in no particular order. */
  submissions(id: TenderId): Promise<readonly StoredSubmission[]>;

  /** Open at revision 0 where nothing was written. */
  state(id: TenderId): Promise<StoredState>;
  /** Writes revision `expectedRevision + 1`; false where the stored revision is another. */
  putState(id: TenderId, expectedRevision: number, state: TenderState): Promise<boolean>;

  /** Write-once; returns the coin that is kept, base64url. */
  putCoin(id: TenderId, coin: string): Promise<string>;

  /** Write-once: a party signs one statement for a tender, ever. */
  putOutcome(id: TenderId, stored: StoredOutcome): Promise<PutResult>;
  /** Adds a peer's signature of the same statement; write-once by party. */
  putOutcomeSignature(id: TenderId, signature: SignedOutcome['signatures'][number]): Promise<PutResult>;
  /** With the signatures added since, in the order of the parties. */
  outcome(id: TenderId): Promise<StoredOutcome | undefined>;
}
