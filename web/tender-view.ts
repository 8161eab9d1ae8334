/** What a page says of a tender: its rules as sentences, in the order in which a bidder asks for them. */

import type { TenderSpec } from '../auction/tender-spec.ts';
import { money } from './money.ts';

export interface Fact {
  readonly term: string;
  readonly text: string;
}

export interface TenderView {
  readonly title: string;
  /** "Purchase" or "Sale": who is looking for whom. */
  readonly kind: string;
  readonly facts: readonly Fact[];
  /** Empty where there is one lot, which then says nothing more than the title. */
  readonly lots: readonly { readonly id: string; readonly title: string }[];
}

export function tenderView(spec: TenderSpec): TenderView {
  const { direction, currency, ceiling, reserve, minimumBids, bidders, lots } = spec;
  const lowest = direction === 'lowest';
  const several = lots.length > 1;
  const lot = several ? 'A lot' : 'It';
  return {
    title: spec.title,
    kind: lowest ? 'Purchase: the lowest bid wins' : 'Sale: the highest bid wins',
    facts: [
      { term: 'Price', text: priceSentence(spec) },
      { term: 'Ceiling', text: `No bid may be above ${money(ceiling, currency)}.` },
      {
        term: 'Reserve',
        text:
          reserve === undefined
            ? 'None.'
            : `${lot} is not awarded ${lowest ? 'above' : 'below'} ${money(reserve, currency)}.`,
      },
      ...(minimumBids > 1
        ? [{ term: 'Minimum', text: `${lot} is not awarded with fewer than ${minimumBids} bids.` }]
        : []),
      {
        term: 'Equal bids',
        text:
          spec.tieBreak === 'earliest'
            ? 'The one that two operators received first wins.'
            : 'The three operators draw lots together; none of them can steer it.',
      },
      {
        term: 'Who may bid',
        text:
          bidders === undefined
            ? 'Anybody.'
            : `The ${bidders.length} bidders that the tender lists, each with its own key or by invitation.`,
      },
    ],
    lots: several || lots.some(({ title }) => title !== spec.title) ? lots : [],
  };
}

function priceSentence({ direction, rule }: Pick<TenderSpec, 'direction' | 'rule'>): string {
  if (rule === 'first-price') {
    return direction === 'lowest' ? 'The winner is paid what it bid.' : 'The winner pays what it bid.';
  }
  return direction === 'lowest'
    ? 'The winner is paid the second-lowest valid bid, or else the reserve.'
    : 'The winner pays the second-highest valid bid, or else the reserve.';
}
