/**
 * What an auctioneer writes in `tender.json`, and its exact terms.
 *
 * Amounts are decimal strings and stay so: the specification is signed as it was written, and parsed once
 * into `TenderTerms` for computing. Every part is bounded, so that what follows (circuits, tables, pages) can
 * rely on sizes.
 */

import * as z from 'zod/mini';
import type { EpochMs } from '../mpc/clock.ts';
import { bitsOf, type Direction, MAX_DECIMALS, parseAmount } from './amount.ts';
import { AuctionError } from './errors.ts';
import {
  bidderNameField,
  integerField,
  lotIdField,
  MAX_TITLE_LENGTH,
  parseDocument,
  publicKeyField,
  textField,
} from './fields.ts';
import { parseTimestamp } from './time.ts';

/** All lots of a tender share the rounds of one computation; 50 keeps it within a function's memory. */
export const MAX_LOTS = 50;
/** A list of this length keeps the tender under the 400 KB of one table item. */
export const MAX_LISTED_BIDDERS = 500;
/** As many as a closing list has entries (closing-list.ts): more could never be reached. */
export const MAX_MINIMUM_BIDS = 20_000;
/** Longest text of an amount in a tender: 20 digits, a point, and room for zeros. */
const MAX_AMOUNT_LENGTH = 40;
const MAX_CURRENCY_LENGTH = 16;

export interface LotSpec {
  readonly id: string;
  readonly title: string;
}

/** Bids with the key that the tender lists. */
export interface ListedBidder {
  readonly name: string;
  /** Ed25519, base64url. */
  readonly publicKey: string;
  readonly invitation?: never;
}

/** Bids with any one key that the holder of the invitation lets in (`invitation.ts`). */
export interface InvitedBidder {
  readonly name: string;
  /** Of the invitation: Ed25519, base64url. */
  readonly invitation: string;
  readonly publicKey?: never;
}

export interface TenderSpec {
  readonly title: string;
  readonly direction: Direction;
  readonly rule: 'first-price' | 'second-price';
  readonly currency: string;
  /** Digits after the point, 0 to 8. */
  readonly decimals: number;
  /** Decimal text; no bid above it counts. */
  readonly ceiling: string;
  /** Decimal text; the worst amount at which the auctioneer still awards. */
  readonly reserve?: string;
  /** A lot with fewer live bids is not sold. */
  readonly minimumBids: number;
  readonly tieBreak: 'earliest' | 'lottery';
  readonly lots: readonly LotSpec[];
  /** RFC 3339 with offset. */
  readonly closesAt?: string;
  /** Where present, nobody else may bid. */
  readonly bidders?: readonly (ListedBidder | InvitedBidder)[];
}

const amountField = z.string().check(z.maxLength(MAX_AMOUNT_LENGTH, 'must be a shorter amount'));
const lotsField = z
  .array(z.strictObject({ id: lotIdField, title: textField(MAX_TITLE_LENGTH) }))
  .check(z.minLength(1, 'must name a lot'), z.maxLength(MAX_LOTS, `must name at most ${MAX_LOTS} lots`));
const minimumBidsField = integerField(1, MAX_MINIMUM_BIDS);
const commonFields = {
  title: textField(MAX_TITLE_LENGTH),
  direction: z.enum(['lowest', 'highest']),
  rule: z.enum(['first-price', 'second-price']),
  currency: textField(MAX_CURRENCY_LENGTH),
  decimals: integerField(0, MAX_DECIMALS),
  ceiling: amountField,
  reserve: z.exactOptional(amountField),
  tieBreak: z.enum(['earliest', 'lottery']),
  closesAt: z.exactOptional(
    z
      .string()
      .check(z.refine((text) => parseTimestamp(text) !== undefined, 'must be an RFC 3339 time with offset')),
  ),
  bidders: z.exactOptional(
    z
      .array(
        z.union([
          z.strictObject({ name: bidderNameField, publicKey: publicKeyField }),
          z.strictObject({ name: bidderNameField, invitation: publicKeyField }),
        ]),
      )
      .check(
        z.minLength(1, 'must list a bidder'),
        z.maxLength(MAX_LISTED_BIDDERS, `must list at most ${MAX_LISTED_BIDDERS} bidders`),
      ),
  ),
};

/** What an auctioneer writes: lots and minimumBids may be left out. */
export const tenderSpecSchema = z.strictObject({
  ...commonFields,
  minimumBids: z.exactOptional(minimumBidsField),
  lots: z.exactOptional(lotsField),
});

/** What is signed: nothing is left to a default that could change. */
export const completeSpecSchema = z.strictObject({
  ...commonFields,
  minimumBids: minimumBidsField,
  lots: lotsField,
});

/**
 * The specification with its defaults filled in: one lot `1` titled like the tender, and a minimum of 1 bid.
 * @throws AuctionError TENDER_MALFORMED, LOT_DUPLICATE, AMOUNT_*; facts {field}
 */
export function parseTenderSpec(json: unknown): TenderSpec {
  const written = parseDocument(tenderSpecSchema, json, 'TENDER_MALFORMED', 'tender');
  const spec: TenderSpec = {
    ...written,
    minimumBids: written.minimumBids ?? 1,
    lots: written.lots ?? [{ id: '1', title: written.title }],
  };
  exactTermsOf(spec);
  return spec;
}

export interface ExactTerms {
  readonly direction: Direction;
  /** Width of ranks. */
  readonly bits: number;
  /** Minor units. */
  readonly ceiling: bigint;
  /** Minor units. */
  readonly reserve?: bigint;
  readonly closesAt?: EpochMs;
  /** Ids in the order of the specification. */
  readonly lots: readonly string[];
}

/**
 * The exact terms, with the checks that compare fields.
 * @throws AuctionError TENDER_MALFORMED, LOT_DUPLICATE, AMOUNT_*; facts {field}
 */
export function exactTermsOf(spec: TenderSpec): ExactTerms {
  const ceiling = amountOfField(spec.ceiling, 'ceiling', spec.decimals);
  if (ceiling === 0n) throw malformed('ceiling', 'must be more than zero');
  const reserve =
    spec.reserve === undefined ? undefined : amountOfField(spec.reserve, 'reserve', spec.decimals);
  if (reserve !== undefined && reserve > ceiling) throw malformed('reserve', 'must not be over the ceiling');
  const closesAt = spec.closesAt === undefined ? undefined : parseTimestamp(spec.closesAt);
  checkUnique(
    spec.lots,
    (lot) => lot.id,
    (index) => {
      const field = `lots[${index}].id`;
      return new AuctionError('LOT_DUPLICATE', `tender: field ${field} repeats the id of another lot`, {
        field,
      });
    },
  );
  const bidders = spec.bidders ?? [];
  checkUnique(
    bidders,
    (bidder) => bidder.name,
    (index) => malformed(`bidders[${index}].name`, 'is listed twice'),
  );
  checkUnique(
    bidders,
    (bidder) => bidder.publicKey ?? bidder.invitation,
    (index) => {
      const role = bidders[index]?.publicKey === undefined ? 'invitation' : 'publicKey';
      return malformed(`bidders[${index}].${role}`, 'is listed twice');
    },
  );
  return {
    direction: spec.direction,
    bits: bitsOf(ceiling),
    ceiling,
    ...(reserve === undefined ? {} : { reserve }),
    ...(closesAt === undefined ? {} : { closesAt }),
    lots: spec.lots.map((lot) => lot.id),
  };
}

/** The amounts of a tender are public, so their errors may name the field. */
function amountOfField(text: string, field: string, decimals: number): bigint {
  try {
    return parseAmount(text, decimals);
  } catch (error) {
    if (!(error instanceof AuctionError)) throw error;
    throw new AuctionError(
      error.code,
      `tender: field ${field}: ${error.detail}`,
      { ...error.facts, field },
      { cause: error },
    );
  }
}

function checkUnique<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  errorAt: (index: number) => AuctionError,
): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    if (seen.has(key)) throw errorAt(index);
    seen.add(key);
  }
}

function malformed(field: string, complaint: string): AuctionError {
  return new AuctionError('TENDER_MALFORMED', `tender: field ${field} ${complaint}`, { field });
}
