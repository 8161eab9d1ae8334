/**
 * How long a party waits for its peers. A run without mishaps stays far below the 15 minutes of a Lambda function.
 */

export interface PartyTimeouts {
  /** For each message of the closing agreement; peers close at times of their own. */
  readonly closingTimeoutMs: number;
  /** For both peers to enter the same attempt. */
  readonly handshakeTimeoutMs: number;
  /** For each message of the computation. */
  readonly messageTimeoutMs: number;
  /** For the peers' signatures of the outcome; the outcome is kept with those there are. */
  readonly signatureTimeoutMs: number;
  /** How often a session looks for a later attempt of a peer. */
  readonly watchIntervalMs: number;
  /** How often a party that computes looks whether its peers signed an outcome already. */
  readonly outcomeWatchIntervalMs: number;
}

/** Parties start within seconds of each other, at worst within a minute, and a crashed one is started again in another. */
export const DEFAULT_TIMEOUTS: PartyTimeouts = {
  closingTimeoutMs: 120_000,
  handshakeTimeoutMs: 90_000,
  messageTimeoutMs: 30_000,
  signatureTimeoutMs: 20_000,
  watchIntervalMs: 250,
  outcomeWatchIntervalMs: 1_000,
};
