/**
 * One party's side of an auction: what its API handlers, its clearing engine and the local host call.
 *
 * A party trusts its own store and clock, and nobody else: tenders, bids and close orders are signed documents,
 * and what its peers send is checked message by message (`closing.ts`, `clearing.ts`). Two honest parties of
 * three decide which bids count. The computation itself withstands one semi-honest party for now: a party that
 * sends wrong bits in it can spoil the outcome, which the other two then sign as well, but learns nothing more.
 *
 * Every method may be repeated after a crash at any point and then does what is left to do.
 */

import type { Channel } from '../../mpc/channels/channel.ts';
import type { Clock } from '../../mpc/clock.ts';
import type { SignedOutcome } from '../outcome.ts';
import type { Receipt } from '../receipt.ts';
import type { TenderState } from '../state.ts';
import type { PartyRecord, SignedTender, TenderId } from '../tender.ts';
import type { PartyKeys } from './keys.ts';
import type { ClearingStatistics } from './statistics.ts';
import type { AuctionStore } from './store.ts';

export interface PartyTimeouts {
  /** For each message of the closing agreement; peers close at times of their own. */
  readonly closingTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly messageTimeoutMs: number;
  /** For the peers' signatures of the outcome; without them the outcome is kept with those there are. */
  readonly signatureTimeoutMs: number;
  /** How often a session looks for a later attempt of a peer. */
  readonly watchIntervalMs?: number;
}

export interface PartyParameters {
  readonly keys: PartyKeys;
  /** All three, the own one among them, in the order of their indexes. */
  readonly peers: readonly [PartyRecord, PartyRecord, PartyRecord];
  readonly store: AuctionStore;
  readonly channel: Channel;
  readonly clock: Clock;
  /** That many bytes from a cryptographic generator. */
  random(bytes: number): Uint8Array;
  readonly timeouts?: Partial<PartyTimeouts>;
}

export interface ClearingReport {
  readonly outcome: SignedOutcome;
  readonly statistics: ClearingStatistics;
}

/** Where a clearing stands; public facts only. */
export type ClearingProgress =
  | { readonly stage: 'closing'; readonly step: 'list' | 'passing' | 'repair-request' | 'repair' }
  | { readonly stage: 'computing'; readonly attempt: number; readonly bids: number; readonly rounds: number }
  | { readonly stage: 'signing' };

export interface ClearOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ClearingProgress) => void;
}

export declare class AuctionParty {
  constructor(parameters: PartyParameters);
  /** Idempotent. @throws AuctionError TENDER_* */
  publishTender(json: unknown): Promise<{ id: TenderId; record: PartyRecord }>;
  /** @throws AuctionError TENDER_UNKNOWN */
  tender(id: TenderId): Promise<{ signed: SignedTender; state: TenderState }>;
  /** Ids of all tenders published here. */
  tenders(): Promise<readonly TenderId[]>;
  /** A bid or a withdrawal; the same submission again gets the same receipt. */
  submit(id: TenderId, json: unknown): Promise<Receipt>;
  /** @throws AuctionError CLOSE_UNAUTHORISED, STATE_CONFLICT */
  close(id: TenderId, orderJson: unknown): Promise<TenderState>;
  clear(id: TenderId, options?: ClearOptions): Promise<ClearingReport>;
  /** @throws AuctionError OUTCOME_NOT_READY */
  outcome(id: TenderId): Promise<SignedOutcome>;
}
