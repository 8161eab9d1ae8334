/**
 * One party's side of an auction: what its API handlers, its clearing engine and the local host call.
 *
 * A party trusts its own store and clock, and nobody else: tenders, bids and close orders are signed documents,
 * and what its peers say is checked message by message (`closing.ts`, `outcome-exchange.ts`). Two honest parties
 * of three decide which bids count, and no party alone can make the computation end in a wrong outcome (`clearing.ts`).
 *
 * Every method may be repeated after a crash at any point and then does what is left to do.
 */

import type { EpochMs } from '../../mpc/clock.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { toBase64url } from '../canonical.ts';
import { checkCloseOrder } from '../close-order.ts';
import { AuctionError } from '../errors.ts';
import type { SignedOutcome } from '../outcome.ts';
import type { Receipt } from '../receipt.ts';
import type { TenderState } from '../state.ts';
import {
  type CheckedTender,
  checkTender,
  type PartyRecord,
  type SignedTender,
  type TenderId,
} from '../tender.ts';
import { type ClearingReport, ClearingRun, type ClearOptions } from './clearing-run.ts';
import { listedAtClosing } from './closing.ts';
import { takeIn } from './intake.ts';
import { partyRecordOf } from './keys.ts';
import type { PartyParameters } from './party-parameters.ts';
import { nodeSignatures } from './signatures-node.ts';
import { advance } from './state-advance.ts';
import type { TenderPage, TenderPageRequest } from './store.ts';
import { DEFAULT_TIMEOUTS, type PartyTimeouts } from './timeouts.ts';

export type { ClearingProgress, ClearingReport, ClearOptions } from './clearing-run.ts';

/** Tenders are immutable and a few KB each; a busy party has tens open at a time. */
const MAX_CACHED_TENDERS = 200;

/** Of a topic that nobody has posted in: drawn, or a peer would put something there that is dear to read. */
const UNUSED_TOPIC_BYTES = 16;

export class AuctionParty {
  readonly #parameters: PartyParameters;
  readonly #timeouts: PartyTimeouts;
  readonly #tenders = new Map<TenderId, CheckedTender>();
  readonly #clearing = new Set<TenderId>();

  constructor(parameters: PartyParameters) {
    this.#parameters = parameters;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...parameters.timeouts };
  }

  /**
   * Accepts a tender that names this party and its peers with the keys known here. Idempotent.
   * @throws AuctionError TENDER_MALFORMED, LOT_DUPLICATE, AMOUNT_*, TENDER_SIGNATURE, TENDER_PARTIES_MISMATCH
   */
  async publishTender(json: unknown): Promise<{ id: TenderId; record: PartyRecord }> {
    const { keys, peers, store } = this.#parameters;
    const { id, signed, terms } = checkTender(json, nodeSignatures);
    for (const { index, signingKey, sealingKey } of signed.tender.parties) {
      const known = index === keys.index ? partyRecordOf(keys) : peers[index];
      if (known.signingKey === signingKey && known.sealingKey === sealingKey) continue;
      throw new AuctionError(
        'TENDER_PARTIES_MISMATCH',
        `the tender names other keys of party ${index} than this party knows`,
        { party: index },
      );
    }
    if (terms.closesAt !== undefined) {
      await store.putDue({ id, dueAtMs: terms.closesAt, notedAtMs: await this.#timeFor(id) });
    }
    await store.putTender(id, signed);
    return { id, record: partyRecordOf(keys) };
  }

  /** @throws AuctionError TENDER_UNKNOWN */
  async tender(id: TenderId): Promise<{ signed: SignedTender; state: TenderState }> {
    const { signed } = await this.#known(id);
    return { signed, state: (await this.#parameters.store.state(id)).state };
  }

  /** The ids of all tenders published here. */
  tenders(): Promise<readonly TenderId[]> {
    return this.#parameters.store.tenders();
  }

  /** Some of them, in the order of their ids. */
  tenderPage(request: TenderPageRequest): Promise<TenderPage> {
    return this.#parameters.store.tenderPage(request);
  }

  /**
   * Returns where the outbox of a party, the own one included, answers this party: one read of what is not there.
   * @throws MpcError CHANNEL_UNAVAILABLE, CHANNEL_REFUSED
   */
  async lookAtOutbox(party: PartyIndex): Promise<void> {
    const { channel, random } = this.#parameters;
    await channel.latest(`unused/${toBase64url(random(UNUSED_TOPIC_BYTES))}`, party);
  }

  /**
   * A bid or a withdrawal; the same one again gets the same receipt.
   * @throws AuctionError TENDER_UNKNOWN, and what `takeIn` refuses
   */
  async submit(id: TenderId, json: unknown): Promise<Receipt> {
    const { terms, signed } = await this.#known(id);
    const context = { ...this.#parameters, terms, parties: signed.tender.parties };
    const listed = (submission: string) => listedAtClosing(context, submission);
    return await takeIn({ ...this.#parameters, terms, listed }, json);
  }

  /** @throws AuctionError TENDER_UNKNOWN, CLOSE_MALFORMED, CLOSE_OTHER_TENDER, CLOSE_UNAUTHORISED */
  async close(id: TenderId, orderJson: unknown): Promise<TenderState> {
    const { signed, terms } = await this.#known(id);
    checkCloseOrder(orderJson, signed, nodeSignatures);
    return await advance(this.#parameters, terms, { kind: 'close-ordered' });
  }

  /**
   * Agrees on the closing set, computes, signs, and gathers the peers' signatures; closes the tender itself
   * where its deadline has passed. All three parties must run it at about the same time.
   * @returns the outcome with the signatures known, this party's at least
   * @throws AuctionError TENDER_UNKNOWN, CLOSE_BEFORE_DEADLINE, CLEARING_BUSY, CLOSING_*, COIN_*, OUTCOME_*;
   *   MpcError, after which it may be run again; `blameOf` says of each of them who is at fault, as far as that
   *   can be known
   */
  async clear(id: TenderId, options: ClearOptions = {}): Promise<ClearingReport> {
    const checked = await this.#known(id);
    if (this.#clearing.has(id)) {
      throw new AuctionError('CLEARING_BUSY', 'this process is clearing the tender already');
    }
    this.#clearing.add(id);
    try {
      return await new ClearingRun(this.#parameters, this.#timeouts, checked, options).run();
    } finally {
      this.#clearing.delete(id);
    }
  }

  /**
   * The outcome with the signatures that are stored here. Asks no peer: those that come later are there once the
   * tender was cleared again, which is due while there are fewer than three.
   * @throws AuctionError TENDER_UNKNOWN, OUTCOME_NOT_READY with the phase
   */
  async outcome(id: TenderId): Promise<SignedOutcome> {
    const { store } = this.#parameters;
    await this.#known(id);
    const stored = await store.outcome(id);
    if (stored !== undefined) return stored.outcome;
    const { phase } = (await store.state(id)).state;
    throw new AuctionError('OUTCOME_NOT_READY', `the tender is ${phase}`, { phase });
  }

  /** How many parties' signatures of the outcome are stored here; 0 without an outcome. Asks no peer. */
  async signatures(id: TenderId): Promise<number> {
    return (await this.#parameters.store.outcome(id))?.outcome.signatures.length ?? 0;
  }

  /**
   * Where nothing was read before. A clock that is judged by the store's answers may refuse for an answer of long ago, and
   * would for ever, since nothing is asked after that: it is asked once more behind a new one.
   */
  async #timeFor(id: TenderId): Promise<EpochMs> {
    const { clock, store } = this.#parameters;
    try {
      return clock.now();
    } catch {
      await store.state(id);
      return clock.now();
    }
  }

  async #known(id: TenderId): Promise<CheckedTender> {
    const cached = this.#tenders.get(id);
    if (cached !== undefined) return cached;
    const signed = await this.#parameters.store.tender(id);
    if (signed === undefined) throw new AuctionError('TENDER_UNKNOWN', 'no such tender was published here');
    const checked = checkTender(signed, nodeSignatures);
    const [oldest] = this.#tenders.keys();
    if (oldest !== undefined && this.#tenders.size >= MAX_CACHED_TENDERS) this.#tenders.delete(oldest);
    this.#tenders.set(id, checked);
    return checked;
  }
}
