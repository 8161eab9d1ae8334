/**
 * The signed documents of one party that evidence is made of, each checked with nothing but the tender's keys.
 *
 * Closing messages are read loosely: whatever else a message holds, the party signed all of it, and two versions
 * of a message are two versions even where neither has the documented form.
 */

import * as z from 'zod/mini';
import { frame } from '../mpc/bytes.ts';
import { toEpochMs } from '../mpc/clock.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { canonicalBytes, fromBase64url, PROTOCOL } from './canonical.ts';
import { type ClosingList, checkClosingList, type closingListSchema } from './closing-list.ts';
import type { ClosingLists } from './closing-set.ts';
import { closingView } from './closing-view.ts';
import { AuctionError } from './errors.ts';
import { hashField, partyField, signatureField } from './fields.ts';
import type { OutcomeStatement, SignedOutcome } from './outcome.ts';
import type { Receipt, receiptSchema } from './receipt.ts';
import { type Signatures, verifyDocument } from './signature.ts';
import type { CheckedTender, PartyRecord } from './tender.ts';

export interface EvidenceContext {
  readonly tender: CheckedTender;
  /** The accused. */
  readonly party: PartyIndex;
  readonly signatures: Signatures;
}

/** The same value, to be read only: what a schema gives and what the interfaces of documents say are then one. */
export type Frozen<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
  : Value;

const said = { tender: hashField, party: partyField, root: hashField, signature: signatureField };

/** What a party says at closing after its list. */
export const messageSchema = z.looseObject({
  kind: z.enum(['closing-passing', 'closing-repair-request', 'closing-repair']),
  ...said,
});

/** With the parts of it that other documents can contradict. */
export const passingSchema = z.looseObject({
  kind: z.literal('closing-passing'),
  ...said,
  view: hashField,
  coin: hashField,
  bids: z.array(z.unknown()),
});

export type SignedMessage = Frozen<z.output<typeof messageSchema>>;
export type SignedPassing = Frozen<z.output<typeof passingSchema>>;

/** Signed by the accused for this tender; its entries are not looked at. @throws AuctionError EVIDENCE_* */
export function requireList(
  json: Frozen<z.output<typeof closingListSchema>>,
  context: EvidenceContext,
): ClosingList {
  const { signature, ...body } = json;
  requireAccused(body, context, 'closing list');
  if (!verifyDocument('closing-list', body, keyOf(context), signature, context.signatures)) {
    throw notSigned('closing list', context);
  }
  return datedList(json);
}

/** The list with its times as times; what `closingListSchema` accepted has no others. */
export function datedList(json: Frozen<z.output<typeof closingListSchema>>): ClosingList {
  const entries = json.entries.map((entry) => ({ ...entry, receivedAt: toEpochMs(entry.receivedAt) }));
  return { ...json, closedAt: toEpochMs(json.closedAt), entries };
}

/** @throws AuctionError EVIDENCE_* */
export function requireReceipt(
  json: Frozen<z.output<typeof receiptSchema>>,
  context: EvidenceContext,
): Receipt {
  const { signature, ...body } = json;
  requireAccused(body, context, 'receipt');
  if (!verifyDocument('receipt', body, keyOf(context), signature, context.signatures)) {
    throw notSigned('receipt', context);
  }
  return { ...json, receivedAt: toEpochMs(json.receivedAt) };
}

/** @returns what the signature covers @throws AuctionError EVIDENCE_* */
export function requireMessage(message: SignedMessage, context: EvidenceContext): Uint8Array {
  const { signature, ...body } = message;
  requireAccused(message, context, 'closing message');
  const signed = frame(PROTOCOL, message.kind, canonicalBytes(body));
  if (!context.signatures.verify(fromBase64url(keyOf(context)), signed, fromBase64url(signature))) {
    throw notSigned('closing message', context);
  }
  return signed;
}

/** The statement, which must carry a signature of the accused; signatures of others are not looked at. */
export function requireOutcome(outcome: SignedOutcome, context: EvidenceContext): OutcomeStatement {
  const { statement } = outcome;
  requireAccused({ tender: statement.tender, party: context.party }, context, 'outcome');
  const own = outcome.signatures.find(({ party }) => party === context.party);
  if (
    own === undefined ||
    !verifyDocument('outcome', statement, keyOf(context), own.signature, context.signatures)
  ) {
    throw notSigned('outcome', context);
  }
  return statement;
}

/**
 * The three lists that the accused says it saw: its signed view fixes them, so nobody can show others in their
 * place, not even the parties that signed them.
 * @throws AuctionError EVIDENCE_*, CLOSING_LIST_*
 */
export function requireSeenLists(
  documents: readonly [unknown, unknown, unknown],
  passing: SignedPassing,
  context: EvidenceContext,
): ClosingLists {
  const { tender, signatures } = context;
  requireMessage(passing, context);
  const checking = { terms: tender.terms, parties: tender.signed.tender.parties };
  const lists: ClosingLists = [
    checkClosingList(documents[0], checking, signatures),
    checkClosingList(documents[1], checking, signatures),
    checkClosingList(documents[2], checking, signatures),
  ];
  if (lists.some(({ party }, index) => party !== index) || closingView(lists) !== passing.view) {
    const detail = `the lists are not those that party ${context.party} says it saw`;
    throw new AuctionError('EVIDENCE_PROVES_NOTHING', detail, { party: context.party });
  }
  return lists;
}

function requireAccused(
  document: { readonly tender: string; readonly party: PartyIndex },
  { tender, party }: EvidenceContext,
  name: string,
): void {
  if (document.tender !== tender.id) {
    throw new AuctionError('EVIDENCE_OTHER_TENDER', `the ${name} is for another tender`, { party });
  }
  if (document.party !== party) {
    throw new AuctionError('EVIDENCE_SIGNATURE', `the ${name} is not one of party ${party}`, { party });
  }
}

function keyOf({ tender, party }: EvidenceContext): PartyRecord['signingKey'] {
  return tender.signed.tender.parties[party].signingKey;
}

function notSigned(name: string, { party }: EvidenceContext): AuctionError {
  return new AuctionError('EVIDENCE_SIGNATURE', `the ${name} is not signed by party ${party}`, { party });
}
