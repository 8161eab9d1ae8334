/** Outcomes for people and for programs: lots in the tender's order, prices with the tender's decimals. */

import type { LotOutcome, SignedOutcome } from '../auction/outcome.ts';
import type { CheckedTender } from '../auction/tender.ts';
import { table } from './output.ts';

export type LotResult =
  | { readonly lot: string; readonly outcome: 'awarded'; readonly winner: string; readonly price: string }
  | {
      readonly lot: string;
      readonly outcome: 'no-sale';
      readonly reason: 'reserve-not-met' | 'too-few-bids';
    };

export function lotResults(lots: readonly LotOutcome[], { terms }: CheckedTender): readonly LotResult[] {
  return terms.lots.flatMap((id) => lots.filter(({ lot }) => lot === id).map(resultOf));
}

export function outcomeTable({ statement }: SignedOutcome, tender: CheckedTender): string {
  return resultTable(lotResults(statement.lots, tender), tender.terms.spec.currency);
}

export function resultTable(results: readonly LotResult[], currency: string): string {
  const rows = results.map((result) =>
    result.outcome === 'awarded'
      ? [result.lot, result.winner, `${result.price} ${currency}`]
      : [
          result.lot,
          'no sale',
          result.reason === 'reserve-not-met' ? 'no bid meets the reserve' : 'too few bids',
        ],
  );
  return table(['lot', 'winner', '>price'], rows);
}

function resultOf(lot: LotOutcome): LotResult {
  return lot.outcome === 'awarded'
    ? { lot: lot.lot, outcome: lot.outcome, winner: lot.winner, price: lot.price }
    : { lot: lot.lot, outcome: lot.outcome, reason: lot.reason };
}
