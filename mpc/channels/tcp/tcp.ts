/**
 * The channel over TCP: for hosts that run for long, and for benchmarks. One connection for each pair of parties; a
 * post is pushed to whom it is for, at once.
 *
 * Nothing here is trusted: no TLS, no authentication, and whoever reaches the port first can take a peer's place, read
 * the frames, drop or change them. Sessions seal and sign all they send (mpc/session), so that costs the attempt and
 * nothing else. Bind to a private network nevertheless.
 *
 * Where it differs from outboxes that stay: an item is collected once and then gone (inbox.ts), a parcel that was given
 * up is freed as soon as the kernel has it, and nothing survives the process. A lost connection is not made again: what the peer
 * had sent can still be collected, waiting for more and posting to it end with CHANNEL_CLOSED, and the attempt with
 * them. A reader who waits long asks the peer, which answers only where the item was posted without a parcel for the
 * reader; so a round costs one frame to each receiver and none to the others. A post for everyone resolves once both
 * peers have acknowledged it, so that `latest` shows it to them from then on; a post of parcels as soon as it is written.
 *
 * Cost: one write a frame, Nagle's delay off, and one copy of the bytes on the way in.
 */

import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { MpcError } from '../../errors.ts';
import { type PartyIndex, peersOf } from '../../party.ts';
import { noParcel, requireAddress, requireWithinBound } from '../address.ts';
import type { Channel, Parcels, Posted } from '../channel.ts';
import { connectPeers, type TcpListener } from './connect.ts';
import type { Frame, FrameKind } from './frame.ts';
import { Inbox } from './inbox.ts';
import { OwnOutbox } from './own-outbox.ts';
import { PeerLink } from './peer-link.ts';

/** How often a reader that waits asks whether there will be anything for it. */
const ASK_INTERVAL_MS = 250;

const EMPTY = new Uint8Array();

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

export interface TcpParameters {
  readonly self: PartyIndex;
  /** Listening at `addresses[self]`; the channel owns it from now on. */
  readonly listener: TcpListener;
  readonly addresses: readonly [TcpAddress, TcpAddress, TcpAddress];
  readonly clock: Clock;
  /** Ends connecting; its reason is what `connectTcp` rejects with. */
  readonly signal: AbortSignal;
  /** One-way delay that the sender adds to every frame, for benchmarks; order is kept. */
  readonly delayMs?: number;
}

export interface TcpChannel extends Channel {
  /** Sends what is under way, says goodbye and ends every wait with CHANNEL_CLOSED. Idempotent. */
  close(): Promise<void>;
}

/** Resolves once both peers are connected; dials until they are or the signal aborts. */
export async function connectTcp(parameters: TcpParameters): Promise<TcpChannel> {
  return new ConnectedChannel(parameters, await connectPeers(parameters));
}

class ConnectedChannel implements TcpChannel {
  readonly self: PartyIndex;
  readonly #clock: Clock;
  readonly #outbox = new OwnOutbox();
  readonly #inboxes: readonly [Inbox, Inbox, Inbox] = [new Inbox(0), new Inbox(1), new Inbox(2)];
  readonly #links: ReadonlyMap<PartyIndex, PeerLink>;
  readonly #closing = new AbortController();
  #asking = false;

  constructor({ self, clock, delayMs }: TcpParameters, sockets: ReadonlyMap<PartyIndex, Socket>) {
    this.self = self;
    this.#clock = clock;
    this.#links = new Map(
      [...sockets].map(([peer, socket]) => [
        peer,
        new PeerLink({
          peer,
          socket,
          clock,
          delayMs: delayMs ?? 0,
          deliver: (frame) => this.#deliver(peer, frame),
          closed: (reason) => this.#inboxes[peer].close(reason),
        }),
      ]),
    );
  }

  async post(topic: string, step: string, parcels: Parcels): Promise<void> {
    requireAddress(topic, step);
    requireWithinBound(step, parcels);
    if (!this.#outbox.write(topic, step, parcels)) return;
    if ('everyone' in parcels) {
      const { everyone } = parcels;
      this.#inboxes[this.self].wake(`${topic}#${step}`, everyone);
      await Promise.all(
        [...this.#links.values()].map((link) =>
          link.sendAcknowledged({ kind: 'everyone', topic, step, payload: everyone }),
        ),
      );
      return;
    }
    const sending: Promise<void>[] = [];
    for (const [party, payload] of parcels.to) {
      const link = this.#links.get(party);
      if (link !== undefined) {
        const sent = link.send({ kind: 'parcel', topic, step, payload }, parcels.givenUp);
        if (sent !== undefined) sending.push(sent);
      } else if (parcels.givenUp) {
        // The own outbox keeps nothing that was given up.
        this.#inboxes[this.self].accept(topic, step, payload, false);
      } else {
        this.#inboxes[this.self].wake(`${topic}#${step}`, payload);
      }
    }
    if (sending.length > 0) await Promise.all(sending);
  }

  /** No async function: a promise that one returns costs three more turns of the queue in every round. */
  collect(topic: string, step: string, from: PartyIndex, signal: AbortSignal): Promise<Uint8Array> {
    try {
      requireAddress(topic, step);
      const own = from === this.self ? this.#outbox.read(topic, step, from) : undefined;
      if (own === 'nothing') throw noParcel(topic, step, from);
      if (own !== undefined) return Promise.resolve(new Uint8Array(own));
    } catch (error) {
      return Promise.reject(error);
    }
    const collected = this.#inboxes[from].collect(topic, step, signal);
    if (!this.#asking) void this.#ask();
    return collected;
  }

  async recall(topic: string, step: string): Promise<Uint8Array | undefined> {
    requireAddress(topic, step);
    const own = this.#outbox.recall(topic, step);
    return own === undefined ? undefined : new Uint8Array(own);
  }

  async latest(topic: string, from: PartyIndex): Promise<Posted | undefined> {
    const posted = from === this.self ? this.#outbox.latest(topic) : this.#inboxes[from].latest(topic);
    return posted === undefined ? undefined : { step: posted.step, bytes: new Uint8Array(posted.bytes) };
  }

  async close(): Promise<void> {
    const reason = new MpcError('CHANNEL_CLOSED', 'this party closed the channel', { party: this.self });
    this.#closing.abort(reason);
    for (const inbox of this.#inboxes) inbox.close(reason);
    await Promise.all([...this.#links.values()].map((link) => link.close(reason)));
  }

  #deliver(peer: PartyIndex, { kind, topic, step, payload }: Frame): void {
    const inbox = this.#inboxes[peer];
    switch (kind) {
      case 'parcel':
        inbox.accept(topic, step, payload, false);
        break;
      case 'everyone':
        inbox.accept(topic, step, payload, true);
        this.#tell(peer, 'received', topic, step);
        break;
      case 'received':
        this.#links.get(peer)?.acknowledge();
        break;
      case 'nothing':
        inbox.acceptNothing(topic, step);
        break;
      case 'question':
        if (this.#outbox.read(topic, step, peer) === 'nothing') this.#tell(peer, 'nothing', topic, step);
        break;
      case 'greeting':
        throw new MpcError('CHANNEL_FRAME_MALFORMED', 'a peer greets once');
    }
  }

  /** Says something that is worth nothing once the connection is gone. */
  #tell(peer: PartyIndex, kind: FrameKind, topic: string, step: string): void {
    const link = this.#links.get(peer);
    if (link?.isOpen()) void link.send({ kind, topic, step, payload: EMPTY });
  }

  /** Asks about whatever has been waited for since the last time, as long as anything is. */
  async #ask(): Promise<void> {
    this.#asking = true;
    for (;;) {
      const before = new Map(
        peersOf(this.self).map((peer) => [peer, new Set(this.#inboxes[peer].awaited())]),
      );
      if ([...before.values()].every(({ size }) => size === 0)) break;
      try {
        await this.#clock.sleep(ASK_INTERVAL_MS, this.#closing.signal);
      } catch {
        break;
      }
      for (const [peer, addresses] of before) {
        for (const address of this.#inboxes[peer].awaited()) {
          if (!addresses.has(address)) continue;
          const [topic = '', step = ''] = address.split('#');
          this.#tell(peer, 'question', topic, step);
        }
      }
    }
    this.#asking = false;
  }
}
