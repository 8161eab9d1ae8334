/**
 * The mutations themselves, by name: what the table of mutations.ts tries on every message.
 */

import { MESSAGE_TIMEOUT_MS } from './kit.ts';
import { isConflict, type Mutation, type Sending } from './mutation.ts';
import { chooseBelow, type RandomBytes } from './seeded.ts';
import type { Recipient } from './transcript.ts';

const RANDOM_FLIPS = 5;

function flipped(bytes: Uint8Array, random: RandomBytes, flips = 1): Uint8Array {
  for (let flip = 0; flip < flips && bytes.length > 0; flip++) {
    const bit = chooseBelow(bytes.length * 8, random);
    const index = bit >> 3;
    bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
  }
  return bytes;
}

function lengthened(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(...bytes, 0);
}

/** Which two steps exchange their messages: the one before or after, so that the party can still go on. */
const EXCHANGED: Readonly<Record<string, string>> = {
  'and/1': 'and/2',
  'and/3': 'check/seed',
  'check/seed': 'check/proof',
  'check/proof': 'check/verdict',
  'check/verdict': 'open',
  open: 'check/verdict',
};

/** Holds back the first of two steps until the second is known, then sends each with the other's bytes. */
function exchange(): (sending: Sending) => Promise<void> {
  let held: Sending | undefined;
  return async (sending) => {
    if (held === undefined) {
      held = sending;
      return;
    }
    const firstBytes = [...held.parcels.values()];
    const secondBytes = [...sending.parcels.values()];
    await held.send(withBytes(held.parcels, secondBytes));
    await sending.send(withBytes(sending.parcels, firstBytes));
  };
}

function withBytes(
  parcels: ReadonlyMap<Recipient, Uint8Array>,
  bytes: readonly Uint8Array[],
): ReadonlyMap<Recipient, Uint8Array> {
  return new Map(
    [...parcels.keys()].map((to, index) => [to, bytes[index % bytes.length] ?? new Uint8Array()]),
  );
}

/** Makes a fresh mutation for every run: some keep state between the messages of one run. */
export const MUTATIONS = {
  'flip a bit': () => ({
    where: 'message',
    change: (bytes, { random }) => flipped(bytes, random),
  }),
  'flip some bits': () => ({
    where: 'message',
    change: (bytes, { random }) => flipped(bytes, random, RANDOM_FLIPS),
  }),
  truncate: () => ({ where: 'message', change: (bytes) => bytes.slice(0, -1) }),
  lengthen: () => ({ where: 'message', change: lengthened }),
  empty: () => ({ where: 'message', change: () => new Uint8Array() }),
  'all zeros': () => ({ where: 'message', change: (bytes) => bytes.fill(0) }),
  'all ones': () => ({ where: 'message', change: (bytes) => bytes.fill(255) }),
  'random bytes': () => ({
    where: 'message',
    change: (bytes, { random }) => random(bytes.length),
  }),
  drop: () => ({ where: 'message', change: () => undefined }),
  'replay of an earlier attempt': () => ({
    where: 'message',
    change: (_bytes, { transcript, step, party, to }) =>
      to === 'everyone'
        ? transcript.sealed('earlier', step, party, to)
        : transcript.plain('earlier', step, party, to),
  }),
  'bytes of another step': () => ({
    where: 'sending',
    also: (step) => EXCHANGED[step] ?? step,
    send: exchange(),
  }),
  'recipients swapped': () => ({
    where: 'sending',
    send: (sending) => sending.send(withBytes(sending.parcels, [...sending.parcels.values()].reverse())),
  }),
  'late, within the wait': () => ({
    where: 'sending',
    send: async (sending, { sleep }) => {
      await sleep(MESSAGE_TIMEOUT_MS / 2);
      await sending.send(sending.parcels);
    },
  }),
  'too late': () => ({
    where: 'sending',
    send: async (sending, { sleep }) => {
      await sleep(20 * MESSAGE_TIMEOUT_MS);
      await sending.send(sending.parcels);
    },
  }),
  'last of all (rushing)': () => ({
    where: 'sending',
    send: async (sending) => {
      await sending.peek();
      await sending.send(sending.parcels);
    },
  }),
  'echo of the peers (rushing)': () => ({
    where: 'sending',
    send: async (sending) => {
      const seen = await sending.peek();
      await sending.send(seen.length === 0 ? sending.parcels : withBytes(sending.parcels, seen));
    },
  }),
  'posted twice': () => ({
    where: 'posting',
    post: async (parcels, post) => {
      await post(parcels);
      await post(parcels);
    },
  }),
  'posted again with other bytes': () => ({
    where: 'posting',
    post: async (parcels, post) => {
      await post(parcels);
      try {
        await post(new Map([...parcels].map(([to, bytes]) => [to, lengthened(bytes)])));
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    },
  }),
  'network: flip a bit': () => ({
    where: 'network',
    deliver: ({ bytes }, { random }) => flipped(bytes, random),
  }),
  'network: truncate': () => ({ where: 'network', deliver: ({ bytes }) => bytes.slice(0, -1) }),
  'network: lengthen': () => ({ where: 'network', deliver: ({ bytes }) => lengthened(bytes) }),
  'network: empty': () => ({ where: 'network', deliver: () => new Uint8Array() }),
  'network: all zeros': () => ({ where: 'network', deliver: ({ bytes }) => bytes.fill(0) }),
  'network: random bytes': () => ({
    where: 'network',
    deliver: ({ bytes }, { random }) => random(bytes.length),
  }),
  'network: withhold': () => ({ where: 'network', deliver: () => undefined }),
  'network: replay of an earlier attempt': () => ({
    where: 'network',
    deliver: ({ from, to }, { transcript, step }) =>
      transcript.sealed('earlier', step, from, to) ?? transcript.sealed('earlier', step, from, 'everyone'),
  }),
  'network: parcel of the other recipient': () => ({
    where: 'network',
    deliver: ({ from, to }, { transcript, step }) =>
      transcript.sealed('this', step, from, otherThan(from, to)),
  }),
  'network: parcel of the third party': () => ({
    where: 'network',
    deliver: ({ from, to, bytes }, { transcript, step }) => {
      const third = otherThan(from, to);
      return (
        transcript.sealed('this', step, third, to) ??
        transcript.sealed('this', step, third, 'everyone') ??
        transcript.sealed('this', step, third, from) ??
        bytes.fill(0)
      );
    },
  }),
  "network: the reader's own message": () => ({
    where: 'network',
    deliver: ({ from, to, bytes }, { transcript, step }) =>
      transcript.sealed('this', step, to, from) ??
      transcript.sealed('this', step, to, 'everyone') ??
      transcript.sealed('this', step, to, otherThan(from, to)) ??
      bytes.fill(0),
  }),
} as const satisfies Readonly<Record<string, () => Mutation>>;

export type MutationName = keyof typeof MUTATIONS;

function otherThan(one: number, other: number): 0 | 1 | 2 {
  const third = 3 - one - other;
  return third === 0 ? 0 : third === 1 ? 1 : 2;
}
