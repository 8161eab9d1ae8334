/**
 * What one peer has pushed and this party has not collected yet.
 *
 * A parcel is dropped once collected. An item for everyone is kept as long as it is the latest of its topic. A peer
 * may run ahead by the rounds that a protocol lets it, and a few questions of the auction beside; one that pushes more
 * than MAX_UNREAD_BYTES unread is cut off, so that it cannot fill this party's memory.
 */

import { MpcError } from '../../errors.ts';
import type { PartyIndex } from '../../party.ts';
import { noParcel } from '../address.ts';
import { MAX_MESSAGE_BYTES, type Posted } from '../channel.ts';

/** Three of the largest messages: the round awaited, and two that a peer can be ahead. */
export const MAX_UNREAD_BYTES = 3 * MAX_MESSAGE_BYTES;

/** What an item costs beside its bytes: its address twice, and its places in maps. */
const ITEM_OVERHEAD_BYTES = 4096;

interface Waiter {
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (reason: unknown) => void;
  readonly address: string;
  /** All waiters under the same signal. */
  readonly company: Set<Waiter>;
}

const NOBODY: Waiter[] = [];

export class Inbox {
  readonly #from: PartyIndex;
  readonly #unread = new Map<string, Uint8Array>();
  readonly #latest = new Map<string, Posted>();
  readonly #waiting = new Map<string, Waiter[]>();
  /** One listener for each signal, because many short waits share one and adding a listener costs as much as a wait. */
  readonly #companies = new WeakMap<AbortSignal, Set<Waiter>>();
  #unreadBytes = 0;
  #closedBy: MpcError | undefined;

  constructor(from: PartyIndex) {
    this.#from = from;
  }

  /**
   * An item has come. A second one for the same address while the first is unread is ignored: items are written once.
   * @throws MpcError CHANNEL_FLOODED
   */
  accept(topic: string, step: string, bytes: Uint8Array, forEveryone: boolean): void {
    if (forEveryone) this.#keepLatest(topic, step, bytes);
    const address = `${topic}#${step}`;
    if (this.wake(address, bytes) || this.#unread.has(address)) return;
    this.#unread.set(address, bytes);
    this.#count(bytes.length + ITEM_OVERHEAD_BYTES);
  }

  /** Gives the bytes to whoever waits; false where nobody does. */
  wake(address: string, bytes: Uint8Array): boolean {
    const waiters = this.#end(address);
    for (const { resolve } of waiters) resolve(bytes);
    return waiters.length > 0;
  }

  /** The peer says that it posted this item without a parcel for this party. */
  acceptNothing(topic: string, step: string): void {
    for (const { reject } of this.#end(`${topic}#${step}`)) reject(noParcel(topic, step, this.#from));
  }

  /** @throws MpcError CHANNEL_CLOSED once the peer is gone, CHANNEL_ITEM_MALFORMED, or the signal's reason */
  collect(topic: string, step: string, signal: AbortSignal): Promise<Uint8Array> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const address = `${topic}#${step}`;
    const bytes = this.#unread.get(address);
    if (bytes !== undefined) {
      this.#unread.delete(address);
      this.#unreadBytes -= bytes.length + ITEM_OVERHEAD_BYTES;
      return Promise.resolve(bytes);
    }
    const latest = this.#latest.get(topic);
    if (latest?.step === step) return Promise.resolve(latest.bytes);
    if (this.#closedBy !== undefined) return Promise.reject(this.#closedBy);
    return this.#wait(address, signal);
  }

  latest(topic: string): Posted | undefined {
    return this.#latest.get(topic);
  }

  /** Addresses that are being waited for, as `topic#step`. */
  awaited(): Iterable<string> {
    return this.#waiting.keys();
  }

  /** Nothing more will come; what came can still be collected. */
  close(reason: MpcError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    for (const address of [...this.#waiting.keys()]) {
      for (const { reject } of this.#end(address)) reject(reason);
    }
  }

  #wait(address: string, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const company = this.#companies.get(signal) ?? this.#listenTo(signal);
      const waiter = { resolve, reject, address, company };
      company.add(waiter);
      const waiters = this.#waiting.get(address);
      if (waiters === undefined) this.#waiting.set(address, [waiter]);
      else waiters.push(waiter);
    });
  }

  /** The waiters of an address, who wait no longer. */
  #end(address: string): readonly Waiter[] {
    const waiters = this.#waiting.get(address);
    if (waiters === undefined) return NOBODY;
    this.#waiting.delete(address);
    for (const waiter of waiters) waiter.company.delete(waiter);
    return waiters;
  }

  #listenTo(signal: AbortSignal): Set<Waiter> {
    const company = new Set<Waiter>();
    this.#companies.set(signal, company);
    signal.addEventListener(
      'abort',
      () => {
        for (const waiter of company) {
          const left = this.#waiting.get(waiter.address)?.filter((other) => other !== waiter) ?? NOBODY;
          if (left.length === 0) this.#waiting.delete(waiter.address);
          else this.#waiting.set(waiter.address, left);
          waiter.reject(signal.reason);
        }
        company.clear();
      },
      { once: true },
    );
    return company;
  }

  #keepLatest(topic: string, step: string, bytes: Uint8Array): void {
    const present = this.#latest.get(topic);
    if (present !== undefined && step <= present.step) return;
    this.#latest.set(topic, { step, bytes });
    this.#count(bytes.length - (present?.bytes.length ?? -ITEM_OVERHEAD_BYTES));
  }

  #count(bytes: number): void {
    this.#unreadBytes += bytes;
    if (this.#unreadBytes > MAX_UNREAD_BYTES) {
      throw new MpcError('CHANNEL_FLOODED', `party ${this.#from} pushed more than may wait unread`, {
        party: this.#from,
        bound: MAX_UNREAD_BYTES,
      });
    }
  }
}
