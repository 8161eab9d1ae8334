/**
 * A whole auction on three local party processes: publish, submit in order, close, clear, and the checked
 * outcome. What `tacit demo` shows and `tacit auction run --channel outbox` measures.
 *
 * Auctioneer and bidders are played by this process, with fresh keys that nothing else knows; it talks to the
 * parties over HTTP alone, as strangers would.
 */

import { randomBytes } from 'node:crypto';
import type { BidLine } from '../auction/bids-csv.ts';
import { createCloseOrder } from '../auction/close-order.ts';
import { AuctionError } from '../auction/errors.ts';
import type { Invitation } from '../auction/invitation.ts';
import { invitationFor } from '../auction/invite-bidders.ts';
import type { SignedOutcome } from '../auction/outcome.ts';
import { nodeSignatures } from '../auction/party/signatures-node.ts';
import type { ClearingStatistics } from '../auction/party/statistics.ts';
import { sealBid } from '../auction/sealed-bid.ts';
import { createWithdrawal, type Submission } from '../auction/submission.ts';
import {
  type CheckedTender,
  checkTender,
  createTender,
  TENDER_NONCE_BYTES,
  type TenderId,
} from '../auction/tender.ts';
import type { TenderSpec } from '../auction/tender-spec.ts';
import { type Refusal, TacitClient } from '../client/tacit-client.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import type { ThreePartyName } from '../mpc/protocols/three-party.ts';
import type { PartyMessage } from './party-messages.ts';
import { PartyProcesses } from './processes.ts';

export interface LocalAuctionOptions {
  readonly directory: string;
  readonly spec: TenderSpec;
  readonly bids: readonly BidLine[];
  readonly protocol?: ThreePartyName;
  /** Seeds of bidders by name; those left out are drawn. A tender that lists its bidders needs theirs. */
  readonly bidderSecretKeys?: ReadonlyMap<string, Uint8Array>;
  /** Of the bidders whom the tender invites, as `inviteBidders` made them. */
  readonly invitations?: (tender: TenderId) => readonly Invitation[];
  readonly onProgress?: (progress: LocalAuctionProgress) => void;
  /** Ends the auction between two steps; the promise rejects with its reason once the parties have stopped. */
  readonly signal?: AbortSignal;
  /** How long all three may take from the close order to their reports. */
  readonly clearingTimeoutMs?: number;
}

export type LocalAuctionProgress =
  | { readonly step: 'parties-ready'; readonly processes: PartyProcesses; readonly tookMs: number }
  | { readonly step: 'published'; readonly tender: CheckedTender }
  | { readonly step: 'submitted'; readonly row: BidLine; readonly receipts: number; readonly done: number }
  | { readonly step: 'closed'; readonly submissions: number; readonly tookMs: number }
  | { readonly step: 'cleared'; readonly party: PartyIndex; readonly statistics: ClearingStatistics }
  | {
      readonly step: 'clearing-failed';
      readonly party: PartyIndex;
      readonly code: string;
      readonly detail: string;
    };

export interface LocalAuctionResult {
  readonly tender: CheckedTender;
  readonly outcome: SignedOutcome;
  /** Of parties 0, 1 and 2. */
  readonly statistics: readonly [ClearingStatistics, ClearingStatistics, ClearingStatistics];
  /** In the order they were sent. */
  readonly submissions: readonly Submission[];
}

/** A thousand bids of 64 bits clear within a minute on one core. */
const DEFAULT_CLEARING_TIMEOUT_MS = 300_000;

/** The reports of three parties about one tender. */
class ClearingReports {
  readonly #statistics = new Map<number, ClearingStatistics>();
  readonly #all = Promise.withResolvers<void>();
  readonly #onProgress: (progress: LocalAuctionProgress) => void;

  constructor(onProgress: (progress: LocalAuctionProgress) => void) {
    this.#onProgress = onProgress;
  }

  accept(message: PartyMessage): void {
    const party = PARTIES.find((index) => index === message.party);
    if (party === undefined) return;
    if (message.kind === 'clearing-failed') {
      this.#onProgress({ step: 'clearing-failed', party, code: message.code, detail: message.detail });
    } else if (message.kind === 'cleared') {
      this.#statistics.set(party, message.statistics);
      this.#onProgress({ step: 'cleared', party, statistics: message.statistics });
      if (this.#statistics.size === PARTIES.length) this.#all.resolve();
    }
  }

  async all(timeoutMs: number): Promise<LocalAuctionResult['statistics']> {
    const timer = setTimeout(
      () =>
        this.#all.reject(
          new AuctionError('OUTCOME_NOT_READY', `no outcome within ${timeoutMs} ms; see party.log`),
        ),
      timeoutMs,
    );
    // What keeps this process alive is the parties; once they are gone nothing is waited for.
    timer.unref();
    await this.#all.promise.finally(() => clearTimeout(timer));
    const of = (party: PartyIndex) => {
      const statistics = this.#statistics.get(party);
      if (statistics === undefined) throw new Error(`party ${party} reported no statistics`);
      return statistics;
    };
    return [of(0), of(1), of(2)];
  }
}

/**
 * Runs the auction, hands the live processes and the result to `use`, then stops the processes.
 * @throws AuctionError, PartyClientError; whatever `use` throws
 */
export async function runLocalAuction<Value>(
  options: LocalAuctionOptions,
  use: (result: LocalAuctionResult, processes: PartyProcesses) => Promise<Value>,
): Promise<Value> {
  const onProgress = options.onProgress ?? (() => {});
  const reports = new ClearingReports(onProgress);
  const startedAt = performance.now();
  const processes = await PartyProcesses.start(options.directory, {
    ...(options.protocol === undefined ? {} : { protocol: options.protocol }),
    onMessage: (message) => reports.accept(message),
  });
  const run = async () => {
    onProgress({ step: 'parties-ready', processes, tookMs: performance.now() - startedAt });
    const client = new TacitClient(processes.urls, { receiptSignatures: nodeSignatures });
    const auctioneer = new Uint8Array(randomBytes(32));
    const tender = await publish(client, options.spec, processes, auctioneer);
    onProgress({ step: 'published', tender });
    const submissionsStartedAt = performance.now();
    const submissions = await submitAll(client, tender, options, onProgress);
    const order = createCloseOrder(tender.id, auctioneer, nodeSignatures);
    requireAll(await client.close(tender.id, order));
    onProgress({
      step: 'closed',
      submissions: submissions.length,
      tookMs: performance.now() - submissionsStartedAt,
    });
    const statistics = await reports.all(options.clearingTimeoutMs ?? DEFAULT_CLEARING_TIMEOUT_MS);
    const outcome = await client.outcome(tender, 3);
    return await use({ tender, outcome, statistics, submissions }, processes);
  };
  try {
    return await unlessAborted(run(), options.signal);
  } finally {
    await processes.stop();
  }
}

/** Settles as the task does, or with the signal's reason as soon as that aborts. */
async function unlessAborted<Value>(task: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return await task;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function publish(
  client: TacitClient,
  spec: TenderSpec,
  { consortium }: PartyProcesses,
  auctioneer: Uint8Array,
): Promise<CheckedTender> {
  const [first, second, third] = consortium.parties;
  const records = [first.record, second.record, third.record] as const;
  const nonce = new Uint8Array(randomBytes(TENDER_NONCE_BYTES));
  const signed = createTender(spec, records, auctioneer, nonce, nodeSignatures);
  requireAll(await client.publish(signed));
  return checkTender(signed, nodeSignatures);
}

/** One after the other: their order decides ties. */
async function submitAll(
  client: TacitClient,
  tender: CheckedTender,
  { bids: rows, bidderSecretKeys, invitations, signal }: LocalAuctionOptions,
  onProgress: (progress: LocalAuctionProgress) => void,
): Promise<readonly Submission[]> {
  const secretKeys = new Map(bidderSecretKeys);
  const links = invitations?.(tender.id) ?? [];
  const versions = new Map<string, number>();
  const submissions: Submission[] = [];
  for (const row of rows) {
    signal?.throwIfAborted();
    const secretKey = secretKeys.get(row.bidder) ?? new Uint8Array(randomBytes(32));
    secretKeys.set(row.bidder, secretKey);
    const place = JSON.stringify([row.bidder, row.lot]);
    const version = (versions.get(place) ?? 0) + 1;
    versions.set(place, version);
    const invitation = invitationFor(links, row.bidder, secretKey, nodeSignatures);
    const submission = await submissionOf(tender, row, secretKey, version, invitation);
    const { receipts, refusals } = await client.submit(submission, tender);
    requireAll(refusals);
    submissions.push(submission);
    onProgress({ step: 'submitted', row, receipts: receipts.length, done: submissions.length });
  }
  return submissions;
}

async function submissionOf(
  { terms, signed }: CheckedTender,
  { bidder, lot, amount }: BidLine,
  bidderSecretKey: Uint8Array,
  version: number,
  invitation: string | undefined,
): Promise<Submission> {
  const facts = { terms, lot, bidder, bidderSecretKey, version, invitation, signatures: nodeSignatures };
  if (amount === 'withdraw') return createWithdrawal(facts);
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  return await sealBid({ ...facts, parties: signed.tender.parties, amount, random });
}

/** On one machine a party that is down is a fault, not weather. */
function requireAll(refusals: readonly Refusal[]): void {
  const [first] = refusals;
  if (first === undefined) return;
  throw new PartyRefusedError(first);
}

/** A party refused, or did not answer, where all three were needed. */
export class PartyRefusedError extends Error {
  readonly code: string;
  readonly detail: string;

  constructor({ party, code, detail }: Refusal) {
    super(`${code}: party ${party}: ${detail}`);
    this.name = 'PartyRefusedError';
    this.code = code;
    this.detail = `party ${party}: ${detail}`;
  }
}
