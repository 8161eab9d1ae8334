/**
 * Links over a channel: every message sealed under its own key (seal.ts), every address used once, every wait
 * bounded, everything counted.
 *
 * The channel may lose, delay, repeat, swap or rewrite items. A message that is not the sender's for exactly
 * this session, attempt, step and direction ends the attempt as forged; one that does not come, as a timeout.
 */

import type { Channel } from '../channels/channel.ts';
import type { Clock } from '../clock.ts';
import { MpcError } from '../errors.ts';
import type { PartyIndex } from '../party.ts';
import { AddressRegistry } from '../random/address-registry.ts';
import { withDeadline } from './deadline.ts';
import type { DirectionKeys } from './handshake.ts';
import type { LinkCounters, Links } from './links.ts';
import { seal, unseal } from './seal.ts';

export interface SealedLinksParameters {
  readonly sessionId: string;
  readonly attempt: number;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly keys: ReadonlyMap<PartyIndex, DirectionKeys>;
  readonly messageTimeoutMs: number;
  /** Ends the attempt: every wait rejects with its reason, nothing more is sent. */
  readonly signal: AbortSignal;
}

export class SealedLinks implements Links {
  readonly self: PartyIndex;
  readonly #parameters: SealedLinksParameters;
  readonly #topic: string;
  readonly #sent = new AddressRegistry('a message sent as');
  readonly #received = new AddressRegistry('a message received as');
  #rounds = 0;
  #bytesSent = 0;

  constructor(parameters: SealedLinksParameters) {
    this.self = parameters.channel.self;
    this.#parameters = parameters;
    this.#topic = `${parameters.sessionId}/attempt/${parameters.attempt}`;
  }

  async send(step: string, parcels: ReadonlyMap<PartyIndex, Uint8Array>): Promise<void> {
    const { channel, signal, sessionId, attempt } = this.#parameters;
    signal.throwIfAborted();
    this.#sent.claim(step);
    const sealed = new Map<PartyIndex, Uint8Array>();
    for (const [to, plaintext] of parcels) {
      const address = { sessionId, attempt, step, from: this.self, to };
      const parcel = seal(this.#keysWith(to).sending, address, plaintext);
      this.#bytesSent += parcel.length;
      sealed.set(to, parcel);
    }
    this.#rounds += 1;
    await channel.post(this.#topic, step, { to: sealed });
  }

  async receive(step: string, from: PartyIndex): Promise<Uint8Array> {
    const { channel, clock, messageTimeoutMs, signal, sessionId, attempt } = this.#parameters;
    this.#received.claim(`${step} from ${from}`);
    const keys = this.#keysWith(from);
    const sealed = await withDeadline(
      clock,
      messageTimeoutMs,
      signal,
      () =>
        new MpcError('CHANNEL_TIMEOUT', `party ${from} sent nothing for step ${step} in time`, {
          step,
          party: from,
        }),
      (waiting) => channel.collect(this.#topic, step, from, waiting),
    );
    const plaintext = unseal(keys.receiving, { sessionId, attempt, step, from, to: this.self }, sealed);
    if (plaintext === undefined) {
      throw new MpcError('MESSAGE_FORGED', `the message of party ${from} for step ${step} is not its own`, {
        step,
        from,
      });
    }
    return plaintext;
  }

  counters(): LinkCounters {
    return { rounds: this.#rounds, bytesSent: this.#bytesSent };
  }

  #keysWith(peer: PartyIndex): DirectionKeys {
    const keys = this.#parameters.keys.get(peer);
    if (keys === undefined) throw new RangeError(`party ${peer} is no peer of party ${this.self}`);
    return keys;
  }
}
