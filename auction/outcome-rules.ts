/**
 * What the public rules of a tender say about any outcome, without knowing a bid.
 *
 * Whoever signed it, an outcome that awards a lot with too few bids, over the ceiling or against the reserve is
 * refused: signatures prove who computed it, these checks that it can be an answer at all. That it is the right
 * answer rests on the protocol's verification and on one honest signer.
 */

import { formatAmount, parseAmount, rankOf } from './amount.ts';
import { AuctionError } from './errors.ts';
import type { OutcomeStatement } from './outcome.ts';
import type { TenderTerms } from './tender.ts';

/** @throws AuctionError OUTCOME_INCONSISTENT; facts {lot} where it is about one */
export function checkOutcomeRules(statement: OutcomeStatement, terms: TenderTerms): void {
  if ((terms.spec.tieBreak === 'lottery') !== (statement.coins !== undefined)) {
    throw inconsistent('coins are shown exactly where ties are decided by lottery', {});
  }
  const sameLots = (entries: readonly { readonly lot: string }[]): boolean =>
    entries.length === terms.lots.length && entries.every((entry, index) => entry.lot === terms.lots[index]);
  if (!sameLots(statement.liveBids) || !sameLots(statement.lots)) {
    throw inconsistent('the outcome does not have the lots of the tender in their order', {});
  }
  for (const [index, result] of statement.lots.entries()) {
    const { lot } = result;
    const enough = (statement.liveBids[index]?.count ?? 0) >= terms.spec.minimumBids;
    if (result.outcome === 'no-sale') {
      if (enough === (result.reason === 'too-few-bids'))
        throw inconsistent('the reason contradicts the bids', { lot });
      continue;
    }
    if (!enough) throw inconsistent('the lot was awarded with too few bids', { lot });
    checkPrice(result.price, lot, terms);
  }
}

function checkPrice(text: string, lot: string, terms: TenderTerms): void {
  const { decimals } = terms.spec;
  let price: bigint;
  try {
    price = parseAmount(text, decimals);
  } catch (error) {
    throw inconsistent('the price is no amount of the tender', { lot }, { cause: error });
  }
  if (formatAmount(price, decimals) !== text)
    throw inconsistent("the price does not have the tender's decimals", { lot });
  if (price > terms.ceiling) throw inconsistent('the price is over the ceiling', { lot });
  if (terms.reserve !== undefined && rankOf(price, terms) > rankOf(terms.reserve, terms)) {
    throw inconsistent('the price does not meet the reserve', { lot });
  }
}

function inconsistent(
  complaint: string,
  facts: Readonly<Record<string, string>>,
  options?: ErrorOptions,
): AuctionError {
  return new AuctionError('OUTCOME_INCONSISTENT', complaint, facts, options);
}
