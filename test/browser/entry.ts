/**
 * What a bidder's page does, as one global with two functions over JSON text: `seal` checks a tender and seals an
 * invited bidder's bid; `verify` checks the submission, its receipts and the outcome. `browser.test.ts` bundles this file.
 */

import { parseAmount } from '../../auction/amount.ts';
import { fromBase64url } from '../../auction/canonical.ts';
import { inviteKey, parseInvitation } from '../../auction/invitation.ts';
import { checkOutcome } from '../../auction/outcome.ts';
import { checkReceipt, standingOf } from '../../auction/receipt.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import { signerOf } from '../../auction/signature.ts';
import { checkSubmission } from '../../auction/submission.ts';
import { checkTender } from '../../auction/tender.ts';

export interface SealRequest {
  readonly tender: unknown;
  readonly lot: string;
  /** Of the bidder's invitation. */
  readonly link: string;
  /** base64url, 32-byte seed. */
  readonly secretKey: string;
  /** As typed. */
  readonly amount: string;
}

export interface VerifyRequest {
  readonly tender: unknown;
  readonly submission: unknown;
  readonly receipts: readonly unknown[];
  readonly outcome: unknown;
}

/** What a bundle puts on its global. */
export interface BidderPage {
  /** `SealRequest` to the signed bid. */
  seal(request: string): Promise<string>;
  /** `VerifyRequest` to {standing, lots}. */
  verify(request: string): Promise<string>;
}

const page: BidderPage = {
  async seal(text) {
    const request: SealRequest = JSON.parse(text);
    const { signed, terms } = checkTender(request.tender);
    const invitation = parseInvitation(request.link);
    const bidderSecretKey = fromBase64url(request.secretKey);
    const sealed = await sealBid({
      terms,
      parties: signed.tender.parties,
      lot: request.lot,
      bidder: invitation.bidder,
      bidderSecretKey,
      invitation: inviteKey(invitation, signerOf(bidderSecretKey).publicKey),
      version: 1,
      amount: parseAmount(request.amount, terms.spec.decimals),
      random: (byteLength) => crypto.getRandomValues(new Uint8Array(byteLength)),
    });
    return JSON.stringify(sealed);
  },

  async verify(text) {
    const request: VerifyRequest = JSON.parse(text);
    const { signed, terms } = checkTender(request.tender);
    const { parties } = signed.tender;
    const submission = checkSubmission(request.submission, terms);
    const receipts = request.receipts.map((receipt) => checkReceipt(receipt, { terms, parties, submission }));
    const { statement } = checkOutcome(request.outcome, { terms, parties, required: 3 });
    return JSON.stringify({ standing: standingOf(receipts), lots: statement.lots });
  },
};

Object.assign(globalThis, { bidderPage: page });
