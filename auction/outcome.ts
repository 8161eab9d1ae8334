/**
 * Outcomes: winners and prices for every lot, signed by the parties that computed them.
 *
 * The statement is a function of tender and closing set: it names no attempt, so whichever attempt succeeds the
 * parties sign the same bytes, and two different signed statements prove that somebody cheated. With the
 * signatures of all three parties an outcome is correct if one of them is honest.
 */

import * as z from 'zod/mini';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { hashDocument, toBase64url } from './canonical.ts';
import type { ClosingSet } from './closing-set.ts';
import { AuctionError } from './errors.ts';
import {
  bidderNameField,
  hashField,
  integerField,
  lotIdField,
  parseDocument,
  partyField,
  publicKeyField,
  signatureField,
} from './fields.ts';
import type { Coins } from './lottery.ts';
import { checkOutcomeRules } from './outcome-rules.ts';
import {
  portableSignatures,
  type Signatures,
  type Signer,
  signDocument,
  verifyDocument,
} from './signature.ts';
import type { PartyRecords, TenderTerms } from './tender.ts';
import { MAX_LOTS } from './tender-spec.ts';

export type LotOutcome =
  | {
      readonly lot: string;
      readonly outcome: 'awarded';
      /** The winner's name. */
      readonly winner: string;
      readonly winnerKey: string;
      /** Decimal text with exactly the tender's decimals. */
      readonly price: string;
    }
  | {
      readonly lot: string;
      readonly outcome: 'no-sale';
      /** `reserve-not-met` also where no bid was within the ceiling. */
      readonly reason: 'reserve-not-met' | 'too-few-bids';
    };

export interface LiveBidCount {
  readonly lot: string;
  readonly count: number;
}

export interface OutcomeStatement {
  readonly kind: 'outcome';
  readonly tender: string;
  readonly closingRoot: string;
  /** How many bids competed in each lot, in the order of the tender. */
  readonly liveBids: readonly LiveBidCount[];
  /** Present exactly where the tender decides ties by lottery. */
  readonly coins?: Coins;
  /** In the order of the tender. */
  readonly lots: readonly LotOutcome[];
}

export interface OutcomeSignature {
  readonly party: PartyIndex;
  /** Ed25519, base64url. */
  readonly signature: string;
}

export interface SignedOutcome {
  readonly statement: OutcomeStatement;
  /** Of different parties, by index. */
  readonly signatures: readonly OutcomeSignature[];
}

/** Longest price: 20 digits and a point. */
const MAX_PRICE_LENGTH = 22;

const lotOutcomeSchema = z.discriminatedUnion('outcome', [
  z.strictObject({
    lot: lotIdField,
    outcome: z.literal('awarded'),
    winner: bidderNameField,
    winnerKey: publicKeyField,
    price: z.string().check(z.maxLength(MAX_PRICE_LENGTH, 'must be a shorter amount')),
  }),
  z.strictObject({
    lot: lotIdField,
    outcome: z.literal('no-sale'),
    reason: z.enum(['reserve-not-met', 'too-few-bids']),
  }),
]);

export const signedOutcomeSchema = z.strictObject({
  statement: z.strictObject({
    kind: z.literal('outcome'),
    tender: hashField,
    closingRoot: hashField,
    liveBids: z
      .array(z.strictObject({ lot: lotIdField, count: integerField(0, Number.MAX_SAFE_INTEGER) }))
      .check(z.maxLength(MAX_LOTS, `must have at most ${MAX_LOTS} entries`)),
    coins: z.exactOptional(z.tuple([hashField, hashField, hashField])),
    lots: z.array(lotOutcomeSchema).check(z.maxLength(MAX_LOTS, `must have at most ${MAX_LOTS} entries`)),
  }),
  signatures: z
    .array(z.strictObject({ party: partyField, signature: signatureField }))
    .check(z.maxLength(PARTIES.length, 'must have at most one signature of each party')),
});

/** base64url SHA-256 of the statement. */
export function outcomeHash(statement: OutcomeStatement): string {
  return toBase64url(hashDocument('outcome', statement));
}

export function signOutcome(
  statement: OutcomeStatement,
  party: PartyIndex,
  signer: Signer,
): OutcomeSignature {
  return { party, signature: signDocument('outcome', statement, signer) };
}

/**
 * Both documents' signatures under one statement; the first of each party is kept, unchecked.
 * @throws AuctionError OUTCOME_CONFLICT where the statements differ
 */
export function mergeOutcomes(left: SignedOutcome, right: SignedOutcome): SignedOutcome {
  const [mine, other] = [outcomeHash(left.statement), outcomeHash(right.statement)];
  if (mine !== other) {
    throw new AuctionError('OUTCOME_CONFLICT', 'two different outcomes were signed for one tender', {
      mine,
      other,
    });
  }
  const all = [...left.signatures, ...right.signatures];
  const signatures = PARTIES.flatMap((party) => all.find((entry) => entry.party === party) ?? []);
  return { statement: left.statement, signatures };
}

export interface OutcomeContext {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  /** Signatures of how many parties are needed; 3 trusts any one of them, 1 trusts the one that signed. */
  readonly required: 1 | 2 | 3;
}

/**
 * An outcome from anywhere: form, tender, the tender's rules, and every signature it carries.
 * @throws AuctionError OUTCOME_MALFORMED, OUTCOME_OTHER_TENDER, OUTCOME_INCONSISTENT, OUTCOME_SIGNATURE
 */
export function checkOutcome(
  json: unknown,
  { terms, parties, required }: OutcomeContext,
  signatures: Signatures = portableSignatures,
): SignedOutcome {
  const signed: SignedOutcome = parseDocument(signedOutcomeSchema, json, 'OUTCOME_MALFORMED', 'outcome');
  const { statement } = signed;
  if (statement.tender !== terms.id) {
    throw new AuctionError('OUTCOME_OTHER_TENDER', 'the outcome is for another tender', {
      tender: statement.tender,
    });
  }
  checkOutcomeRules(statement, terms);
  const signers = new Set<PartyIndex>();
  for (const { party, signature } of signed.signatures) {
    if (signers.has(party)) {
      throw new AuctionError('OUTCOME_MALFORMED', `outcome: party ${party} signed twice`, {
        field: 'signatures',
      });
    }
    if (!verifyDocument('outcome', statement, parties[party].signingKey, signature, signatures)) {
      throw new AuctionError('OUTCOME_SIGNATURE', `the signature of party ${party} is wrong`, { party });
    }
    signers.add(party);
  }
  if (signers.size < required) {
    const facts = { signed: signers.size, required };
    throw new AuctionError(
      'OUTCOME_SIGNATURE',
      `${signers.size} of ${required} required parties signed`,
      facts,
    );
  }
  return signed;
}

/**
 * Checks an outcome against the closing set that parties and auditors compute alike.
 * @throws AuctionError OUTCOME_SET_MISMATCH
 */
export function checkOutcomeOfSet(statement: OutcomeStatement, set: ClosingSet): void {
  if (statement.closingRoot !== set.root) {
    throw new AuctionError('OUTCOME_SET_MISMATCH', 'the outcome names another closing root', {
      root: set.root,
    });
  }
  for (const { lot, count } of statement.liveBids) {
    if (count !== (set.live.get(lot) ?? []).length) {
      throw new AuctionError('OUTCOME_SET_MISMATCH', 'the outcome counts other bids than the closing set', {
        lot,
      });
    }
  }
  for (const result of statement.lots) {
    if (result.outcome !== 'awarded') continue;
    const { lot, winner, winnerKey } = result;
    const live = set.live.get(lot) ?? [];
    if (live.some((bid) => bid.bidder === winner && bid.bidderKey === winnerKey)) continue;
    throw new AuctionError('OUTCOME_SET_MISMATCH', 'the winner has no live bid in the lot', { lot });
  }
}
