/**
 * Links over a channel: every message sealed for its own address (seal.ts), every address used once, every wait
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
import { freeLargeAtOnce } from '../random/free-at-once.ts';
import type { DirectionKeys } from './handshake.ts';
import type { LinkCounters, Links } from './links.ts';
import { DirectionSeal } from './seal.ts';
import { WaitLimit } from './wait-limit.ts';

export interface SealedLinksParameters {
  readonly sessionId: string;
  readonly attempt: number;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly keys: ReadonlyMap<PartyIndex, DirectionKeys>;
  /** A message that does not come ends the attempt after that long, or up to a quarter longer. */
  readonly messageTimeoutMs: number;
  /** Ends the attempt: every wait rejects with its reason, nothing more is sent. */
  readonly signal: AbortSignal;
}

interface Seals {
  readonly sending: DirectionSeal;
  readonly receiving: DirectionSeal;
  readonly received: AddressRegistry;
}

export class SealedLinks implements Links {
  readonly self: PartyIndex;
  readonly #channel: Channel;
  readonly #signal: AbortSignal;
  readonly #topic: string;
  readonly #seals: ReadonlyMap<PartyIndex, Seals>;
  readonly #limit: WaitLimit;
  readonly #sent = new AddressRegistry('a message sent as');
  #rounds = 0;
  #bytesSent = 0;

  constructor({ sessionId, attempt, channel, clock, keys, messageTimeoutMs, signal }: SealedLinksParameters) {
    const { self } = channel;
    this.self = self;
    this.#channel = channel;
    this.#signal = signal;
    this.#topic = `${sessionId}/attempt/${attempt}`;
    this.#seals = new Map(
      [...keys].map(([peer, { sending, receiving }]) => [
        peer,
        {
          sending: new DirectionSeal(sending, { sessionId, attempt, from: self, to: peer }),
          receiving: new DirectionSeal(receiving, { sessionId, attempt, from: peer, to: self }),
          received: new AddressRegistry(`a message received from party ${peer} as`),
        },
      ]),
    );
    this.#limit = new WaitLimit(clock, messageTimeoutMs, signal);
  }

  async send(step: string, parcels: ReadonlyMap<PartyIndex, Uint8Array>): Promise<void> {
    this.#signal.throwIfAborted();
    this.#sent.claim(step);
    const sealed = new Map<PartyIndex, Uint8Array>();
    for (const [to, plaintext] of parcels) {
      const parcel = this.#sealsWith(to).sending.seal(step, plaintext);
      this.#bytesSent += parcel.length;
      sealed.set(to, parcel);
    }
    this.#rounds += 1;
    await this.#channel.post(this.#topic, step, { to: sealed, givenUp: true });
  }

  async receive(step: string, from: PartyIndex): Promise<Uint8Array> {
    const { receiving, received } = this.#sealsWith(from);
    received.claim(step);
    const open = receiving.opening(step);
    const sealed = await this.#limit.run(
      () =>
        new MpcError('CHANNEL_TIMEOUT', `party ${from} sent nothing for step ${step} in time`, {
          step,
          party: from,
        }),
      (waiting) => this.#channel.collect(this.#topic, step, from, waiting),
    );
    const plaintext = open(sealed);
    freeLargeAtOnce(sealed);
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

  #sealsWith(peer: PartyIndex): Seals {
    const seals = this.#seals.get(peer);
    if (seals === undefined) throw new RangeError(`party ${peer} is no peer of party ${this.self}`);
    return seals;
  }
}
