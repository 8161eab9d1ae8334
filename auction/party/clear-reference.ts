/**
 * Clearing without any secrecy: the same circuit on plain ranks by the `clear` protocol, in one place.
 *
 * The reference that the three parties are tested against, and what `--protocol clear` runs. It protects nobody.
 */

import { planesOf } from '../../mpc/bits/bit-planes.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { CLEAR_MANIFEST, ClearProtocol } from '../../mpc/protocols/clear.ts';
import { predictCost } from '../../mpc/protocols/protocol.ts';
import { DEFAULT_PROTOCOL, THREE_PARTY_MANIFESTS } from '../../mpc/protocols/three-party.ts';
import type { LotOutcome } from '../outcome.ts';
import type { TenderTerms } from '../tender.ts';
import { lotOutcome } from './clearing.ts';
import { clearingCircuit, readResults } from './clearing-circuit.ts';
import type { ClearingStatistics } from './statistics.ts';

/** A live bid that everybody may see. */
export interface ClearBid {
  readonly bidder: string;
  readonly bidderKey: string;
  /** 0 to 2^bits - 1; smaller is better. */
  readonly rank: bigint;
}

/** @param bidsOf the live bids of each lot in tie order */
export async function clearInTheClear(
  terms: TenderTerms,
  bidsOf: (lot: string) => readonly ClearBid[],
): Promise<{ readonly lots: readonly LotOutcome[]; readonly statistics: ClearingStatistics }> {
  const clearing = clearingCircuit(
    terms,
    (lot) => bidsOf(lot).length,
    THREE_PARTY_MANIFESTS[DEFAULT_PROTOCOL],
  );
  const inputs = new Map(
    clearing?.lots.map(({ lot, input }) => [
      input,
      planesOf(
        bidsOf(lot).map(({ rank }) => rank),
        terms.bits,
      ),
    ]),
  );
  const protocol = new ClearProtocol();
  const results =
    clearing === undefined
      ? []
      : readResults(clearing, await protocol.open(await protocol.evaluate(clearing.circuit, inputs)));
  const predicted =
    clearing === undefined
      ? { rounds: 0, ands: 0, bytes: 0 }
      : predictCost(CLEAR_MANIFEST, cost(clearing.circuit));
  return {
    lots: terms.lots.map((lot) =>
      lotOutcome(
        terms,
        lot,
        bidsOf(lot),
        results.find((result) => result.lot === lot),
      ),
    ),
    statistics: {
      bids: (clearing?.lots ?? []).reduce((sum, { bids }) => sum + bids, 0),
      bits: terms.bits,
      protocol: 'clear',
      rounds: 0,
      ands: predicted.ands,
      bytesSent: 0,
      predicted,
      attempt: 0,
      closingRounds: 0,
      handshakeRounds: 0,
      clearingMs: 0,
    },
  };
}
