/**
 * Amounts of money as exact whole numbers of minor units, and the sealed rank that stands for one.
 *
 * Text becomes a `bigint` digit by digit; no floating point is involved anywhere. Clearing looks for the
 * smallest rank: where the lowest bid wins the rank is the amount, where the highest wins it is
 * ceiling - amount. So ranks fit in `bitsOf(ceiling)` bits in both directions, and where the highest bid
 * wins an amount over the ceiling cannot even be written down.
 *
 * What a bidder typed is secret: no error here repeats it.
 */

import { AuctionError } from './errors.ts';

export type Direction = 'lowest' | 'highest';

/** What is needed to turn amounts into ranks; every `TenderTerms` has it. */
export interface RankTerms {
  readonly direction: Direction;
  /** Minor units; 1 to 2^64 - 1. */
  readonly ceiling: bigint;
}

/** Amounts fit in 64 bits of minor units: the width of the largest circuits. */
export const MAX_AMOUNT = 2n ** 64n - 1n;
/** Digits after the point; 8 is what the finest currency in use needs. */
export const MAX_DECIMALS = 8;

const AMOUNT = /^(\d+)(?:\.(\d+))?$/;
const NEGATIVE_AMOUNT = /^-\d+(?:\.\d+)?$/;
/** Decimal digits of `MAX_AMOUNT`: a longer whole part is refused before it is converted. */
const MAX_AMOUNT_DIGITS = 20;

/**
 * Minor units of an amount such as `12`, `12.5` or `12.50`: digits and at most one point, no sign, exponent,
 * space or thousands separator.
 * @param decimals digits after the point that the currency has, 0 to 8
 * @throws AuctionError AMOUNT_MALFORMED, AMOUNT_NEGATIVE, AMOUNT_TOO_PRECISE, AMOUNT_TOO_LARGE
 */
export function parseAmount(text: string, decimals: number): bigint {
  checkDecimals(decimals);
  if (NEGATIVE_AMOUNT.test(text)) throw new AuctionError('AMOUNT_NEGATIVE', 'the amount is negative');
  const match = AMOUNT.exec(text);
  if (match === null) {
    throw new AuctionError('AMOUNT_MALFORMED', 'the amount is not written as digits with an optional point');
  }
  const fraction = match[2] ?? '';
  if (fraction.length > decimals) {
    throw new AuctionError(
      'AMOUNT_TOO_PRECISE',
      `the amount has more than ${decimals} digits after the point`,
      {
        decimals,
      },
    );
  }
  const whole = (match[1] ?? '').replace(/^0+(?=\d)/, '');
  const minorUnits =
    whole.length > MAX_AMOUNT_DIGITS ? undefined : BigInt(whole + fraction.padEnd(decimals, '0'));
  if (minorUnits === undefined || minorUnits > MAX_AMOUNT) {
    throw new AuctionError('AMOUNT_TOO_LARGE', 'the amount does not fit in 64 bits of minor units');
  }
  return minorUnits;
}

/** The amount with exactly `decimals` digits after the point, and no point where there are none. */
export function formatAmount(minorUnits: bigint, decimals: number): string {
  checkDecimals(decimals);
  if (minorUnits < 0n) throw new AuctionError('AMOUNT_NEGATIVE', 'the amount is negative');
  const digits = minorUnits.toString().padStart(decimals + 1, '0');
  if (decimals === 0) return digits;
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Width of ranks in bits: the least number of bits that can write the ceiling, 1 to 64. */
export function bitsOf(ceiling: bigint): number {
  if (ceiling < 1n) throw new AuctionError('AMOUNT_MALFORMED', 'the ceiling must be more than zero');
  if (ceiling > MAX_AMOUNT) throw new AuctionError('AMOUNT_TOO_LARGE', 'the ceiling does not fit in 64 bits');
  return ceiling.toString(2).length;
}

/**
 * The rank that is sealed for an amount; smaller is better.
 * @throws AuctionError AMOUNT_NEGATIVE, AMOUNT_OVER_CEILING
 */
export function rankOf(amount: bigint, terms: RankTerms): bigint {
  if (amount < 0n) throw new AuctionError('AMOUNT_NEGATIVE', 'the amount is negative');
  if (amount > terms.ceiling) throw new AuctionError('AMOUNT_OVER_CEILING', 'the amount is over the ceiling');
  return terms.direction === 'lowest' ? amount : terms.ceiling - amount;
}

/**
 * The amount that a rank stands for.
 * @throws AuctionError AMOUNT_NEGATIVE, AMOUNT_OVER_CEILING where the rank stands for no amount
 */
export function amountOf(rank: bigint, terms: RankTerms): bigint {
  return rankOf(rank, terms);
}

function checkDecimals(decimals: number): void {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > MAX_DECIMALS) {
    throw new RangeError(`decimals must be a whole number from 0 to ${MAX_DECIMALS}, got ${decimals}`);
  }
}
