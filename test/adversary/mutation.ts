/**
 * Kinds of deviation, each applicable to any message of any protocol, and how to build a corrupt party or a hostile
 * network from one.
 *
 * Inside the seal a corrupt party lies in authentic messages: `message` changes bytes, `sending` decides what is sent and
 * when. `posting` plays with the outbox itself. Outside the seal a `network` attacker changes what a reader gets.
 */

import type { Channel } from '../../mpc/channels/channel.ts';
import type { Delivery } from '../../mpc/channels/memory.ts';
import { MpcError } from '../../mpc/errors.ts';
import { nextParty, type PartyIndex, peersOf, previousParty } from '../../mpc/party.ts';
import type { Links } from '../../mpc/session/links.ts';
import type { AttackTools, Corruption, NetworkAttack, Setting } from './kit.ts';
import { HELLO, isHelloTopic, type Recipient, recipientsOf } from './transcript.ts';

/** Which messages to attack. */
export interface Target {
  /** An exact step, a pattern of steps, or HELLO. */
  readonly step: string | RegExp;
  /** Relative to the corrupt party; both recipients when left out. */
  readonly to?: 'next' | 'previous';
}

/** One item that the corrupt party is about to send. */
export interface Sending {
  readonly step: string;
  readonly parcels: ReadonlyMap<Recipient, Uint8Array>;
  /** The recipients that the target names, among those of the item. */
  readonly chosen: readonly Recipient[];
  /** Sends (and seals) in place of the honest item; an item without parcels is not sent at all. */
  send(parcels: ReadonlyMap<Recipient, Uint8Array>): Promise<void>;
  /** Waits for what the peers send to this party in the same step: rushing. */
  peek(): Promise<readonly Uint8Array[]>;
}

export interface MessageTools extends AttackTools {
  readonly step: string;
  readonly to: Recipient;
}

export interface NetworkTools extends Omit<AttackTools, 'party'> {
  readonly step: string;
}

export type Mutation =
  | {
      readonly where: 'message';
      /** Bytes to send instead; undefined leaves the parcel out. */
      readonly change: (bytes: Uint8Array, tools: MessageTools) => Uint8Array | undefined;
    }
  | {
      readonly where: 'sending';
      readonly send: (sending: Sending, tools: AttackTools) => Promise<void>;
      /** Further steps that pass through `send`, for exchanges between two steps. */
      readonly also?: (step: string) => string;
    }
  | {
      readonly where: 'posting';
      readonly post: (
        parcels: ReadonlyMap<Recipient, Uint8Array>,
        post: (parcels: ReadonlyMap<Recipient, Uint8Array>) => Promise<void>,
      ) => Promise<void>;
    }
  | {
      readonly where: 'network';
      readonly deliver: (delivery: Delivery, tools: NetworkTools) => Uint8Array | undefined;
    };

/** The part of a setting that makes `party` (or the carrier of its outbox) apply the mutation to the target. */
export function attackWith(
  party: PartyIndex,
  target: Target,
  mutation: Mutation,
): Pick<Setting, 'corruption' | 'network'> {
  switch (mutation.where) {
    case 'network':
      return { network: networkAttack(party, target, mutation) };
    case 'posting':
      return {
        corruption: { party, channel: (channel) => postingChannel(channel, target, mutation) },
      };
    case 'message':
      return {
        corruption: sendingCorruption(party, target, (sending, tools) =>
          sendChanged(sending, tools, mutation),
        ),
      };
    case 'sending': {
      const also = typeof target.step === 'string' ? mutation.also?.(target.step) : undefined;
      return { corruption: sendingCorruption(party, target, mutation.send, also) };
    }
  }
}

async function sendChanged(
  sending: Sending,
  tools: AttackTools,
  { change }: Extract<Mutation, { where: 'message' }>,
): Promise<void> {
  const parcels = new Map<Recipient, Uint8Array>();
  for (const [to, bytes] of sending.parcels) {
    const instead = sending.chosen.includes(to)
      ? change(Uint8Array.from(bytes), { ...tools, step: sending.step, to })
      : bytes;
    if (instead !== undefined) parcels.set(to, instead);
  }
  await sending.send(parcels);
}

/** A corrupt party whose sealed messages and hellos go through `send`. */
export function sendingCorruption(
  party: PartyIndex,
  target: Target,
  send: (sending: Sending, tools: AttackTools) => Promise<void>,
  also?: string,
): Corruption {
  const selects = (step: string) => matches(target.step, step) || step === also;
  return {
    party,
    links: (links, tools) =>
      interceptLinks(links, (sending) =>
        selects(sending.step) ? send(choose(sending, party, target), tools) : sending.send(sending.parcels),
      ),
    channel: (channel, tools) =>
      selects(HELLO)
        ? interceptHellos(channel, (sending) => send(choose(sending, party, target), tools))
        : channel,
  };
}

function choose(sending: Sending, party: PartyIndex, { to }: Target): Sending {
  const only = to === undefined ? undefined : to === 'next' ? nextParty(party) : previousParty(party);
  const chosen = [...sending.parcels.keys()].filter((recipient) => only === undefined || recipient === only);
  return { ...sending, chosen };
}

/** Links whose every send is decided by `intercept`; what was peeked at is received again from memory. */
export function interceptLinks(links: Links, intercept: (sending: Sending) => Promise<void>): Links {
  const early = new Map<string, Promise<Uint8Array>>();
  const receiveOnce = (step: string, from: PartyIndex): Promise<Uint8Array> => {
    const key = `${step} from ${from}`;
    const known = early.get(key) ?? links.receive(step, from);
    early.set(key, known);
    return known;
  };
  return {
    self: links.self,
    counters: () => links.counters(),
    receive: receiveOnce,
    send: (step, parcels) =>
      intercept({
        step,
        // Copies: what the honest program sends may be a view of what it goes on computing with.
        parcels: new Map([...parcels].map(([to, bytes]) => [to, Uint8Array.from(bytes)])),
        chosen: [],
        send: async (instead) => {
          const sealed = toPeers(instead);
          if (sealed.size > 0) await links.send(step, sealed);
        },
        peek: async () => {
          const messages = await Promise.all(
            peersOf(links.self).map((peer) => receiveOnce(step, peer).catch(() => undefined)),
          );
          return messages.filter((message) => message !== undefined);
        },
      }),
  };
}

function interceptHellos(channel: Channel, intercept: (sending: Sending) => Promise<void>): Channel {
  return {
    ...forwardingTo(channel),
    post: (topic, step, parcels) => {
      if (!isHelloTopic(topic)) return channel.post(topic, step, parcels);
      return intercept({
        step: HELLO,
        parcels: recipientsOf(parcels),
        chosen: [],
        send: async (instead) => {
          const everyone = instead.get('everyone');
          if (everyone !== undefined) await channel.post(topic, step, { everyone });
        },
        peek: () =>
          Promise.all(
            peersOf(channel.self).map((peer) =>
              channel.collect(topic, step, peer, new AbortController().signal),
            ),
          ),
      });
    },
  };
}

function postingChannel(
  channel: Channel,
  target: Target,
  { post }: Extract<Mutation, { where: 'posting' }>,
): Channel {
  return {
    ...forwardingTo(channel),
    post: async (topic, step, parcels) => {
      const name = isHelloTopic(topic) ? HELLO : step;
      if (!matches(target.step, name)) return channel.post(topic, step, parcels);
      await post(recipientsOf(parcels), async (instead) => {
        const everyone = instead.get('everyone');
        await channel.post(topic, step, everyone === undefined ? { to: toPeers(instead) } : { everyone });
      });
    },
  };
}

function networkAttack(
  party: PartyIndex,
  target: Target,
  { deliver }: Extract<Mutation, { where: 'network' }>,
): NetworkAttack {
  return (delivery, tools) => {
    const step = isHelloTopic(delivery.topic) ? HELLO : delivery.step;
    const to = delivery.to === nextParty(party) ? 'next' : 'previous';
    const selected =
      delivery.from === party && matches(target.step, step) && (target.to === undefined || target.to === to);
    return selected ? deliver(delivery, { ...tools, step }) : delivery.bytes;
  };
}

function matches(pattern: string | RegExp, step: string): boolean {
  return typeof pattern === 'string' ? pattern === step : pattern.test(step);
}

function toPeers(parcels: ReadonlyMap<Recipient, Uint8Array>): ReadonlyMap<PartyIndex, Uint8Array> {
  const peers = new Map<PartyIndex, Uint8Array>();
  for (const [to, bytes] of parcels) if (to !== 'everyone') peers.set(to, bytes);
  return peers;
}

function forwardingTo(channel: Channel): Channel {
  return {
    self: channel.self,
    post: (topic, step, parcels) => channel.post(topic, step, parcels),
    collect: (topic, step, from, signal) => channel.collect(topic, step, from, signal),
    recall: (topic, step) => channel.recall(topic, step),
    latest: (topic, from) => channel.latest(topic, from),
  };
}

/** True for the refusal that a write-once outbox answers other bytes with. */
export function isConflict(error: unknown): boolean {
  return error instanceof MpcError && error.code === 'CHANNEL_CONFLICT';
}
