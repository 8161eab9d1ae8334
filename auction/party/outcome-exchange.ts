/**
 * Signatures of the outcome, passed around through the outboxes.
 *
 * Each party posts the statement with its signature, once. Peers that sign another statement are an
 * OUTCOME_CONFLICT: one of them cheated or runs another program, and both signed statements are the proof. A
 * party that crashed before it had the result takes it over from its peers where both signed the same, since
 * one of the two is honest, instead of asking them to compute again.
 */

import type { Channel, Posted } from '../../mpc/channels/channel.ts';
import type { Clock } from '../../mpc/clock.ts';
import { MpcError } from '../../mpc/errors.ts';
import { type PartyIndex, peersOf } from '../../mpc/party.ts';
import { canonicalBytes } from '../canonical.ts';
import type { ClosingSet } from '../closing-set.ts';
import { AuctionError } from '../errors.ts';
import {
  checkOutcome,
  checkOutcomeOfSet,
  type OutcomeSignature,
  type OutcomeStatement,
  outcomeHash,
  type SignedOutcome,
} from '../outcome.ts';
import type { PartyRecords, TenderTerms } from '../tender.ts';
import { parseJson } from './closing-messages.ts';
import { Conversation } from './conversation.ts';
import { nodeSignatures } from './signatures-node.ts';
import type { AuctionStore } from './store.ts';

const STEP = 'signature';

export interface OutcomeExchangeParameters {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  readonly channel: Channel;
  readonly clock: Clock;
  /** For each peer's signature. */
  readonly signatureTimeoutMs: number;
  /** How often to look whether the peers have an outcome already. */
  readonly outcomeWatchIntervalMs: number;
}

export class OutcomeExchange {
  readonly #parameters: OutcomeExchangeParameters;
  readonly #topic: string;

  constructor(parameters: OutcomeExchangeParameters) {
    this.#parameters = parameters;
    this.#topic = `${parameters.terms.id}/outcome`;
  }

  /** @throws AuctionError OUTCOME_CONFLICT where this party posted another statement before */
  async post(statement: OutcomeStatement, own: OutcomeSignature, signal: AbortSignal): Promise<void> {
    const { channel } = this.#parameters;
    const document: SignedOutcome = { statement, signatures: [own] };
    const posted = await this.#conversation(signal).say(STEP, async () => canonicalBytes(document));
    this.#signatureIn(posted, channel.self, statement);
  }

  /**
   * Waits for the peers' signatures and keeps them; those that do not come in time are left out, for the next run.
   * @returns the outcome with all signatures known
   * @throws AuctionError OUTCOME_* where a peer posted anything but its signature of this statement
   */
  async gather(store: AuctionStore, own: SignedOutcome, signal: AbortSignal): Promise<SignedOutcome> {
    const { terms } = this.#parameters;
    const heard = await Promise.allSettled(
      this.#peersMissing(own).map(async (peer) => {
        const posted = await this.#conversation(signal).hear(STEP, peer);
        await store.putOutcomeSignature(terms.id, this.#signatureIn(posted, peer, own.statement));
      }),
    );
    for (const result of heard) {
      if (result.status === 'rejected' && !isTimeout(result.reason)) throw result.reason;
    }
    return (await store.outcome(terms.id))?.outcome ?? own;
  }

  /** Looks again and again until both peers have signed this statement; ends with the signal's reason. */
  async whenAllSigned(statement: OutcomeStatement, signal: AbortSignal): Promise<void> {
    const { channel, clock, outcomeWatchIntervalMs } = this.#parameters;
    for (;;) {
      const signatures = await Promise.all(peersOf(channel.self).map((peer) => this.#peek(peer, statement)));
      if (!signatures.includes(undefined)) return;
      await clock.sleep(outcomeWatchIntervalMs, signal);
    }
  }

  /** The statement that both peers signed, if they did and it fits the closing set. */
  async signedByBothPeers(set: ClosingSet): Promise<OutcomeStatement | undefined> {
    const { channel } = this.#parameters;
    const [first, second] = await Promise.all(peersOf(channel.self).map((peer) => this.#look(peer)));
    if (first === undefined || second === undefined) return undefined;
    const [next, previous] = peersOf(channel.self);
    try {
      const { statement } = this.#signedBy(first.bytes, next);
      this.#signatureIn(second.bytes, previous, statement);
      checkOutcomeOfSet(statement, set);
      return statement;
    } catch (error) {
      if (error instanceof AuctionError) return undefined;
      throw error;
    }
  }

  /** Looks again and again; ends with the signal's reason. */
  async whenSignedByBothPeers(set: ClosingSet, signal: AbortSignal): Promise<OutcomeStatement> {
    const { clock, outcomeWatchIntervalMs } = this.#parameters;
    for (;;) {
      const statement = await this.signedByBothPeers(set);
      if (statement !== undefined) return statement;
      await clock.sleep(outcomeWatchIntervalMs, signal);
    }
  }

  #peersMissing({ signatures }: SignedOutcome): readonly PartyIndex[] {
    const signed = new Set(signatures.map(({ party }) => party));
    return peersOf(this.#parameters.channel.self).filter((peer) => !signed.has(peer));
  }

  /** Undefined where nothing is there, and where what is there is no signature of this statement. */
  async #peek(peer: PartyIndex, statement: OutcomeStatement): Promise<OutcomeSignature | undefined> {
    const posted = await this.#look(peer);
    if (posted === undefined) return undefined;
    try {
      return this.#signatureIn(posted.bytes, peer, statement);
    } catch (error) {
      if (error instanceof AuctionError) return undefined;
      throw error;
    }
  }

  /** An outbox that cannot be reached now shows nothing; whoever waits looks again. */
  async #look(peer: PartyIndex): Promise<Posted | undefined> {
    try {
      return await this.#parameters.channel.latest(this.#topic, peer);
    } catch (error) {
      if (error instanceof MpcError && error.code === 'CHANNEL_UNAVAILABLE') return undefined;
      throw error;
    }
  }

  #conversation(signal: AbortSignal): Conversation {
    const { channel, clock, signatureTimeoutMs } = this.#parameters;
    return new Conversation({ channel, clock, topic: this.#topic, timeoutMs: signatureTimeoutMs, signal });
  }

  #signedBy(bytes: Uint8Array, from: PartyIndex): SignedOutcome {
    const signed = this.#outcomeIn(bytes, from);
    if (signed.signatures.some(({ party }) => party === from)) return signed;
    throw new AuctionError('OUTCOME_SIGNATURE', `party ${from} posted an outcome without its signature`, {
      party: from,
    });
  }

  /** A refusal names the party in whose outbox the document was, whomever the document names. */
  #outcomeIn(bytes: Uint8Array, from: PartyIndex): SignedOutcome {
    try {
      return checkOutcome(parseJson(bytes), { ...this.#parameters, required: 1 }, nodeSignatures);
    } catch (error) {
      if (!(error instanceof AuctionError)) throw error;
      throw new AuctionError(error.code, error.detail, { ...error.facts, party: from }, { cause: error });
    }
  }

  #signatureIn(bytes: Uint8Array, from: PartyIndex, statement: OutcomeStatement): OutcomeSignature {
    const signed = this.#signedBy(bytes, from);
    const [signature] = signed.signatures.filter(({ party }) => party === from);
    if (signature !== undefined && outcomeHash(signed.statement) === outcomeHash(statement)) return signature;
    throw new AuctionError('OUTCOME_CONFLICT', `party ${from} signed another outcome than this party`, {
      party: from,
      outcome: outcomeHash(signed.statement),
    });
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof MpcError && error.code === 'CHANNEL_TIMEOUT';
}
