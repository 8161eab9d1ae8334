/**
 * What a clearing cost, counted beside what was predicted from the circuit alone.
 *
 * All of it is public: it depends on the numbers of bids and lots, never on a bid.
 */

import type { PredictedCost, ProtocolName } from '../../mpc/protocols/protocol.ts';

export interface ClearingStatistics {
  /** Live bids of the lots that were computed. */
  readonly bids: number;
  /** Width of a rank. */
  readonly bits: number;
  readonly protocol: ProtocolName;
  /** Message rounds from the first AND layer through the opening; 0 where no lot needed computing. */
  readonly rounds: number;
  readonly ands: number;
  /** Sealed bytes that this party sent in these rounds. */
  readonly bytesSent: number;
  /** What the circuit said before anything ran: exactly the three above. */
  readonly predicted: PredictedCost;
  /** The attempt that succeeded; 0 where none was needed. */
  readonly attempt: number;
  /** 2, or up to 4 where bids had to be passed on or repaired. */
  readonly closingRounds: number;
  /** Hello, measuring the link, and agreeing on another plan where it is slow; 0 where no session ran. */
  readonly handshakeRounds: number;
  /** From the start of the session to the opened outputs, by the party's clock. */
  readonly clearingMs: number;
}
