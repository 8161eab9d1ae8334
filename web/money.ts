/** Amounts as people read them: digits in groups of three, so that one too many is seen. */

import { formatAmount } from '../auction/amount.ts';

/** Narrow, and no place to break the line. */
const GROUP_SEPARATOR = '\u202f';
const UNIT_SEPARATOR = '\u00a0';

/** @param amount decimal text as in documents, such as `1250000.00` */
export function groupedAmount(amount: string): string {
  const [whole = '', fraction] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, GROUP_SEPARATOR);
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** @param amount decimal text as in documents */
export function money(amount: string, currency: string): string {
  return `${groupedAmount(amount)}${UNIT_SEPARATOR}${currency}`;
}

/** @param decimals of the tender */
export function moneyOf(minorUnits: bigint, decimals: number, currency: string): string {
  return money(formatAmount(minorUnits, decimals), currency);
}
