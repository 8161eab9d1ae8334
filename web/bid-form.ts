/**
 * What a bidder typed, checked as the documents' schemas check it, with a sentence for each field that is wrong.
 *
 * Nothing is guessed: a comma or a space in an amount is refused, because it means another number elsewhere. No message
 * repeats an amount. What passes is shown once more in groups of digits before it is sealed.
 */

import * as z from 'zod/mini';
import { parseAmount, rankOf } from '../auction/amount.ts';
import { AuctionError, type AuctionErrorCode } from '../auction/errors.ts';
import { bidderNameField } from '../auction/fields.ts';
import type { TenderTerms } from '../auction/tender.ts';
import type { PageErrorCode } from './errors.ts';
import { moneyOf } from './money.ts';

export interface TypedBid {
  readonly bidder: string;
  /** As typed, by lot; empty where nothing is bid. */
  readonly amounts: ReadonlyMap<string, string>;
  /** The key that will sign, where it is known already. */
  readonly publicKey: string | undefined;
  /** The name that an invitation lets in; undefined without one. */
  readonly invited: string | undefined;
}

export interface FieldProblem {
  readonly field: 'bidder' | 'key' | { readonly lot: string };
  readonly code: AuctionErrorCode | PageErrorCode;
  readonly sentence: string;
}

export interface BidLine {
  readonly lot: string;
  readonly title: string;
  /** Minor units. */
  readonly amount: bigint;
  /** With its currency, for people. */
  readonly text: string;
  /** Set where the bid is valid and cannot win. */
  readonly warning: string | undefined;
}

export type CheckedBid =
  | { readonly problems: readonly [FieldProblem, ...FieldProblem[]] }
  | { readonly problems: readonly []; readonly bidder: string; readonly lines: readonly BidLine[] };

export function checkTypedBid(typed: TypedBid, terms: TenderTerms): CheckedBid {
  const bidder = typed.bidder.trim().normalize('NFC');
  const lines: BidLine[] = [];
  const problems: FieldProblem[] = [...problemsOfBidder(bidder, typed, terms)];
  for (const { id, title } of terms.spec.lots) {
    const text = (typed.amounts.get(id) ?? '').trim();
    if (text === '') continue;
    const line = lineOf({ id, title }, text, terms);
    if ('sentence' in line) problems.push(line);
    else lines.push(line);
  }
  const [firstLot] = terms.lots;
  if (lines.length === 0 && problems.length === 0 && firstLot !== undefined) {
    const sentence = terms.lots.length === 1 ? 'Enter your amount.' : 'Enter an amount for at least one lot.';
    problems.push({ field: { lot: firstLot }, code: 'AMOUNT_MISSING', sentence });
  }
  const [first, ...others] = problems;
  return first === undefined ? { problems: [], bidder, lines } : { problems: [first, ...others] };
}

function problemsOfBidder(
  bidder: string,
  { publicKey, invited }: Pick<TypedBid, 'publicKey' | 'invited'>,
  { spec }: TenderTerms,
): readonly FieldProblem[] {
  if (bidder === '') {
    return [{ field: 'bidder', code: 'BIDDER_MISSING', sentence: 'Enter the name that you bid under.' }];
  }
  const parsed = z.safeParse(bidderNameField, bidder);
  if (!parsed.success) {
    const complaint = parsed.error.issues[0]?.message ?? 'is not valid';
    return [{ field: 'bidder', code: 'BID_MALFORMED', sentence: `The name ${complaint}.` }];
  }
  if (spec.bidders === undefined) return [];
  const listed = spec.bidders.find(({ name }) => name === bidder);
  if (listed === undefined) {
    const sentence =
      'The tender lists who may bid, and this name is not on the list. Write it exactly as listed.';
    return [{ field: 'bidder', code: 'BIDDER_NOT_ELIGIBLE', sentence }];
  }
  if (listed.publicKey === undefined) {
    if (invited === bidder) return [];
    const invitation =
      'The tender invites this name by a link: open the link that the auctioneer sent, or your bid file.';
    return [{ field: 'key', code: 'BIDDER_INVITATION_MISSING', sentence: invitation }];
  }
  if (listed.publicKey === publicKey) return [];
  const sentence =
    publicKey === undefined
      ? 'The tender lists a key for this name: choose your key file.'
      : 'This key is not the one that the tender lists for this name: choose another key file.';
  return [{ field: 'key', code: 'BIDDER_NOT_ELIGIBLE', sentence }];
}

function lineOf(
  lot: { readonly id: string; readonly title: string },
  text: string,
  terms: TenderTerms,
): BidLine | FieldProblem {
  const { decimals, currency } = terms.spec;
  try {
    const amount = parseAmount(text, decimals);
    const rank = rankOf(amount, terms);
    const misses = terms.reserve !== undefined && rank > rankOf(terms.reserve, terms);
    return {
      lot: lot.id,
      title: lot.title,
      amount,
      text: moneyOf(amount, decimals, currency),
      warning: misses ? 'This does not meet the reserve, so it cannot win.' : undefined,
    };
  } catch (error) {
    if (!(error instanceof AuctionError)) throw error;
    return { field: { lot: lot.id }, code: error.code, sentence: amountSentence(error.code, terms) };
  }
}

function amountSentence(code: string, { ceiling, spec: { decimals, currency } }: TenderTerms): string {
  const example = decimals === 0 ? '1250' : `1250.${'50'.padEnd(decimals, '0').slice(0, decimals)}`;
  switch (code) {
    case 'AMOUNT_NEGATIVE':
      return 'The amount must not be negative.';
    case 'AMOUNT_TOO_PRECISE':
      return decimals === 0
        ? 'This tender takes whole amounts only.'
        : `At most ${decimals} digits may follow the point.`;
    case 'AMOUNT_OVER_CEILING':
    case 'AMOUNT_TOO_LARGE':
      return `The amount is above the ceiling of ${moneyOf(ceiling, decimals, currency)}.`;
    default:
      return `Write digits${decimals === 0 ? '' : ' and a point'} only, such as ${example}: no comma, no space, no currency.`;
  }
}
