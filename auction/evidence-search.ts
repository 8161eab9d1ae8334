/**
 * Finding evidence: every fault that a heap of signed documents proves, whoever collected them.
 *
 * A search only puts documents together; what comes out was checked like evidence from a stranger
 * (`evidence.ts`), so a forged or misplaced document in the heap leads to nothing. Cost: pairs among the versions
 * of each document, of which honest parties have one each.
 */

import * as z from 'zod/mini';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import type { ClosingList } from './closing-list.ts';
import { type ClosingLists, type ClosingSet, closingSet } from './closing-set.ts';
import { closingView } from './closing-view.ts';
import { AuctionError } from './errors.ts';
import { checkEvidence, type Verdict } from './evidence.ts';
import type { Evidence } from './evidence-document.ts';
import { passingSchema, type SignedMessage, type SignedPassing } from './evidence-messages.ts';
import type { SignedOutcome } from './outcome.ts';
import { bidsToPass } from './passed-bids.ts';
import type { Receipt } from './receipt.ts';
import { portableSignatures, type Signatures } from './signature.ts';
import { checkSubmission, type Submission, submissionHash } from './submission.ts';
import type { CheckedTender } from './tender.ts';

/** Of any party, in any order, unchecked; the same document may be there twice. */
export interface SignedDocuments {
  readonly lists: readonly ClosingList[];
  readonly messages: readonly SignedMessage[];
  readonly outcomes: readonly SignedOutcome[];
  /** As posted, base64url, with the party whose it claims to be. */
  readonly hellos: readonly { readonly party: PartyIndex; readonly hello: string }[];
  readonly receipts: readonly Receipt[];
  readonly submissions: readonly Submission[];
}

export interface Proof {
  readonly evidence: Evidence;
  readonly verdict: Verdict;
}

/** @returns for each party and kind of fault at most one proof; none where the documents prove nothing */
export function findEvidence(
  documents: SignedDocuments,
  tender: CheckedTender,
  signatures: Signatures = portableSignatures,
): readonly Proof[] {
  const proofs = new Map<string, Proof>();
  const views = viewsOf(documents.lists);
  for (const party of PARTIES) {
    for (const evidence of candidates({ documents, tender, signatures, party, views })) {
      const name = `${party} ${evidence.fault}`;
      if (proofs.has(name)) continue;
      const verdict = verdictOf(evidence, tender, signatures);
      if (verdict !== undefined) proofs.set(name, { evidence, verdict });
    }
  }
  return [...proofs.values()];
}

function verdictOf(evidence: Evidence, tender: CheckedTender, signatures: Signatures): Verdict | undefined {
  try {
    return checkEvidence(evidence, tender, signatures);
  } catch (error) {
    if (error instanceof AuctionError) return undefined;
    throw error;
  }
}

interface Search {
  readonly documents: SignedDocuments;
  readonly tender: CheckedTender;
  readonly signatures: Signatures;
  /** Who is suspected now. */
  readonly party: PartyIndex;
  readonly views: ReadonlyMap<string, ClosingLists>;
}

function* candidates(search: Search): Generator<Evidence> {
  const { documents, tender, party } = search;
  const accused = { kind: 'evidence', tender: tender.id, party } as const;
  const lists = documents.lists.filter((list) => list.party === party);
  const messages = documents.messages.filter((message) => message.party === party);
  const receipts = documents.receipts.filter((receipt) => receipt.party === party);
  const hellos = documents.hellos.filter((hello) => hello.party === party).map(({ hello }) => hello);
  const outcomes = documents.outcomes.flatMap(({ statement, signatures }) => {
    const own = signatures.find((signature) => signature.party === party);
    return own === undefined ? [] : [{ statement, signatures: [own] }];
  });

  for (const list of lists) yield { ...accused, fault: 'list-breaks-rules', list };
  for (const receipt of receipts) yield { ...accused, fault: 'receipt-breaks-rules', receipt };
  for (const hello of hellos) yield { ...accused, fault: 'hello-breaks-rules', hello };
  for (const outcome of outcomes) yield { ...accused, fault: 'outcome-breaks-rules', outcome };

  for (const pair of pairs(lists)) yield { ...accused, fault: 'two-lists', lists: pair };
  for (const pair of pairs(messages)) yield { ...accused, fault: 'two-messages', messages: pair };
  for (const pair of pairs(hellos)) yield { ...accused, fault: 'two-hellos', hellos: pair };
  for (const pair of pairs(outcomes)) yield { ...accused, fault: 'two-outcomes', outcomes: pair };
  for (const receiptPair of contradictingPairs(receipts)) {
    yield { ...accused, fault: 'two-receipts', receipts: receiptPair };
  }
  const rooted = [
    ...messages.map((message) => ({ message })),
    ...outcomes.map((outcome) => ({ outcome })),
    ...hellos.map((hello) => ({ hello })),
  ];
  for (const statements of pairs(rooted)) yield { ...accused, fault: 'two-roots', statements };

  for (const list of lists) {
    const listed = new Map(list.entries.map((entry) => [entry.submission, entry]));
    for (const receipt of receipts) {
      const entry = listed.get(receipt.submission);
      if (entry === undefined) {
        yield { ...accused, fault: 'receipt-not-listed', receipt, list };
      } else if (!agree(entry, receipt, ['lot', 'bidder', 'version', 'receivedAt'])) {
        yield { ...accused, fault: 'entry-contradicts-receipt', receipt, list };
      }
    }
    for (const submission of documents.submissions) {
      const entry = listed.get(submissionHash(submission));
      if (entry === undefined) continue;
      if (agree(entry, submission, ['kind', 'lot', 'bidder', 'bidderKey', 'version'])) continue;
      yield { ...accused, fault: 'entry-contradicts-submission', submission, list };
    }
  }
  for (const message of messages) {
    const passing = z.safeParse(passingSchema, message);
    if (!passing.success) continue;
    for (const list of lists) {
      yield { ...accused, fault: 'coin-mismatch', list, passing: passing.data };
    }
    yield* withViews(search, passing.data, outcomes);
  }
}

/** What a passing message says about lists that its sender says it saw, where they are in the heap. */
function* withViews(
  { tender, signatures, party, views }: Search,
  passing: SignedPassing,
  outcomes: readonly SignedOutcome[],
): Generator<Evidence> {
  const lists = views.get(passing.view);
  if (lists === undefined) return;
  const accused = { kind: 'evidence', tender: tender.id, party, passing, lists } as const;
  yield { ...accused, fault: 'root-mismatch' };
  for (const outcome of outcomes) yield { ...accused, fault: 'outcome-contradicts-lists', outcome };
  const set = setOf(lists, tender);
  if (set === undefined) return;
  const passed = new Set(passing.bids.map((json) => soundHash(json, tender, signatures)));
  const missing = bidsToPass(party, lists, set).find((submission) => !passed.has(submission));
  if (missing !== undefined) yield { ...accused, fault: 'bid-not-passed', submission: missing };
}

/** Every three lists that a party can have seen, by their view. */
function viewsOf(lists: readonly ClosingList[]): ReadonlyMap<string, ClosingLists> {
  const by = (party: PartyIndex) => lists.filter((list) => list.party === party);
  const views = new Map<string, ClosingLists>();
  for (const first of by(0)) {
    for (const second of by(1)) {
      for (const third of by(2)) {
        const seen: ClosingLists = [first, second, third];
        views.set(closingView(seen), seen);
      }
    }
  }
  return views;
}

/** Undefined where the lists contradict each other. */
function setOf(lists: ClosingLists, { terms }: CheckedTender): ClosingSet | undefined {
  try {
    return closingSet(terms, lists);
  } catch (error) {
    if (error instanceof AuctionError) return undefined;
    throw error;
  }
}

function soundHash(json: unknown, { terms }: CheckedTender, signatures: Signatures): string | undefined {
  try {
    return submissionHash(checkSubmission(json, terms, signatures));
  } catch (error) {
    if (error instanceof AuctionError) return undefined;
    throw error;
  }
}

function agree<Field extends string>(
  left: Readonly<Record<Field, unknown>>,
  right: Readonly<Record<Field, unknown>>,
  fields: readonly Field[],
): boolean {
  return fields.every((field) => left[field] === right[field]);
}

function* pairs<Item>(items: readonly Item[]): Generator<readonly [Item, Item]> {
  for (const [index, left] of items.entries()) {
    for (const right of items.slice(index + 1)) yield [left, right];
  }
}

/** Receipts are many, so only those for one submission, or for one place, meet. */
function* contradictingPairs(receipts: readonly Receipt[]): Generator<readonly [Receipt, Receipt]> {
  const first = new Map<string, Receipt>();
  for (const receipt of receipts) {
    const { submission, lot, bidder, version } = receipt;
    for (const key of [submission, JSON.stringify([lot, bidder, version])]) {
      const other = first.get(key);
      if (other === undefined) first.set(key, receipt);
      else yield [other, receipt];
    }
  }
}
