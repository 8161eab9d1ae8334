/** The one JSON object of `tacit auction run --json`: every lot's result and what the clearing cost. */

import type { LiveBidCount, LotOutcome } from '../auction/outcome.ts';
import type { ClearingStatistics } from '../auction/party/statistics.ts';
import type { CheckedTender } from '../auction/tender.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { type LotResult, lotResults } from './outcome-table.ts';

export interface AuctionRun {
  readonly lots: readonly LotResult[];
  readonly stats: {
    /** Live bids of all lots. */
    readonly bids: number;
    readonly bits: number;
    readonly protocol: string;
    readonly rounds: number;
    readonly ands: number;
    /** By parties 0, 1 and 2. */
    readonly bytesSent: readonly [number, number, number];
    /** Of the slowest party. */
    readonly clearingMs: number;
    readonly predicted: { readonly rounds: number; readonly ands: number; readonly bytes: number };
  };
}

/** What a run yields, by whichever channel. */
export interface AuctionFacts {
  readonly tender: CheckedTender;
  readonly lots: readonly LotOutcome[];
  readonly liveBids: readonly LiveBidCount[];
  /** Of parties 0, 1 and 2; one entry where one place computed. */
  readonly statistics: readonly [ClearingStatistics, ...ClearingStatistics[]];
}

export function auctionRunOf({ tender, lots, liveBids, statistics }: AuctionFacts): AuctionRun {
  const [first] = statistics;
  const sentBy = (party: PartyIndex) => statistics[party]?.bytesSent ?? 0;
  return {
    lots: lotResults(lots, tender),
    stats: {
      bids: liveBids.reduce((sum, { count }) => sum + count, 0),
      bits: tender.terms.bits,
      protocol: first.protocol,
      rounds: first.rounds,
      ands: first.ands,
      bytesSent: [sentBy(0), sentBy(1), sentBy(2)],
      clearingMs: Math.max(...statistics.map(({ clearingMs }) => clearingMs)),
      predicted: { rounds: first.predicted.rounds, ands: first.predicted.ands, bytes: first.predicted.bytes },
    },
  };
}
