/**
 * How bytes get from one party to another: the outbox model.
 *
 * Each party writes only to its own outbox and reads the outboxes of its peers; nobody writes at another's.
 * An item is addressed by (topic, step) and written once: with other bytes for the same address it is refused,
 * so an outbox is the party's transcript. A channel promises delivery at best, never secrecy or authenticity:
 * sessions seal and sign what they put in (`session/links.ts`, `session/handshake.ts`).
 *
 * A topic is one conversation, such as a tender's closing or one attempt at clearing it; steps are its
 * messages. Both are public strings of the form [A-Za-z0-9/_.-]+.
 */

import type { PartyIndex } from '../party.ts';

/**
 * One item: either the same bytes for everybody, or a parcel for each peer named.
 *
 * Bytes stay the caller's, who must not change them afterwards, unless it gives them up: then each parcel is a buffer of
 * its own that nobody else refers to, and the channel may free or overwrite it once it is sent, not before. Having
 * kept nothing to compare with, it may refuse a second post for that address whatever its bytes.
 */
export type Parcels =
  | { readonly everyone: Uint8Array }
  | { readonly to: ReadonlyMap<PartyIndex, Uint8Array>; readonly givenUp?: boolean };

export interface Posted {
  readonly step: string;
  readonly bytes: Uint8Array;
}

/** 64 MB: the largest layer of a 100,000-bid tender is below it; larger ones are split by the protocol. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export interface Channel {
  readonly self: PartyIndex;

  /**
   * Writes one item to the own outbox. Writing the same bytes again is accepted (a retry after a lost
   * answer), other bytes are not.
   * @throws MpcError CHANNEL_CONFLICT, CHANNEL_MESSAGE_TOO_LARGE, CHANNEL_UNAVAILABLE
   */
  post(topic: string, step: string, parcels: Parcels): Promise<void>;

  /**
   * The parcel for this party (or for everyone) in a peer's outbox, as soon as it is there. An outbox that cannot be
   * reached for a while is waited for like one that is empty.
   * @param signal ends the wait; the promise rejects with the signal's reason
   * @throws MpcError CHANNEL_ITEM_MALFORMED
   */
  collect(topic: string, step: string, from: PartyIndex, signal: AbortSignal): Promise<Uint8Array>;

  /**
   * What this party itself posted for everyone under an address; undefined if nothing.
   * @throws MpcError CHANNEL_UNAVAILABLE
   */
  recall(topic: string, step: string): Promise<Uint8Array | undefined>;

  /**
   * The item for everyone with the greatest step (by code units) of a topic in a party's outbox, own included.
   * @throws MpcError CHANNEL_UNAVAILABLE: this is a look, not a wait
   */
  latest(topic: string, from: PartyIndex): Promise<Posted | undefined>;
}
