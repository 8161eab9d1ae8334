/**
 * What a party is made of: its keys, peers, store, channel, clock and randomness.
 */

import type { Channel } from '../../mpc/channels/channel.ts';
import type { Clock } from '../../mpc/clock.ts';
import type { Link } from '../../mpc/planner/link.ts';
import type { ThreePartyName } from '../../mpc/protocols/three-party.ts';
import type { PartyRecords } from '../tender.ts';
import type { PartyKeys } from './keys.ts';
import type { AuctionStore } from './store.ts';
import type { PartyTimeouts } from './timeouts.ts';

export interface PartyParameters {
  readonly keys: PartyKeys;
  /** All three, the own one among them, in the order of their indexes. */
  readonly peers: PartyRecords;
  readonly store: AuctionStore;
  readonly channel: Channel;
  readonly clock: Clock;
  /** That many bytes from a cryptographic generator. */
  random(bytes: number): Uint8Array;
  /** The same at all three, or no session opens; `verified` where it is left out. */
  readonly protocol?: ThreePartyName;
  /** Where they differ from the default. */
  readonly timeouts?: Partial<PartyTimeouts>;
  /**
   * The fastest link that this party lets clearings be planned for; the slowest of the three counts. The default link
   * where it is left out; a faster one is for hosts that run for long and push what they post.
   */
  readonly linkFloor?: Link;
}
