/**
 * What an honest party never signs, told from the document alone: lists and receipts that contradict themselves
 * or the tender.
 *
 * Each rule is one that intake and closing enforce on themselves before they sign (`party/intake.ts`,
 * `party/closing.ts`), so no bidder, peer or clock can make an honest party break it.
 */

import { type ClosingList, compareText, type ListEntry } from './closing-list.ts';
import { mayBeEligible } from './eligibility.ts';
import type { Receipt } from './receipt.ts';
import type { TenderTerms } from './tender.ts';

/** In a few words; undefined where the list is sound. */
export function faultInList(list: ClosingList, terms: TenderTerms): string | undefined {
  const { closesAt } = terms;
  if (closesAt !== undefined && list.closedAt > closesAt) return 'it closed after the deadline';
  const places = new Set<string>();
  const keyOfName = new Map<string, string>();
  for (const [index, entry] of list.entries.entries()) {
    const { submission, lot, bidder, bidderKey, version } = entry;
    const before = list.entries[index - 1];
    const order = before === undefined ? -1 : compareText(before.submission, submission);
    if (order === 0) return `it names submission ${submission} twice`;
    if (order > 0) return 'it is not sorted by hash';
    const place = JSON.stringify([lot, bidder, version]);
    if (places.has(place)) return `it has two submissions of ${bidder} in lot ${lot} with version ${version}`;
    places.add(place);
    if ((keyOfName.get(bidder) ?? bidderKey) !== bidderKey) return `it has two keys of ${bidder}`;
    keyOfName.set(bidder, bidderKey);
    const fault = faultInEntry(entry, list, terms);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** In a few words; undefined where the receipt is sound. */
export function faultInReceipt({ lot, receivedAt }: Receipt, terms: TenderTerms): string | undefined {
  if (!terms.lots.includes(lot)) return `the tender has no lot ${lot}`;
  return isLate(receivedAt, terms) ? 'it is dated at or after the deadline' : undefined;
}

function faultInEntry(entry: ListEntry, { closedAt }: ClosingList, terms: TenderTerms): string | undefined {
  const { submission, lot, bidder, receivedAt } = entry;
  if (!terms.lots.includes(lot)) return `it names a lot ${lot} that the tender does not have`;
  if (isLate(receivedAt, terms)) return `it lists submission ${submission}, received after the deadline`;
  if (receivedAt > closedAt) return `it lists submission ${submission}, received after it closed`;
  if (mayBeEligible(entry, terms)) return undefined;
  return `it lists a submission of ${bidder}, who may not bid with this key`;
}

/** A party accepts before the deadline; the deadline itself is already late. */
function isLate(receivedAt: number, { closesAt }: TenderTerms): boolean {
  return closesAt !== undefined && receivedAt >= closesAt;
}
