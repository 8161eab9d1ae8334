/** The outcome in words: who won each lot, and at what price. */

import type { LotOutcome, OutcomeStatement } from '../auction/outcome.ts';
import type { TenderSpec } from '../auction/tender-spec.ts';
import { money } from './money.ts';

export interface LotResult {
  readonly lot: string;
  readonly title: string;
  /** The winner's name, or that there is none. */
  readonly headline: string;
  /** Undefined where nothing was awarded. */
  readonly price: string | undefined;
  readonly detail: string;
  readonly winnerKey: string | undefined;
}

export function lotResults({ lots, liveBids }: OutcomeStatement, spec: TenderSpec): readonly LotResult[] {
  return lots.map((result, index) => {
    const { lot } = result;
    const title = spec.lots.find(({ id }) => id === lot)?.title ?? lot;
    const count = liveBids[index]?.count ?? 0;
    return { lot, title, ...resultOf(result, bidsText(count), spec) };
  });
}

function resultOf(
  result: LotOutcome,
  bids: string,
  spec: TenderSpec,
): Pick<LotResult, 'headline' | 'price' | 'detail' | 'winnerKey'> {
  if (result.outcome === 'awarded') {
    const { winner, winnerKey, price } = result;
    return { headline: winner, price: money(price, spec.currency), detail: `${bids} competed.`, winnerKey };
  }
  const reason =
    result.reason === 'too-few-bids'
      ? `${bids}, and the tender asks for ${spec.minimumBids}.`
      : `${bids}; none met the reserve.`;
  return { headline: 'Not awarded', price: undefined, detail: reason, winnerKey: undefined };
}

function bidsText(count: number): string {
  if (count === 0) return 'No bid';
  return count === 1 ? 'One bid' : `${count} bids`;
}
