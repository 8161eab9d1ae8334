/**
 * The sealed links of one session attempt: what a protocol sends and receives through.
 *
 * A protocol names a step; the links turn (session, attempt, step, from, to) into one authenticated message,
 * refuse to use an address twice, and count what was sent.
 */

import type { PartyIndex } from '../party.ts';

export interface LinkCounters {
  /** Messages rounds begun: one for each `send`. */
  readonly rounds: number;
  /** Sealed bytes sent by this party, both directions together. */
  readonly bytesSent: number;
}

export interface Links {
  readonly self: PartyIndex;
  /**
   * Sends one round's parcels, sealed to each peer named. Their bytes stay the caller's, who may overwrite them once
   * the promise is settled.
   * @throws MpcError ADDRESS_REUSED
   */
  send(step: string, parcels: ReadonlyMap<PartyIndex, Uint8Array>): Promise<void>;
  /** @throws MpcError MESSAGE_FORGED, CHANNEL_TIMEOUT, ATTEMPT_SUPERSEDED, ADDRESS_REUSED */
  receive(step: string, from: PartyIndex): Promise<Uint8Array>;
  counters(): LinkCounters;
}
