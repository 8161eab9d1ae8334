/**
 * One topic of the outboxes as a conversation among the three parties: say something once, hear each peer.
 *
 * What a party says at a step is said for ever: after a crash, or beside another process of the same party, it
 * recalls what stands in its outbox and goes on from there, and never says a second thing. Waiting is bounded.
 */

import type { Channel } from '../../mpc/channels/channel.ts';
import type { Clock } from '../../mpc/clock.ts';
import { MpcError } from '../../mpc/errors.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { withDeadline } from '../../mpc/session/deadline.ts';

export interface ConversationParameters {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly topic: string;
  /** For each message of a peer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export class Conversation {
  readonly #parameters: ConversationParameters;

  constructor(parameters: ConversationParameters) {
    this.#parameters = parameters;
  }

  /**
   * Posts for everyone what `make` gives, unless something was posted before.
   * @returns what stands in the outbox
   */
  async say(step: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const { channel, topic } = this.#parameters;
    const said = await channel.recall(topic, step);
    if (said !== undefined) return said;
    const bytes = await make();
    try {
      await channel.post(topic, step, { everyone: bytes });
      return bytes;
    } catch (error) {
      if (!(error instanceof MpcError) || error.code !== 'CHANNEL_CONFLICT') throw error;
      const other = await channel.recall(topic, step);
      if (other === undefined) throw error;
      return other;
    }
  }

  /** @throws MpcError CHANNEL_TIMEOUT naming the party; the signal's reason */
  hear(step: string, from: PartyIndex): Promise<Uint8Array> {
    const { channel, clock, topic, timeoutMs, signal } = this.#parameters;
    const expired = () =>
      new MpcError('CHANNEL_TIMEOUT', `party ${from} did not send its ${step} in time`, {
        party: from,
        step,
      });
    return withDeadline(clock, timeoutMs, signal, expired, (waiting) =>
      channel.collect(topic, step, from, waiting),
    );
  }
}
