/**
 * Everything the auction refuses, as one closed union of stable codes.
 *
 * A code tells a bidder, an auctioneer or an operator which check failed, and `status` is the HTTP status an
 * API answers with. Two different checks never share a code. No message carries a bid, a share, a salt or
 * a key that is secret: what a bidder typed as an amount is never quoted back.
 */

interface CodeMeaning {
  /** HTTP status (RFC 9110) that an API answers with. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 422 | 503;
  /** What it means, and what to do about it. */
  readonly meaning: string;
}

export const AUCTION_ERRORS = {
  TENDER_MALFORMED: {
    status: 400,
    meaning: 'the tender does not have the documented form; correct the field named',
  },
  TENDER_SIGNATURE: { status: 401, meaning: 'the tender is not signed by the auctioneer key it names' },
  TENDER_UNKNOWN: { status: 404, meaning: 'no tender of this id was published here' },
  TENDER_PARTIES_MISMATCH: {
    status: 422,
    meaning: 'the tender names other parties or keys than this party knows',
  },
  TENDER_OTHER_PARTIES: {
    status: 422,
    meaning: 'the tender names other parties than the consortium that was given',
  },
  LOT_DUPLICATE: { status: 400, meaning: 'two lots of the tender have the same id' },
  LOT_UNKNOWN: { status: 422, meaning: 'the tender has no lot of this id' },
  AMOUNT_MALFORMED: {
    status: 400,
    meaning: 'an amount is written as digits with an optional decimal point, such as 12.50',
  },
  AMOUNT_NEGATIVE: { status: 400, meaning: 'an amount cannot be negative' },
  AMOUNT_TOO_PRECISE: {
    status: 400,
    meaning: 'the amount has more digits after the point than the tender allows',
  },
  AMOUNT_TOO_LARGE: { status: 400, meaning: 'the amount does not fit in 64 bits of minor units' },
  AMOUNT_OVER_CEILING: { status: 422, meaning: 'the amount is over the ceiling of the tender' },
  BID_MALFORMED: { status: 400, meaning: 'the bid or withdrawal does not have the documented form' },
  BID_SIGNATURE: { status: 401, meaning: 'the bid or withdrawal is not signed by the key it names' },
  BID_AFTER_DEADLINE: { status: 409, meaning: 'the tender no longer accepts bids or withdrawals' },
  BID_VERSION_REPLAYED: {
    status: 409,
    meaning: 'this or a later version was already received; use a greater version',
  },
  BID_OTHER_TENDER: {
    status: 422,
    meaning: 'the bid was made for another tender; seal it again for this one',
  },
  BIDDER_NAME_TAKEN: { status: 409, meaning: 'another key already bids under this name' },
  BIDDER_NOT_ELIGIBLE: {
    status: 403,
    meaning: 'the tender lists its bidders, and not this name with this key',
  },
  BIDDER_INVITATION_MISSING: {
    status: 403,
    meaning: 'the tender invites this bidder by a link, and the bid carries nothing made with the link',
  },
  BIDDER_INVITATION: {
    status: 403,
    meaning: 'the invitation in the bid was not made with the link for this tender, name and key',
  },
  BIDDER_NOT_INVITED: {
    status: 422,
    meaning: 'the bid carries an invitation, and the tender invites nobody of this name by a link',
  },
  INVITATION_MALFORMED: {
    status: 400,
    meaning: 'the link of an invitation does not have the documented form; copy the whole of it',
  },
  BID_FILE_MALFORMED: { status: 400, meaning: 'the bid file or key file does not have the documented form' },
  BID_FILE_KEY: { status: 422, meaning: 'the public key of the file is not that of its secret one' },
  BID_FILE_OTHER_BIDDER: {
    status: 422,
    meaning: "the bid file holds a bid of another bidder or key than the file's own",
  },
  ENVELOPE_UNREADABLE: {
    status: 422,
    meaning: 'the envelope was not sealed to this party for this bid; seal the bid again',
  },
  COMMITMENT_MISMATCH: { status: 422, meaning: 'a share does not open the commitment the bidder signed' },
  SHARE_MALFORMED: {
    status: 422,
    meaning: 'a share has the wrong length or more bits than the ceiling needs',
  },
  WITHDRAWAL_WITHOUT_BID: { status: 409, meaning: 'there is no bid of this bidder in this lot to withdraw' },
  RECEIPT_MALFORMED: { status: 400, meaning: 'the receipt does not have the documented form' },
  RECEIPT_SIGNATURE: { status: 401, meaning: 'the receipt is not signed by the party it names' },
  RECEIPT_MISMATCH: { status: 422, meaning: 'the receipt is for another bid' },
  TOO_FEW_RECEIPTS: {
    status: 409,
    meaning: 'a bid counts once two parties gave receipts; submit it to another party',
  },
  CLOSE_MALFORMED: { status: 400, meaning: 'the closing order does not have the documented form' },
  CLOSE_OTHER_TENDER: { status: 422, meaning: 'the closing order is for another tender' },
  CLOSE_UNAUTHORISED: {
    status: 401,
    meaning: 'only the auctioneer may close the tender; the order is not signed by its key',
  },
  CLOSE_BEFORE_DEADLINE: {
    status: 409,
    meaning: 'the deadline of the tender has not passed, or it has none',
  },
  CLOSING_LIST_MALFORMED: { status: 400, meaning: 'the closing list does not have the documented form' },
  CLOSING_LIST_SIGNATURE: { status: 401, meaning: 'the closing list is not signed by the party it names' },
  CLOSING_LIST_OTHER_TENDER: { status: 422, meaning: 'the closing list is for another tender' },
  CLOSING_LIST_DUPLICATE: { status: 422, meaning: 'the closing list names a submission twice' },
  CLOSING_LISTS_INCOMPLETE: { status: 409, meaning: 'the closing set needs one list of each party' },
  CLOSING_LISTS_DIFFER: { status: 409, meaning: 'two parties list the same submission with different facts' },
  CLOSING_BID_MISSING: {
    status: 409,
    meaning: 'a bid that counts was not passed on by the parties that list it',
  },
  CLOSING_REPAIR_FAILED: { status: 409, meaning: 'a share could not be repaired from the neighbours' },
  CLOSING_SHARES_LOST: {
    status: 503,
    meaning: 'this party can no longer open a bid it gave a receipt for; restore its sealing key',
  },
  CLOSING_VIEWS_DIFFER: {
    status: 409,
    meaning: 'a party showed different closing lists to different parties; ask the operators',
  },
  CLOSING_ROOTS_DIFFER: {
    status: 409,
    meaning: 'a party computed another closing set from the lists; compare the versions in use',
  },
  CLOSING_MESSAGE_MALFORMED: {
    status: 400,
    meaning: 'a closing message of a party does not have the documented form',
  },
  CLOSING_MESSAGE_SIGNATURE: {
    status: 401,
    meaning: 'a closing message is not signed by the party whose outbox it came from',
  },
  COIN_MISMATCH: { status: 422, meaning: "a lottery coin does not open its party's commitment" },
  COIN_MALFORMED: { status: 400, meaning: 'a lottery coin has the wrong length' },
  OUTCOME_MALFORMED: { status: 400, meaning: 'the outcome does not have the documented form' },
  OUTCOME_OTHER_TENDER: { status: 422, meaning: 'the outcome is for another tender' },
  OUTCOME_INCONSISTENT: { status: 422, meaning: 'the outcome contradicts the rules of its tender' },
  OUTCOME_SET_MISMATCH: { status: 422, meaning: 'the outcome does not belong to this closing set' },
  OUTCOME_SIGNATURE: {
    status: 401,
    meaning: 'a signature of the outcome is wrong, or too few parties signed',
  },
  OUTCOME_CONFLICT: {
    status: 409,
    meaning: 'two different outcomes were signed for one tender; ask the operators',
  },
  OUTCOME_NOT_READY: { status: 409, meaning: 'the outcome is not known yet; see the phase' },
  CLEARING_BUSY: { status: 409, meaning: 'this party is already clearing the tender' },
  STATE_MALFORMED: {
    status: 503,
    meaning: 'the stored state of the tender does not have the documented form',
  },
  STATE_CONFLICT: {
    status: 409,
    meaning: 'the state of the tender was changed by another request; read it and try again',
  },
  STATE_OUT_OF_ORDER: { status: 409, meaning: 'this event cannot happen in this phase of the tender' },
  STATE_ROOT_CONFLICT: { status: 409, meaning: 'another closing set was already agreed for the tender' },
  EVIDENCE_MALFORMED: { status: 400, meaning: 'the evidence does not have the documented form' },
  EVIDENCE_OTHER_TENDER: {
    status: 422,
    meaning: 'the evidence, or a document in it, is about another tender',
  },
  EVIDENCE_SIGNATURE: {
    status: 401,
    meaning: 'a document in the evidence is not signed by the party it accuses',
  },
  EVIDENCE_PROVES_NOTHING: {
    status: 422,
    meaning: 'the documents in the evidence do not contradict each other or the tender',
  },
  OPERATOR_MALFORMED: {
    status: 400,
    meaning: "an operator's record does not have the documented form; export it again",
  },
  OPERATOR_SIGNATURE: {
    status: 401,
    meaning: "an operator's record is not signed by the key it names; ask the operator for it again",
  },
  OPERATOR_ENDORSEMENT: {
    status: 401,
    meaning: 'a record that takes the place of another is not signed by the old key as it says',
  },
  OPERATOR_EXPIRED: {
    status: 422,
    meaning: "an operator's record is no longer valid; the operator exports a new one",
  },
  OPERATOR_NOT_YET_VALID: {
    status: 422,
    meaning: "an operator's record is not valid yet; wait, or correct the clock",
  },
  CONSORTIUM_MALFORMED: {
    status: 400,
    meaning: 'the consortium document does not have the documented form; make it again from the records',
  },
  CONSORTIUM_INDEX: {
    status: 422,
    meaning: 'a consortium has one record of each of the parties 0, 1 and 2, in this order',
  },
  CONSORTIUM_KEY_REUSED: { status: 422, meaning: 'two parties of the consortium have the same key' },
  CONSORTIUM_NAME_REUSED: {
    status: 422,
    meaning: 'two parties of the consortium are run under the same name',
  },
  CONSORTIUM_ACCOUNT_SHARED: {
    status: 422,
    meaning: 'two parties of the consortium are in the same AWS account, which could open every bid',
  },
  CONSORTIUM_KEYS_DIFFER: {
    status: 422,
    meaning: 'the keys are not those that the consortium or the record names for this party',
  },
  CONSORTIUM_FINGERPRINT_DIFFERS: {
    status: 422,
    meaning: 'the consortium document is another one than that whose fingerprint was given',
  },
  OPERATOR_REPLACES_OTHER: {
    status: 422,
    meaning: 'a record differs from the previous one of its party without naming it',
  },
  CONSORTIUM_CHANGE_UNENDORSED: {
    status: 422,
    meaning: 'a record differs from the one it takes the place of without the signature of the old key',
  },
  EVENT_MALFORMED: { status: 400, meaning: 'the event does not have the documented form' },
  EVENT_OTHER_PARTY: { status: 422, meaning: 'the event names another party than the one that signed it' },
  WEBHOOK_MALFORMED: {
    status: 400,
    meaning: 'a delivery lacks a header of its signature, or has one in another than the documented form',
  },
  WEBHOOK_SIGNER_UNKNOWN: {
    status: 401,
    meaning: 'the delivery names another signing key than those that were given',
  },
  WEBHOOK_EXPIRED: { status: 401, meaning: 'the delivery was signed too far from the present time' },
  WEBHOOK_DIGEST: { status: 401, meaning: 'the body of the delivery is not the one that was signed' },
  WEBHOOK_SIGNATURE: {
    status: 401,
    meaning: 'the delivery is not signed by the key that it names, or for another address',
  },
  BODY_TOO_LARGE: { status: 413, meaning: 'the request is larger than any valid document' },
  BODY_MALFORMED: { status: 400, meaning: 'the request is not JSON' },
  CSV_MALFORMED: {
    status: 400,
    meaning: 'the bids file does not have the documented form; correct the line named',
  },
  KEY_MALFORMED: {
    status: 400,
    meaning: 'a key or the file that holds it does not have the documented form',
  },
  TEXT_MALFORMED: { status: 400, meaning: 'a text holds half of a surrogate pair, which has no bytes' },
  ENCODING_MALFORMED: { status: 400, meaning: 'text is not base64url without padding' },
} as const satisfies Readonly<Record<string, CodeMeaning>>;

export type AuctionErrorCode = keyof typeof AUCTION_ERRORS;

/** Public facts that help to find the cause; never secrets. */
export type AuctionErrorFacts = Readonly<Record<string, string | number | boolean>>;

export class AuctionError extends Error {
  readonly code: AuctionErrorCode;
  readonly detail: string;
  readonly facts: AuctionErrorFacts;

  /**
   * @param detail what was wrong here, in one sentence, without any secret
   * @param facts public values such as a field path, a lot or a line
   */
  constructor(code: AuctionErrorCode, detail: string, facts: AuctionErrorFacts = {}, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'AuctionError';
    this.code = code;
    this.detail = detail;
    this.facts = facts;
  }
}
