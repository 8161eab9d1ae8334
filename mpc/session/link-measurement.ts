/**
 * Measuring the link between the parties, and agreeing on what to plan for: two rounds of small messages.
 *
 * First every party sends both peers a probe and notes how long it waits for theirs; then they exchange their waits. The
 * parties do not start together, but in the mean of the two waits of a pair that cancels out, as in NTP (RFC 5905,
 * section 8): what is left is the delay of one message. All take the greatest of the three pairs. A party that lies
 * makes the others plan for a slower link than there is, which costs some ANDs, or for the default; it changes no
 * result. What is planned for is never faster than the default link: fewer rounds cost little computing on a fast link,
 * while a plan for a fast one is expensive where a delay was underestimated.
 */

import { equalBytes } from '../bytes.ts';
import type { Clock } from '../clock.ts';
import { MpcError } from '../errors.ts';
import { type PartyIndex, peersOf } from '../party.ts';
import { DEFAULT_LINK, type Link } from '../planner/link.ts';
import type { Links } from './links.ts';

/** Probe and exchange of the waits. */
export const MEASUREMENT_ROUNDS = 2;

const PROBE_STEP = 'link/probe';
const WAIT_STEP = 'link/wait';
const PLAN_STEP = 'link/plan';

/** Two unsigned 32-bit numbers of milliseconds: for the next and for the previous party. */
const WAITS_BYTES = 8;

/** Slower than this is a mishap, not a link: planning for it would only burn computing. */
const MAX_PLANNED_ROUND_TRIP_MS = 2560;

/**
 * @returns the same link at all parties: the default's, or its round trip doubled until it covers the measured one
 * @throws MpcError MESSAGE_MALFORMED, and what links throw
 */
export async function measureLink(links: Links, clock: Clock): Promise<Link> {
  const { self } = links;
  const startedAt = clock.now();
  const waitFor = async (peer: PartyIndex): Promise<number> => {
    await links.receive(PROBE_STEP, peer);
    return Math.min(clock.now() - startedAt, 2 ** 32 - 1);
  };
  const [next, previous] = peersOf(self);
  const [, forNext, forPrevious] = await Promise.all([
    links.send(PROBE_STEP, new Map([next, previous].map((peer) => [peer, Uint8Array.of(0)]))),
    waitFor(next),
    waitFor(previous),
  ]);
  const own = new Uint8Array(WAITS_BYTES);
  const view = new DataView(own.buffer);
  view.setUint32(0, forNext);
  view.setUint32(4, forPrevious);
  const [ofNext, ofPrevious] = await exchange(links, WAIT_STEP, own);
  const [nextWaits, previousWaits] = [waitsOf(ofNext), waitsOf(ofPrevious)];
  return linkFor(
    Math.max(
      (forNext + nextWaits.forPrevious) / 2,
      (forPrevious + previousWaits.forNext) / 2,
      (nextWaits.forNext + previousWaits.forPrevious) / 2,
    ),
  );
}

/** The link to plan for when a message takes so long. */
export function linkFor(delayMs: number): Link {
  let { roundTripMs } = DEFAULT_LINK;
  while (roundTripMs < 2 * delayMs && roundTripMs < MAX_PLANNED_ROUND_TRIP_MS) roundTripMs *= 2;
  return { ...DEFAULT_LINK, roundTripMs };
}

/**
 * Makes sure that all parties chose the same circuit after measuring: one round.
 * @throws MpcError HANDSHAKE_MISMATCH with facts {field, party}
 */
export async function agreeOnPlan(links: Links, circuitHash: Uint8Array): Promise<void> {
  const peers = peersOf(links.self);
  const others = await exchange(links, PLAN_STEP, circuitHash);
  others.forEach((other, index) => {
    if (equalBytes(other, circuitHash)) return;
    throw new MpcError('HANDSHAKE_MISMATCH', `party ${peers[index]} planned another circuit`, {
      field: 'plannedCircuit',
      party: peers[index] ?? links.self,
    });
  });
}

/** Sends the same to both peers and returns what they sent, next peer first. */
async function exchange(
  links: Links,
  step: string,
  bytes: Uint8Array,
): Promise<readonly [Uint8Array, Uint8Array]> {
  const [next, previous] = peersOf(links.self);
  const [, ofNext, ofPrevious] = await Promise.all([
    links.send(step, new Map([next, previous].map((peer) => [peer, bytes]))),
    links.receive(step, next),
    links.receive(step, previous),
  ]);
  return [ofNext, ofPrevious];
}

/** What a peer waited for the party after it and the party before it. */
function waitsOf(bytes: Uint8Array): { readonly forNext: number; readonly forPrevious: number } {
  if (bytes.length !== WAITS_BYTES) {
    throw new MpcError('MESSAGE_MALFORMED', `measured waits have ${WAITS_BYTES} bytes`, {
      bytes: bytes.length,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { forNext: view.getUint32(0), forPrevious: view.getUint32(4) };
}
