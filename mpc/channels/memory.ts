/**
 * Three outboxes in one process: for tests and benchmarks.
 *
 * The channels share nothing but the outboxes, bytes are copied on the way in and out, and the rules are those
 * of the real ones: written once, read by anybody, addressed to some. Two hooks make it a laboratory: `deliver`
 * sees every item as a peer is about to read it and may change or withhold it, `delayMs` lets items become
 * visible to peers only later.
 */

import { equalBytes } from '../bytes.ts';
import type { Clock } from '../clock.ts';
import { PARTIES, type PartyIndex } from '../party.ts';
import { conflict, noParcel, requireAddress, requireWithinBound } from './address.ts';
import type { Channel, Parcels, Posted } from './channel.ts';

/** One parcel as it is about to reach a party. */
export interface Delivery {
  readonly topic: string;
  readonly step: string;
  readonly from: PartyIndex;
  readonly to: PartyIndex;
  readonly bytes: Uint8Array;
}

export interface MemoryNetworkOptions {
  /** One-way delay from posting to visibility for peers, for benchmarks. */
  readonly delay?: { readonly durationMs: number; readonly clock: Clock };
  /** What the reader gets instead; undefined withholds the item for good. */
  readonly deliver?: (delivery: Delivery) => Uint8Array | undefined;
}

/** The channels of parties 0, 1 and 2 over outboxes that live as long as the network. */
export function createMemoryNetwork(
  options: MemoryNetworkOptions = {},
): readonly [Channel, Channel, Channel] {
  const outboxes: readonly [Outbox, Outbox, Outbox] = [new Outbox(), new Outbox(), new Outbox()];
  const channel = (self: PartyIndex): Channel => new MemoryChannel(self, outboxes, options);
  return [channel(PARTIES[0]), channel(PARTIES[1]), channel(PARTIES[2])];
}

interface Item {
  readonly topic: string;
  readonly step: string;
  readonly parcels: Parcels;
  visible: boolean;
}

class Outbox {
  readonly #items = new Map<string, Item>();
  readonly #waiting = new Map<string, Set<(item: Item) => void>>();

  get(topic: string, step: string): Item | undefined {
    return this.#items.get(key(topic, step));
  }

  add(item: Item): void {
    this.#items.set(key(item.topic, item.step), item);
  }

  publish(item: Item): void {
    item.visible = true;
    const address = key(item.topic, item.step);
    for (const wake of this.#waiting.get(address) ?? []) wake(item);
    this.#waiting.delete(address);
  }

  /** The item once it is visible. */
  async visible(topic: string, step: string, signal: AbortSignal): Promise<Item> {
    signal.throwIfAborted();
    const item = this.get(topic, step);
    if (item?.visible) return item;
    const { promise, resolve, reject } = Promise.withResolvers<Item>();
    const waiting = this.#waiting.get(key(topic, step)) ?? new Set();
    this.#waiting.set(key(topic, step), waiting.add(resolve));
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      waiting.delete(resolve);
    }
  }

  ofTopic(topic: string): readonly Item[] {
    return [...this.#items.values()].filter((item) => item.topic === topic);
  }
}

class MemoryChannel implements Channel {
  readonly self: PartyIndex;
  readonly #outboxes: readonly [Outbox, Outbox, Outbox];
  readonly #options: MemoryNetworkOptions;

  constructor(self: PartyIndex, outboxes: readonly [Outbox, Outbox, Outbox], options: MemoryNetworkOptions) {
    this.self = self;
    this.#outboxes = outboxes;
    this.#options = options;
  }

  async post(topic: string, step: string, parcels: Parcels): Promise<void> {
    requireAddress(topic, step);
    requireWithinBound(step, parcels);
    const outbox = this.#outboxes[this.self];
    const present = outbox.get(topic, step);
    if (present !== undefined) {
      if (!sameParcels(present.parcels, parcels)) throw conflict(topic, step);
      return;
    }
    const item: Item = { topic, step, parcels: copyParcels(parcels), visible: false };
    outbox.add(item);
    const { delay } = this.#options;
    if (delay === undefined) outbox.publish(item);
    else void delay.clock.sleep(delay.durationMs).then(() => outbox.publish(item));
  }

  async collect(topic: string, step: string, from: PartyIndex, signal: AbortSignal): Promise<Uint8Array> {
    requireAddress(topic, step);
    const { parcels } = await this.#outboxes[from].visible(topic, step, signal);
    const bytes = 'everyone' in parcels ? parcels.everyone : parcels.to.get(this.self);
    if (bytes === undefined) throw noParcel(topic, step, from);
    const delivered = this.#deliver(topic, step, from, bytes);
    return delivered ?? neverUntil(signal);
  }

  async recall(topic: string, step: string): Promise<Uint8Array | undefined> {
    const parcels = this.#outboxes[this.self].get(topic, step)?.parcels;
    return parcels !== undefined && 'everyone' in parcels ? copyOf(parcels.everyone) : undefined;
  }

  async latest(topic: string, from: PartyIndex): Promise<Posted | undefined> {
    let latest: Posted | undefined;
    for (const { step, parcels, visible } of this.#outboxes[from].ofTopic(topic)) {
      if (!('everyone' in parcels) || !(visible || from === this.self)) continue;
      if (latest !== undefined && step < latest.step) continue;
      const bytes = this.#deliver(topic, step, from, parcels.everyone);
      if (bytes !== undefined) latest = { step, bytes };
    }
    return latest;
  }

  #deliver(topic: string, step: string, from: PartyIndex, bytes: Uint8Array): Uint8Array | undefined {
    const copy = copyOf(bytes);
    const { deliver } = this.#options;
    if (deliver === undefined || from === this.self) return copy;
    return deliver({ topic, step, from, to: this.self, bytes: copy });
  }
}

function neverUntil(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
}

function key(topic: string, step: string): string {
  return `${topic}#${step}`;
}

function copyParcels(parcels: Parcels): Parcels {
  if ('everyone' in parcels) return { everyone: copyOf(parcels.everyone) };
  return { to: new Map([...parcels.to].map(([party, bytes]) => [party, copyOf(bytes)])) };
}

/** A copy of a Buffer too, whose `slice` is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function sameParcels(left: Parcels, right: Parcels): boolean {
  if ('everyone' in left) return 'everyone' in right && equalBytes(left.everyone, right.everyone);
  if ('everyone' in right || left.to.size !== right.to.size) return false;
  return [...left.to].every(([party, bytes]) => {
    const other = right.to.get(party);
    return other !== undefined && equalBytes(bytes, other);
  });
}
