/**
 * What an attacker has recorded and what the honest parties did, in order: all items of all outboxes, the corrupt party's
 * messages before they were sealed, and a trace of every post, collection and mark.
 */

import type { Channel, Parcels } from '../../mpc/channels/channel.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import type { Links } from '../../mpc/session/links.ts';

export type Recipient = PartyIndex | 'everyone';

export interface TraceEvent {
  readonly party: PartyIndex;
  readonly kind: 'posted' | 'collected' | 'mark';
  /** The step, or the name of the mark. */
  readonly step: string;
  /** Whose item was collected. */
  readonly from?: PartyIndex;
}

interface RecordedItem {
  readonly attempt: 'earlier' | 'this';
  readonly step: string;
  readonly from: PartyIndex;
  readonly parcels: ReadonlyMap<Recipient, Uint8Array>;
}

/** All hellos are recorded under this step. */
export const HELLO = 'hello';

export function isHelloTopic(topic: string): boolean {
  return topic.endsWith('/hello');
}

export class Transcript {
  attempt: 'earlier' | 'this' = 'this';
  readonly events: TraceEvent[] = [];
  readonly #sealed: RecordedItem[] = [];
  readonly #plain: RecordedItem[] = [];

  record(event: TraceEvent): void {
    if (this.attempt === 'this') this.events.push(event);
  }

  /** As it lies in the outbox. */
  sealed(attempt: 'earlier' | 'this', step: string, from: PartyIndex, to: Recipient): Uint8Array | undefined {
    return find(this.#sealed, attempt, step, from, to);
  }

  /** What the party's links were given to seal. */
  plain(attempt: 'earlier' | 'this', step: string, from: PartyIndex, to: Recipient): Uint8Array | undefined {
    return find(this.#plain, attempt, step, from, to);
  }

  watchChannel(channel: Channel): Channel {
    const { self } = channel;
    return {
      self,
      post: (topic, step, parcels) => {
        const name = isHelloTopic(topic) ? HELLO : step;
        this.#sealed.push({ attempt: this.attempt, step: name, from: self, parcels: recipientsOf(parcels) });
        this.record({ party: self, kind: 'posted', step: name });
        return channel.post(topic, step, parcels);
      },
      collect: async (topic, step, from, signal) => {
        const bytes = await channel.collect(topic, step, from, signal);
        this.record({ party: self, kind: 'collected', step: isHelloTopic(topic) ? HELLO : step, from });
        return bytes;
      },
      recall: (topic, step) => channel.recall(topic, step),
      latest: (topic, from) => channel.latest(topic, from),
    };
  }

  watchLinks(links: Links): Links {
    return {
      self: links.self,
      receive: (step, from) => links.receive(step, from),
      counters: () => links.counters(),
      send: (step, parcels) => {
        const copied = new Map([...parcels].map(([to, bytes]) => [to, Uint8Array.from(bytes)]));
        this.#plain.push({ attempt: this.attempt, step, from: links.self, parcels: copied });
        return links.send(step, parcels);
      },
    };
  }
}

export function recipientsOf(parcels: Parcels): ReadonlyMap<Recipient, Uint8Array> {
  return 'everyone' in parcels ? new Map([['everyone', parcels.everyone]]) : parcels.to;
}

function find(
  items: readonly RecordedItem[],
  attempt: 'earlier' | 'this',
  step: string,
  from: PartyIndex,
  to: Recipient,
): Uint8Array | undefined {
  const item = items.find(
    (candidate) => candidate.attempt === attempt && candidate.step === step && candidate.from === from,
  );
  const bytes = item?.parcels.get(to);
  return bytes === undefined ? undefined : Uint8Array.from(bytes);
}
