/**
 * Measuring the link between the parties, and agreeing on what to plan for.
 *
 * Delay, two rounds of small messages: first every party sends both peers a probe and notes how long it waits for
 * theirs; then they exchange their waits. The parties do not start together, but in the mean of the two waits of a pair
 * that cancels out, as in NTP (RFC 5905, section 8): what is left is the delay of one message. (Where one starts later
 * than a message takes, half of the rest is left too.) All take the greatest of the three pairs.
 *
 * What is planned for is never faster than a floor, by default the default link: fewer rounds cost little computing on
 * a fast link, while a plan for a fast one is expensive where a delay was underestimated. A host that runs for long and
 * pushes its messages may bring a faster floor; the probes carry the floors, and the slowest of the three counts.
 *
 * Where that is faster than the default link, there is one round more, and the bandwidth is measured too. The first
 * probes only bring the parties together: whoever has both is ahead of the others by one message at most. Then come
 * second probes, and behind them from each party to the previous one, as an AND layer goes, a ballast; the receiver
 * notes how long after the probe it comes. The third round exchanges what was noted, and all take the slowest. The clock
 * has whole milliseconds, so 1 Gbit/s is the most that is seen. Cost: 128 KB sent by each party.
 *
 * A party that lies, or measures wrong, makes all plan for a slower link than there is, which costs some ANDs, or for one
 * that is too fast on its own connections, which costs time in rounds: the plan is for a link between the floor and the
 * bounds below whatever is said. One that says different things to its peers makes them plan differently or wait in
 * vain, which ends the attempt (`agreeOnPlan`), as its silence would. No result depends on the link: every plan's circuit
 * computes the same outcome.
 */

import { equalBytes } from '../bytes.ts';
import type { Clock } from '../clock.ts';
import { MpcError } from '../errors.ts';
import { type PartyIndex, peersOf } from '../party.ts';
import { DEFAULT_LINK, type Link } from '../planner/link.ts';
import type { Links } from './links.ts';

const PROBE_STEP = 'link/probe';
const SECOND_PROBE_STEP = 'link/probe/2';
const BALLAST_STEP = 'link/ballast';
const WAIT_STEP = 'link/wait';
const PLAN_STEP = 'link/plan';

/** A layer of a million ANDs: 1 ms at 1 Gbit/s, 10 ms at 100 Mbit/s. */
const BALLAST_BYTES = 131_072;

/** Slower than this is a mishap, not a link: planning for it would only burn computing. */
const MAX_PLANNED_ROUND_TRIP_MS = 2560;
const MIN_PLANNED_BANDWIDTH_MBPS = 1;

/** Doubling has to begin somewhere. */
const MIN_PLANNED_ROUND_TRIP_MS = 0.001;

const NUMBER_BYTES = 4;
const MAX_NUMBER = 2 ** 32 - 1;

/** A link as the parties measured it. */
export interface MeasuredLink {
  /** Of one message. */
  readonly delayMs: number;
  /** Undefined where it was not measured. */
  readonly bandwidthMbps?: number;
}

/** How long a party waited, in milliseconds. */
interface Waits {
  /** For the probe of the party after it. */
  readonly forNext: number;
  /** For the probe of the party before it. */
  readonly forPrevious: number;
  /** From the probe of the party after it to its ballast; 0 where there is none. */
  readonly forBallast: number;
}

/**
 * @param floor the fastest link to plan for, as far as this party is concerned
 * @returns the same link at all parties
 * @throws MpcError MESSAGE_MALFORMED, and what links throw
 */
export async function measureLink(links: Links, clock: Clock, floor: Link = DEFAULT_LINK): Promise<Link> {
  const { agreedFloor, firstWaits } = await probe(links, clock, floor);
  const isFaster =
    agreedFloor.roundTripMs < DEFAULT_LINK.roundTripMs ||
    agreedFloor.bandwidthMbps > DEFAULT_LINK.bandwidthMbps;
  const waits = isFaster ? await probeAgain(links, clock) : firstWaits;
  const [own, ofNext, ofPrevious] = await exchangeWaits(links, waits);
  const delayMs = greatest([
    (own.forNext + ofNext.forPrevious) / 2,
    (own.forPrevious + ofPrevious.forNext) / 2,
    (ofNext.forNext + ofPrevious.forPrevious) / 2,
  ]);
  if (!isFaster) return linkFor({ delayMs }, agreedFloor);
  // Nothing is faster than a tick of the clock.
  const ballastMs = greatest([1, own.forBallast, ofNext.forBallast, ofPrevious.forBallast]);
  return linkFor({ delayMs, bandwidthMbps: (8 * BALLAST_BYTES) / 1000 / ballastMs }, agreedFloor);
}

/** The link to plan for: the floor, its round trip doubled and its bandwidth halved until they cover what was measured. */
export function linkFor(
  { delayMs, bandwidthMbps: measuredMbps }: MeasuredLink,
  floor: Link = DEFAULT_LINK,
): Link {
  let roundTripMs = Math.max(floor.roundTripMs, MIN_PLANNED_ROUND_TRIP_MS);
  let { bandwidthMbps } = floor;
  while (roundTripMs < 2 * delayMs && roundTripMs < MAX_PLANNED_ROUND_TRIP_MS) roundTripMs *= 2;
  const slowest = measuredMbps ?? bandwidthMbps;
  while (bandwidthMbps > slowest && bandwidthMbps > MIN_PLANNED_BANDWIDTH_MBPS) bandwidthMbps /= 2;
  return { roundTripMs, bandwidthMbps };
}

/**
 * Makes sure that all parties chose the same circuit after measuring: one round.
 * @throws MpcError HANDSHAKE_MISMATCH with facts {field, party}
 */
export async function agreeOnPlan(links: Links, circuitHash: Uint8Array): Promise<void> {
  const peers = peersOf(links.self);
  const [, ...others] = await Promise.all([
    sendToBoth(links, PLAN_STEP, circuitHash),
    ...peers.map((peer) => links.receive(PLAN_STEP, peer)),
  ]);
  others.forEach((other, index) => {
    if (equalBytes(other, circuitHash)) return;
    throw new MpcError('HANDSHAKE_MISMATCH', `party ${peers[index]} planned another circuit`, {
      field: 'plannedCircuit',
      party: peers[index] ?? links.self,
    });
  });
}

interface Arrival {
  readonly bytes: Uint8Array;
  readonly waitMs: number;
}

/** Receives messages of a known length, and times them from now. */
function arrivals(links: Links, clock: Clock) {
  const startedAt = clock.now();
  return async (step: string, from: PartyIndex, length: number): Promise<Arrival> => {
    const bytes = await links.receive(step, from);
    requireLength(bytes, length);
    return { bytes, waitMs: clock.now() - startedAt };
  };
}

/** The slowest of the three floors, and how long this party waited. */
async function probe(links: Links, clock: Clock, floor: Link) {
  const [next, previous] = peersOf(links.self);
  const own = encodeNumbers([floor.roundTripMs * 1000, floor.bandwidthMbps * 1000]);
  const arrival = arrivals(links, clock);
  const [, ofNext, ofPrevious] = await Promise.all([
    sendToBoth(links, PROBE_STEP, own),
    arrival(PROBE_STEP, next, own.length),
    arrival(PROBE_STEP, previous, own.length),
  ]);
  const floors = [own, ofNext.bytes, ofPrevious.bytes].map(decodeNumbers);
  const roundTripMs = greatest(floors.map(([roundTripUs = 0]) => roundTripUs)) / 1000;
  const bandwidthMbps = Math.min(...floors.map(([, bandwidthKbps = 0]) => bandwidthKbps)) / 1000;
  const firstWaits: Waits = { forNext: ofNext.waitMs, forPrevious: ofPrevious.waitMs, forBallast: 0 };
  return {
    agreedFloor: {
      roundTripMs: Math.min(roundTripMs, MAX_PLANNED_ROUND_TRIP_MS),
      bandwidthMbps: Math.max(bandwidthMbps, MIN_PLANNED_BANDWIDTH_MBPS),
    },
    firstWaits,
  };
}

/** Second probes, and right behind them the ballast. */
async function probeAgain(links: Links, clock: Clock): Promise<Waits> {
  const [next, previous] = peersOf(links.self);
  const ballast = new Map([[previous, new Uint8Array(BALLAST_BYTES)]]);
  const arrival = arrivals(links, clock);
  const [, ofNext, ofPrevious, ballastOfNext] = await Promise.all([
    sendToBoth(links, SECOND_PROBE_STEP, new Uint8Array()).then(() => links.send(BALLAST_STEP, ballast)),
    arrival(SECOND_PROBE_STEP, next, 0),
    arrival(SECOND_PROBE_STEP, previous, 0),
    arrival(BALLAST_STEP, next, BALLAST_BYTES),
  ]);
  return {
    forNext: ofNext.waitMs,
    forPrevious: ofPrevious.waitMs,
    forBallast: ballastOfNext.waitMs - ofNext.waitMs,
  };
}

/** The waits of this party, the next and the previous one, each as all three have it. */
async function exchangeWaits(links: Links, waits: Waits): Promise<readonly [Waits, Waits, Waits]> {
  const [next, previous] = peersOf(links.self);
  const own = encodeNumbers([waits.forNext, waits.forPrevious, waits.forBallast]);
  const [, ofNext, ofPrevious] = await Promise.all([
    sendToBoth(links, WAIT_STEP, own),
    links.receive(WAIT_STEP, next),
    links.receive(WAIT_STEP, previous),
  ]);
  const decode = (bytes: Uint8Array): Waits => {
    requireLength(bytes, own.length);
    const [forNext = 0, forPrevious = 0, forBallast = 0] = decodeNumbers(bytes);
    return { forNext, forPrevious, forBallast };
  };
  return [decode(own), decode(ofNext), decode(ofPrevious)];
}

/** Sends the same to both peers. */
function sendToBoth(links: Links, step: string, bytes: Uint8Array): Promise<void> {
  return links.send(step, new Map(peersOf(links.self).map((peer) => [peer, bytes])));
}

/** Whole numbers of 32 bits, what is beyond them cut off: a clock that was set back counts as no time. */
function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * NUMBER_BYTES));
  numbers.forEach((number, index) => {
    view.setUint32(index * NUMBER_BYTES, Math.max(0, Math.min(Math.round(number), MAX_NUMBER)));
  });
  return new Uint8Array(view.buffer);
}

function decodeNumbers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / NUMBER_BYTES;
  return Array.from({ length: count }, (_, index) => view.getUint32(index * NUMBER_BYTES));
}

function greatest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

/** @throws MpcError MESSAGE_MALFORMED */
function requireLength({ length }: Uint8Array, expected: number): void {
  if (length === expected) return;
  throw new MpcError('MESSAGE_MALFORMED', `a message of the measured link has ${expected} bytes`, {
    expected,
    bytes: length,
  });
}
