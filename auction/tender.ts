/**
 * The tender: specification, the three parties' keys and the auctioneer's key in one signed document.
 *
 * Its id is the hash of all of it, so bids, receipts and outcomes that name the id are bound to the exact
 * rules and to the exact parties: an operator that swaps a key or a rule makes another tender. Against an
 * auctioneer who publishes two versions to two bidders the id is the protection: bidders compare it.
 */

import * as z from 'zod/mini';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { hashDocument, PROTOCOL, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';
import {
  bytesField,
  hashField,
  parseDocument,
  partyField,
  publicKeyField,
  signatureField,
} from './fields.ts';
import { portableSignatures, type Signatures, signDocument, signerOf, verifyDocument } from './signature.ts';
import { completeSpecSchema, type ExactTerms, exactTermsOf, type TenderSpec } from './tender-spec.ts';

declare const tenderId: unique symbol;

/** base64url SHA-256 of a tender document; 43 characters. */
export type TenderId = string & { readonly [tenderId]: true };

/** One party as the tender names it. */
export interface PartyRecord {
  readonly index: PartyIndex;
  /** Ed25519, base64url, 32 bytes: receipts, closing lists, outcomes. */
  readonly signingKey: string;
  /** X25519 for HPKE, base64url, 32 bytes: envelopes. */
  readonly sealingKey: string;
}

/** The three parties in the order of their index. */
export type PartyRecords = readonly [PartyRecord, PartyRecord, PartyRecord];

export interface TenderDocument {
  readonly protocol: 'tacit/1';
  readonly spec: TenderSpec;
  readonly parties: PartyRecords;
  /** Ed25519, base64url: signs the tender and the closing order. */
  readonly auctioneer: string;
  /** base64url, 16 bytes: the same specification published twice makes two tenders. */
  readonly nonce: string;
}

export interface SignedTender {
  readonly tender: TenderDocument;
  /** Ed25519 by the auctioneer, base64url. */
  readonly signature: string;
}

/** What every other check needs of a tender, parsed once. */
export interface TenderTerms extends ExactTerms {
  readonly id: TenderId;
  readonly spec: TenderSpec;
}

export interface CheckedTender {
  readonly id: TenderId;
  readonly signed: SignedTender;
  readonly terms: TenderTerms;
}

/** Makes tender ids collide only if SHA-256 does; drawn by the auctioneer. */
export const TENDER_NONCE_BYTES = 16;

export const partyRecordSchema = z.strictObject({
  index: partyField,
  signingKey: publicKeyField,
  sealingKey: publicKeyField,
});

export const signedTenderSchema = z.strictObject({
  tender: z.strictObject({
    protocol: z.literal(PROTOCOL),
    spec: completeSpecSchema,
    parties: z.tuple([partyRecordSchema, partyRecordSchema, partyRecordSchema]),
    auctioneer: publicKeyField,
    nonce: bytesField(TENDER_NONCE_BYTES),
  }),
  signature: signatureField,
});

/**
 * @param auctioneerSecretKey 32-byte seed
 * @param nonce 16 random bytes
 * @throws AuctionError TENDER_MALFORMED, LOT_DUPLICATE, AMOUNT_*, KEY_MALFORMED
 */
export function createTender(
  spec: TenderSpec,
  parties: PartyRecords,
  auctioneerSecretKey: Uint8Array,
  nonce: Uint8Array,
  signatures: Signatures = portableSignatures,
): SignedTender {
  const signer = signerOf(auctioneerSecretKey, signatures);
  const tender: TenderDocument = {
    protocol: PROTOCOL,
    spec,
    parties,
    auctioneer: signer.publicKey,
    nonce: toBase64url(nonce),
  };
  return checkTender({ tender, signature: signDocument('tender', tender, signer) }, signatures).signed;
}

/**
 * The tender of a document from anywhere: form, rules, parties and the auctioneer's signature.
 * @throws AuctionError TENDER_MALFORMED, LOT_DUPLICATE, AMOUNT_*, TENDER_SIGNATURE
 */
export function checkTender(json: unknown, signatures: Signatures = portableSignatures): CheckedTender {
  const signed: SignedTender = parseDocument(signedTenderSchema, json, 'TENDER_MALFORMED', 'tender');
  const { tender } = signed;
  checkParties(tender.parties);
  const exact = exactTermsOf(tender.spec);
  if (!verifyDocument('tender', tender, tender.auctioneer, signed.signature, signatures)) {
    throw new AuctionError('TENDER_SIGNATURE', 'the tender is not signed by the auctioneer key it names');
  }
  const id = tenderIdOf(tender);
  return { id, signed, terms: { ...exact, id, spec: tender.spec } };
}

/** Whether something has the form of an id; there need be no such tender. */
export function isTenderId(value: unknown): value is TenderId {
  return z.safeParse(hashField, value).success;
}

export function tenderIdOf(tender: TenderDocument): TenderId {
  return toBase64url(hashDocument('tender', tender)) as TenderId;
}

/** One operator with two seats would hold all shares, so every key appears once. */
function checkParties(parties: PartyRecords): void {
  for (const index of PARTIES) {
    const record = parties[index];
    if (record.index !== index) throw malformedParty(index, 'index', 'must be the place in the list');
    for (const other of PARTIES) {
      if (other >= index) continue;
      if (parties[other].signingKey === record.signingKey)
        throw malformedParty(index, 'signingKey', 'is used twice');
      if (parties[other].sealingKey === record.sealingKey)
        throw malformedParty(index, 'sealingKey', 'is used twice');
    }
  }
}

function malformedParty(index: PartyIndex, key: string, complaint: string): AuctionError {
  const field = `tender.parties[${index}].${key}`;
  return new AuctionError('TENDER_MALFORMED', `tender: field ${field} ${complaint}`, { field });
}
