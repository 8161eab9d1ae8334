/**
 * What the planner knows of the way between two parties: how long a message takes and how many bits a second.
 */

import * as z from 'zod/mini';

export interface Link {
  /** There and back. A round of replicated sharing is one message one way, so half of it. */
  readonly roundTripMs: number;
  /** Of one party's outgoing traffic, 10^6 bits a second. */
  readonly bandwidthMbps: number;
}

/** For links from a file or the command line. */
export const linkSchema = z.strictObject({
  roundTripMs: z.number().check(z.gte(0), z.lte(600_000)),
  bandwidthMbps: z.number().check(z.gt(0), z.lte(1_000_000)),
});

/**
 * The DynamoDB outbox between Lambda functions in one region. A round is a put and a strongly consistent poll,
 * 12 to 30 ms: 20 ms, or 40 ms there and back. A partition key takes about 1 MB/s; a large message is spread
 * over several keys, which gives about 4 MB/s.
 */
export const DEFAULT_LINK: Link = { roundTripMs: 40, bandwidthMbps: 32 };

/**
 * The fastest link that hosts which run for long and speak TCP need to plan for: a switch between them. Below half a
 * millisecond there and back a round is computing, not waiting.
 */
export const LOCAL_NETWORK_LINK: Link = { roundTripMs: 0.5, bandwidthMbps: 1000 };

/** Whether plans for the two are the same. */
export function sameLink(one: Link, other: Link): boolean {
  return one.roundTripMs === other.roundTripMs && one.bandwidthMbps === other.bandwidthMbps;
}

/**
 * The time that rounds and bytes take on a link, computation not counted. The four operations of IEEE 754 and
 * nothing else, so all parties get the same number.
 */
export function transferMs(rounds: number, bytes: number, link: Link): number {
  return (rounds * link.roundTripMs) / 2 + (bytes * 8) / (link.bandwidthMbps * 1000);
}
