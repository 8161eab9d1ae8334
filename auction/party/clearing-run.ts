/**
 * One run of clearing a tender at one party, from its stored state to the signed outcome.
 *
 * The outcome is stored, write-once, before its signature leaves this party, and a stored outcome is never
 * computed again into another: so a party signs one statement for a tender, ever, whatever crashes. A run after
 * a crash repeats the closing agreement from the outboxes and begins a new attempt, or takes over what both
 * peers signed meanwhile. A party that has its outcome while a peer still lacks one takes part again, for that
 * peer's sake: the inputs and so the result are the same, and nothing new is revealed.
 */

import { MpcError } from '../../mpc/errors.ts';
import { PARTIES } from '../../mpc/party.ts';
import { DEFAULT_PROTOCOL } from '../../mpc/protocols/three-party.ts';
import { AuctionError } from '../errors.ts';
import { checkCoins } from '../lottery.ts';
import {
  checkOutcomeOfSet,
  type OutcomeStatement,
  outcomeHash,
  type SignedOutcome,
  signOutcome,
} from '../outcome.ts';
import { checkOutcomeRules } from '../outcome-rules.ts';
import type { CheckedTender } from '../tender.ts';
import { assignBlame } from './blame.ts';
import { Witness } from './blame-witness.ts';
import { type Computed, computeOutcome, type SessionStage, statisticsWithoutSession } from './clearing.ts';
import { agreeOnClosing, type Closing, type ClosingStep } from './closing.ts';
import { OutcomeExchange } from './outcome-exchange.ts';
import type { PartyParameters } from './party-parameters.ts';
import { advance } from './state-advance.ts';
import type { ClearingStatistics } from './statistics.ts';
import type { StoredOutcome } from './store.ts';
import type { PartyTimeouts } from './timeouts.ts';

export interface ClearingReport {
  readonly outcome: SignedOutcome;
  readonly statistics: ClearingStatistics;
}

/** Where a clearing stands; public facts only. */
export type ClearingProgress =
  | { readonly stage: 'closing'; readonly step: ClosingStep }
  | SessionStage
  | { readonly stage: 'signing' };

export interface ClearOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ClearingProgress) => void;
}

export class ClearingRun {
  readonly #parameters: PartyParameters;
  readonly #timeouts: PartyTimeouts;
  readonly #checked: CheckedTender;
  readonly #exchange: OutcomeExchange;
  readonly #witness: Witness;
  readonly #signal: AbortSignal;
  readonly #onProgress: (progress: ClearingProgress) => void;

  constructor(
    parameters: PartyParameters,
    timeouts: PartyTimeouts,
    checked: CheckedTender,
    { signal, onProgress }: ClearOptions,
  ) {
    this.#witness = new Witness(parameters.channel, checked.id);
    this.#parameters = { ...parameters, channel: this.#witness };
    this.#timeouts = timeouts;
    this.#checked = checked;
    this.#signal = signal ?? new AbortController().signal;
    this.#onProgress = onProgress ?? (() => {});
    this.#exchange = new OutcomeExchange({
      ...this.#parameters,
      ...timeouts,
      terms: checked.terms,
      parties: checked.signed.tender.parties,
    });
  }

  /** Errors that leave here have their blame (`blameOf`). */
  async run(): Promise<ClearingReport> {
    try {
      return await this.#run();
    } catch (error) {
      await assignBlame(error, {
        parameters: this.#parameters,
        tender: this.#checked,
        witness: this.#witness,
        timeoutMs: this.#timeouts.closingTimeoutMs,
        signal: this.#signal,
      });
      throw error;
    }
  }

  async #run(): Promise<ClearingReport> {
    const { store } = this.#parameters;
    const { id } = this.#checked;
    const stored = (await store.outcome(id)) ?? (await this.#reachOutcome());
    const report = await this.#finish(stored);
    return report.outcome.signatures.length === PARTIES.length ? report : await this.#help(report, stored);
  }

  async #reachOutcome(): Promise<StoredOutcome> {
    await advance(this.#parameters, this.#checked.terms, { kind: 'deadline-passed' });
    const closing = await this.#agree();
    const computed = await this.#computeOrTakeOver(closing);
    this.#requireSignable(computed.statement, closing);
    return await this.#keep(computed);
  }

  /**
   * Nothing is signed that could be held against this party: where a protocol without verification let a peer
   * bend the result, this party would have signed what its own rules exclude.
   */
  #requireSignable(statement: OutcomeStatement, { lists, set }: Closing): void {
    checkOutcomeRules(statement, this.#checked.terms);
    checkOutcomeOfSet(statement, set);
    if (statement.coins !== undefined) checkCoins(lists, statement.coins);
  }

  async #agree(): Promise<Closing> {
    const { store } = this.#parameters;
    const { id, terms, signed } = this.#checked;
    const { state } = await store.state(id);
    if (state.phase === 'open') throw new AuctionError('STATE_CONFLICT', 'the tender is still open');
    const closing = await agreeOnClosing({
      ...this.#parameters,
      terms,
      parties: signed.tender.parties,
      closedAt: state.closedAt,
      timeoutMs: this.#timeouts.closingTimeoutMs,
      signal: this.#signal,
      onStep: (step) => this.#onProgress({ stage: 'closing', step }),
    });
    await advance(this.#parameters, terms, { kind: 'set-agreed', closingRoot: closing.set.root });
    return closing;
  }

  async #computeOrTakeOver(closing: Closing): Promise<Computed> {
    const signedBefore = await this.#exchange.signedByBothPeers(closing.set);
    const takenOver = (statement: Computed['statement']): Computed => ({
      statement,
      statistics: statisticsWithoutSession(
        this.#checked.terms,
        closing,
        this.#parameters.protocol ?? DEFAULT_PROTOCOL,
      ),
    });
    if (signedBefore !== undefined) return takenOver(signedBefore);
    return await this.#firstOf([
      (signal) => this.#compute(closing, signal),
      async (signal) => takenOver(await this.#exchange.whenSignedByBothPeers(closing.set, signal)),
    ]);
  }

  #compute(closing: Closing, signal: AbortSignal): Promise<Computed> {
    const { terms, signed } = this.#checked;
    return computeOutcome({
      ...this.#parameters,
      ...this.#timeouts,
      terms,
      parties: signed.tender.parties,
      closing,
      signal,
      onStage: this.#onProgress,
    });
  }

  /** @throws AuctionError OUTCOME_CONFLICT where this party signed another statement before */
  async #keep({ statement, statistics }: Computed): Promise<StoredOutcome> {
    const { keys, store } = this.#parameters;
    const { id } = this.#checked;
    const outcome: SignedOutcome = {
      statement,
      signatures: [signOutcome(statement, keys.index, keys.signing)],
    };
    if ((await store.putOutcome(id, { outcome, statistics })) === 'stored') return { outcome, statistics };
    const kept = await store.outcome(id);
    if (kept !== undefined && outcomeHash(kept.outcome.statement) === outcomeHash(statement)) return kept;
    throw new AuctionError('OUTCOME_CONFLICT', 'this party already signed another outcome of this tender');
  }

  /** Posts the own signature and waits for those of the peers. */
  async #finish(stored: StoredOutcome): Promise<ClearingReport> {
    const { keys, store } = this.#parameters;
    const { terms } = this.#checked;
    const { statement } = stored.outcome;
    await advance(this.#parameters, terms, { kind: 'outcome-signed', outcomeHash: outcomeHash(statement) });
    this.#onProgress({ stage: 'signing' });
    await this.#exchange.post(statement, signOutcome(statement, keys.index, keys.signing), this.#signal);
    const outcome = await this.#exchange.gather(store, stored.outcome, this.#signal);
    return { outcome, statistics: stored.statistics };
  }

  /**
   * A peer has not signed: it may have crashed before it had the result, and cannot reach it without this party.
   * So this party computes with it once more, until it signs or stays away for as long as attempts wait.
   */
  async #help(report: ClearingReport, stored: StoredOutcome): Promise<ClearingReport> {
    try {
      const closing = await this.#agree();
      await this.#firstOf<unknown>([
        async (signal) => this.#keep(await this.#compute(closing, signal)),
        (signal) => this.#exchange.whenAllSigned(stored.outcome.statement, signal),
      ]);
    } catch (error) {
      if (!(error instanceof MpcError)) throw error;
      return report;
    }
    return await this.#finish(stored);
  }

  /** The first to end decides; the others are stopped. */
  async #firstOf<Result>(tasks: readonly ((signal: AbortSignal) => Promise<Result>)[]): Promise<Result> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    try {
      return await Promise.race(tasks.map((task) => task(signal)));
    } finally {
      stop.abort(new MpcError('CHANNEL_CLOSED', 'another way to the outcome was faster'));
    }
  }
}
