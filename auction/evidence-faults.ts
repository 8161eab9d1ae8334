/**
 * For each kind of fault, whether the documents show it, and the particulars in a few words.
 *
 * A check that fails to show the fault answers undefined or throws; it never blames anybody else. Two documents
 * contradict each other only by what they say: two signatures under the same words are no fault.
 */

import * as z from 'zod/mini';
import { equalBytes } from '../mpc/bytes.ts';
import { fromBase64url } from './canonical.ts';
import { type ClosingList, MAX_LIST_ENTRIES } from './closing-list.ts';
import { closingSet } from './closing-set.ts';
import { AuctionError } from './errors.ts';
import type { Evidence } from './evidence-document.ts';
import { faultInHello, readSignedHello, type SignedHello } from './evidence-hello.ts';
import {
  type EvidenceContext,
  requireList,
  requireMessage,
  requireOutcome,
  requireReceipt,
  requireSeenLists,
} from './evidence-messages.ts';
import { faultInList, faultInReceipt } from './evidence-rules.ts';
import { checkCoins, coinCommitment } from './lottery.ts';
import { checkOutcomeOfSet, type OutcomeStatement, outcomeHash } from './outcome.ts';
import { checkOutcomeRules } from './outcome-rules.ts';
import { bidsToPass } from './passed-bids.ts';
import type { Receipt } from './receipt.ts';
import { checkSubmission, submissionHash, submissionSchema } from './submission.ts';

type EvidenceOf<Name extends Evidence['fault']> = Extract<Evidence, { readonly fault: Name }>;

/**
 * @returns undefined where the documents are sound but show no such fault
 * @throws AuctionError EVIDENCE_*, and what the checks of the documents inside throw
 */
export function particularsOf(evidence: Evidence, context: EvidenceContext): string | undefined {
  const { terms, signed } = context.tender;
  switch (evidence.fault) {
    case 'two-lists':
      return twoLists(evidence, context);
    case 'two-messages':
      return twoMessages(evidence, context);
    case 'two-hellos':
      return twoHellos(evidence, context);
    case 'two-outcomes':
      return twoOutcomes(evidence, context);
    case 'two-receipts':
      return twoReceipts(evidence, context);
    case 'two-roots':
      return twoRoots(evidence, context);
    case 'list-breaks-rules':
      return faultInList(requireList(evidence.list, context), terms);
    case 'receipt-breaks-rules':
      return faultInReceipt(requireReceipt(evidence.receipt, context), terms);
    case 'hello-breaks-rules':
      return faultInHello(helloOf(evidence.hello, context), context.party, signed.tender.parties);
    case 'outcome-breaks-rules': {
      const statement = requireOutcome(evidence.outcome, context);
      return complaintOf(() => checkOutcomeRules(statement, terms));
    }
    case 'receipt-not-listed':
      return notListed(requireReceipt(evidence.receipt, context), requireList(evidence.list, context));
    case 'entry-contradicts-receipt':
      return entryAgainstReceipt(
        requireReceipt(evidence.receipt, context),
        requireList(evidence.list, context),
      );
    case 'entry-contradicts-submission':
      return entryAgainstSubmission(evidence, context);
    case 'coin-mismatch':
      return coinMismatch(evidence, context);
    case 'root-mismatch':
      return rootMismatch(evidence, context);
    case 'bid-not-passed':
      return bidNotPassed(evidence, context);
    case 'outcome-contradicts-lists':
      return outcomeAgainstLists(evidence, context);
  }
}

function twoLists({ lists }: EvidenceOf<'two-lists'>, context: EvidenceContext): string | undefined {
  const [left, right] = [requireList(lists[0], context), requireList(lists[1], context)];
  if (left.closedAt !== right.closedAt) return 'they close at different times';
  if (left.coinCommitment !== right.coinCommitment) return 'they commit to different coins';
  if (JSON.stringify(textsOf(left)) === JSON.stringify(textsOf(right))) return undefined;
  return `their entries differ (${left.entries.length} and ${right.entries.length})`;
}

/** The entries without regard to the order of their fields. */
function textsOf({ entries }: ClosingList): readonly (readonly unknown[])[] {
  return entries.map(({ submission, kind, lot, bidder, bidderKey, version, receivedAt }) => [
    submission,
    kind,
    lot,
    bidder,
    bidderKey,
    version,
    receivedAt,
  ]);
}

function twoMessages({ messages }: EvidenceOf<'two-messages'>, context: EvidenceContext): string | undefined {
  const [left, right] = messages;
  const [leftBytes, rightBytes] = [requireMessage(left, context), requireMessage(right, context)];
  if (left.kind !== right.kind || equalBytes(leftBytes, rightBytes)) return undefined;
  return `its two messages ${left.kind} differ`;
}

function twoHellos({ hellos }: EvidenceOf<'two-hellos'>, context: EvidenceContext): string | undefined {
  const [left, right] = [helloOf(hellos[0], context), helloOf(hellos[1], context)];
  if (left.attempt !== right.attempt || equalBytes(left.statement, right.statement)) return undefined;
  return `both are for attempt ${JSON.stringify(left.attempt)}`;
}

function twoOutcomes({ outcomes }: EvidenceOf<'two-outcomes'>, context: EvidenceContext): string | undefined {
  const left = outcomeHash(requireOutcome(outcomes[0], context));
  const right = outcomeHash(requireOutcome(outcomes[1], context));
  return left === right ? undefined : `their hashes are ${left} and ${right}`;
}

function twoReceipts({ receipts }: EvidenceOf<'two-receipts'>, context: EvidenceContext): string | undefined {
  const [left, right] = [requireReceipt(receipts[0], context), requireReceipt(receipts[1], context)];
  const samePlace = left.lot === right.lot && left.bidder === right.bidder && left.version === right.version;
  if (left.submission === right.submission) {
    if (samePlace && left.receivedAt === right.receivedAt) return undefined;
    return `they say different things of submission ${left.submission}`;
  }
  return samePlace ? `both are for version ${left.version} of ${left.bidder} in lot ${left.lot}` : undefined;
}

function twoRoots({ statements }: EvidenceOf<'two-roots'>, context: EvidenceContext): string | undefined {
  const [left, right] = [rootOf(statements[0], context), rootOf(statements[1], context)];
  return left === right ? undefined : `they name the roots ${left} and ${right}`;
}

function rootOf(statement: EvidenceOf<'two-roots'>['statements'][number], context: EvidenceContext): string {
  if ('hello' in statement) return helloOf(statement.hello, context).root;
  if ('outcome' in statement) return requireOutcome(statement.outcome, context).closingRoot;
  requireMessage(statement.message, context);
  return statement.message.root;
}

/**
 * A list has a bound, beyond which an honest party leaves the latest submissions out: only what it received
 * before the last one that it lists is then missing without excuse.
 */
function notListed({ submission, receivedAt }: Receipt, { entries }: ClosingList): string | undefined {
  if (entries.some((entry) => entry.submission === submission)) return undefined;
  const latest = entries.reduce((last, entry) => Math.max(last, entry.receivedAt), 0);
  if (entries.length >= MAX_LIST_ENTRIES && receivedAt >= latest) return undefined;
  return `submission ${submission}`;
}

function entryAgainstReceipt(receipt: Receipt, { entries }: ClosingList): string | undefined {
  const entry = entries.find(({ submission }) => submission === receipt.submission);
  if (entry === undefined) return undefined;
  const differing = (['lot', 'bidder', 'version', 'receivedAt'] as const).filter(
    (field) => entry[field] !== receipt[field],
  );
  return differing.length === 0 ? undefined : `submission ${entry.submission}, ${differing.join(', ')}`;
}

/** A hash has one body, so what the body does not say is made up; who signed the body does not matter. */
function entryAgainstSubmission(
  { submission, list }: EvidenceOf<'entry-contradicts-submission'>,
  context: EvidenceContext,
): string | undefined {
  const hash = submissionHash(submission);
  const entry = requireList(list, context).entries.find((listed) => listed.submission === hash);
  if (entry === undefined) return undefined;
  if (submission.tender !== context.tender.id) return `submission ${hash} is for another tender`;
  const differing = (['kind', 'lot', 'bidder', 'bidderKey', 'version'] as const).filter(
    (field) => entry[field] !== submission[field],
  );
  return differing.length === 0 ? undefined : `submission ${hash}, ${differing.join(', ')}`;
}

function coinMismatch(
  { list, passing }: EvidenceOf<'coin-mismatch'>,
  context: EvidenceContext,
): string | undefined {
  requireMessage(passing, context);
  const { coinCommitment: committed } = requireList(list, context);
  const shown = coinCommitment(fromBase64url(passing.coin), context.tender.id, context.party);
  return shown === committed ? undefined : `the coin it showed commits to ${shown}`;
}

function rootMismatch(
  { passing, lists }: EvidenceOf<'root-mismatch'>,
  context: EvidenceContext,
): string | undefined {
  const { root } = closingSet(context.tender.terms, requireSeenLists(lists, passing, context));
  return root === passing.root ? undefined : `the lists give ${root}`;
}

function bidNotPassed(
  { passing, lists, submission }: EvidenceOf<'bid-not-passed'>,
  context: EvidenceContext,
): string | undefined {
  const { terms } = context.tender;
  const seen = requireSeenLists(lists, passing, context);
  if (!bidsToPass(context.party, seen, closingSet(terms, seen)).includes(submission)) return undefined;
  const passed = passing.bids.some((json) => isSoundBid(json, submission, context));
  return passed ? undefined : `submission ${submission}`;
}

/** A bid of this tender with this hash and its bidder's signature. The hash is cheaper, so it comes first. */
function isSoundBid(json: unknown, hash: string, { tender, signatures }: EvidenceContext): boolean {
  const parsed = z.safeParse(submissionSchema, json);
  if (!parsed.success || parsed.data.kind !== 'bid' || submissionHash(parsed.data) !== hash) return false;
  return complaintOf(() => checkSubmission(json, tender.terms, signatures)) === undefined;
}

function outcomeAgainstLists(
  { outcome, passing, lists }: EvidenceOf<'outcome-contradicts-lists'>,
  context: EvidenceContext,
): string | undefined {
  const { terms } = context.tender;
  const seen = requireSeenLists(lists, passing, context);
  const statement: OutcomeStatement = requireOutcome(outcome, context);
  const set = closingSet(terms, seen);
  return complaintOf(() => {
    checkOutcomeOfSet(statement, set);
    if (statement.coins !== undefined) checkCoins(seen, statement.coins);
  });
}

function helloOf(hello: string, { tender, party, signatures }: EvidenceContext): SignedHello {
  return readSignedHello(hello, party, tender.id, tender.signed.tender.parties, signatures);
}

/** What a check complains of; undefined where it passes. */
function complaintOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AuctionError) return error.detail;
    throw error;
  }
}
