/**
 * The auctioneer's signed order to close a tender, for tenders without a deadline or before it.
 *
 * The order names the tender's id alone: it can be repeated without harm, and it closes nothing else.
 */

import * as z from 'zod/mini';
import { AuctionError } from './errors.ts';
import { hashField, parseDocument, signatureField } from './fields.ts';
import { portableSignatures, type Signatures, signDocument, signerOf, verifyDocument } from './signature.ts';
import { type SignedTender, type TenderId, tenderIdOf } from './tender.ts';

export interface CloseOrder {
  readonly kind: 'close';
  readonly tender: string;
  /** Ed25519 by the auctioneer, base64url. */
  readonly signature: string;
}

export const closeOrderSchema = z.strictObject({
  kind: z.literal('close'),
  tender: hashField,
  signature: signatureField,
});

/** @param auctioneerSecretKey 32-byte seed */
export function createCloseOrder(
  tender: TenderId,
  auctioneerSecretKey: Uint8Array,
  signatures: Signatures = portableSignatures,
): CloseOrder {
  const body = { kind: 'close', tender } as const;
  return { ...body, signature: signDocument('close', body, signerOf(auctioneerSecretKey, signatures)) };
}

/** @throws AuctionError CLOSE_MALFORMED, CLOSE_OTHER_TENDER, CLOSE_UNAUTHORISED */
export function checkCloseOrder(
  json: unknown,
  signed: SignedTender,
  signatures: Signatures = portableSignatures,
): CloseOrder {
  const order = parseDocument(closeOrderSchema, json, 'CLOSE_MALFORMED', 'closing order');
  if (order.tender !== tenderIdOf(signed.tender)) {
    throw new AuctionError('CLOSE_OTHER_TENDER', 'the closing order is for another tender');
  }
  const { signature, ...body } = order;
  if (!verifyDocument('close', body, signed.tender.auctioneer, signature, signatures)) {
    throw new AuctionError(
      'CLOSE_UNAUTHORISED',
      'the closing order is not signed by the auctioneer of the tender',
    );
  }
  return order;
}
