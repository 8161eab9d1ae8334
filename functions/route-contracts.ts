/**
 * What each HTTP resource takes, answers and refuses, in one table: the OpenAPI document (`open-api.ts`) and the
 * tables of docs/api.md are made from it. A route without an entry does not compile.
 */

import type * as z from 'zod/mini';
import {
  closedTenderSchema,
  partyInfoSchema,
  partyStatusSchema,
  publishedTenderSchema,
  shownTenderSchema,
  tenderPageSchema,
} from '../auction/api-answers.ts';
import { closeOrderSchema } from '../auction/close-order.ts';
import { AUCTION_ERRORS, type AuctionErrorCode } from '../auction/errors.ts';
import { signedOutcomeSchema } from '../auction/outcome.ts';
import { receiptSchema } from '../auction/receipt.ts';
import { submissionSchema } from '../auction/submission.ts';
import { signedTenderSchema } from '../auction/tender.ts';
import { ORAM_ERROR_CODES, type OramErrorCode } from '../oram/errors.ts';
import { FUNCTION_ERRORS, type FunctionErrorCode } from './errors.ts';
import { MAX_SUBMISSION_BYTES, MAX_TENDER_BYTES } from './http-handler.ts';
import type { HttpFunctionName } from './routes.ts';
import { vaultAnswerSchema } from './vault-answer.ts';
import { MAX_VAULT_REQUEST_BYTES, vaultRequestSchema } from './vault-request.ts';
import { VAULT_STATUSES } from './vault-statuses.ts';

/** What an HTTP request can be refused with. */
export type RefusalCode = AuctionErrorCode | FunctionErrorCode | OramErrorCode;

export interface RouteContract {
  readonly purpose: string;
  /** What the body of a request is; none for GET. */
  readonly body?: { readonly document: string; readonly maxBytes: number; readonly schema: z.ZodMiniType };
  /** Whether pages are asked for with `limit` and `after`. */
  readonly paged?: true;
  /** In words. */
  readonly answer: string;
  /** Undefined where the answer is described elsewhere. */
  readonly answerSchema?: z.ZodMiniType;
  readonly success: 200 | 201;
  /** Beside those that every route may answer with. */
  readonly refusals: readonly RefusalCode[];
}

/** What any request can be refused with. */
export const COMMON_REFUSALS: readonly RefusalCode[] = ['STATE_MALFORMED', 'REQUEST_TIMED_OUT', 'INTERNAL'];

/** What a request with a body can be refused with before the domain sees it. */
export const BODY_REFUSALS: readonly RefusalCode[] = [
  'BODY_TOO_LARGE',
  'CONTENT_TYPE_UNSUPPORTED',
  'BODY_MALFORMED',
];

const TENDER_CODES = ['TENDER_ID_MALFORMED', 'TENDER_UNKNOWN'] as const;

export const ROUTE_CONTRACTS: Readonly<Record<HttpFunctionName, RouteContract>> = {
  'show-openapi': {
    purpose: 'this interface as an OpenAPI 3.1 document',
    answer: 'the document',
    success: 200,
    refusals: [],
  },
  'party-info': {
    purpose: 'index and public keys of the party; proves nothing by itself',
    answer: '`protocol` and the party record',
    answerSchema: partyInfoSchema,
    success: 200,
    refusals: [],
  },
  'party-status': {
    purpose:
      "whether the party's table answers, how its engine last found the three outboxes, and its clock; asks no peer",
    answer: '`protocol`, `index`, `now`, `stateAnswers`, `outboxes`',
    answerSchema: partyStatusSchema,
    success: 200,
    refusals: [],
  },
  'publish-tender': {
    purpose: 'publishes a signed tender; again is accepted',
    body: { document: 'signed tender', maxBytes: MAX_TENDER_BYTES, schema: signedTenderSchema },
    answer: '`id`, and the `record` of the party',
    answerSchema: publishedTenderSchema,
    success: 201,
    refusals: [
      'TENDER_MALFORMED',
      'LOT_DUPLICATE',
      'AMOUNT_MALFORMED',
      'AMOUNT_NEGATIVE',
      'AMOUNT_TOO_PRECISE',
      'AMOUNT_TOO_LARGE',
      'TENDER_SIGNATURE',
      'TENDER_PARTIES_MISMATCH',
      'CLOCK_OFF',
    ],
  },
  'list-tenders': {
    purpose: 'ids of the tenders published here, a page at a time, in the order of the ids',
    paged: true,
    answer: '`tenders`: ids; `next` while there may be more',
    answerSchema: tenderPageSchema,
    success: 200,
    refusals: ['PAGE_MALFORMED'],
  },
  'show-tender': {
    purpose: 'the tender, and its state at this party',
    answer: '`id`, `signed`, `state`',
    answerSchema: shownTenderSchema,
    success: 200,
    refusals: TENDER_CODES,
  },
  'close-tender': {
    purpose: 'closes the tender and has its clearing started; again is accepted and starts it again',
    body: { document: 'close order', maxBytes: MAX_SUBMISSION_BYTES, schema: closeOrderSchema },
    answer: '`id`, `state`',
    answerSchema: closedTenderSchema,
    success: 200,
    refusals: [
      ...TENDER_CODES,
      'CLOSE_MALFORMED',
      'CLOSE_OTHER_TENDER',
      'CLOSE_UNAUTHORISED',
      'STATE_CONFLICT',
      'CLOCK_OFF',
    ],
  },
  'submit-bid': {
    purpose: 'takes a sealed bid or a withdrawal; the same again gets the same receipt',
    body: { document: 'sealed bid or withdrawal', maxBytes: MAX_SUBMISSION_BYTES, schema: submissionSchema },
    answer: 'receipt',
    answerSchema: receiptSchema,
    success: 201,
    refusals: [
      ...TENDER_CODES,
      'BID_MALFORMED',
      'BID_OTHER_TENDER',
      'LOT_UNKNOWN',
      'BIDDER_NOT_ELIGIBLE',
      'BIDDER_NOT_INVITED',
      'BIDDER_INVITATION_MISSING',
      'BIDDER_INVITATION',
      'BID_SIGNATURE',
      'BID_AFTER_DEADLINE',
      'ENVELOPE_UNREADABLE',
      'SHARE_MALFORMED',
      'COMMITMENT_MISMATCH',
      'BIDDER_NAME_TAKEN',
      'BID_VERSION_REPLAYED',
      'WITHDRAWAL_WITHOUT_BID',
      'CLOCK_OFF',
    ],
  },
  'show-outcome': {
    purpose: 'the outcome with every signature that this party has stored; asks no peer',
    answer: 'signed outcome',
    answerSchema: signedOutcomeSchema,
    success: 200,
    refusals: [...TENDER_CODES, 'OUTCOME_NOT_READY'],
  },
  'vault-access': {
    purpose: "one to eight operations on the party's vault; never again, each request has a fresh nonce",
    body: { document: 'vault request', maxBytes: MAX_VAULT_REQUEST_BYTES, schema: vaultRequestSchema },
    answer: '`results`: one text of equal length for each operation',
    answerSchema: vaultAnswerSchema,
    success: 200,
    refusals: [
      'VAULT_UNKNOWN',
      'VAULT_REQUEST_MALFORMED',
      'VAULT_REQUEST_OTHER_VAULT',
      'VAULT_REQUEST_OTHER_PARTY',
      'VAULT_REQUEST_EXPIRED',
      'VAULT_REQUEST_SIGNATURE',
      'VAULT_REQUESTER_UNKNOWN',
      'VAULT_RIGHTS',
      'VAULT_REQUEST_REPLAYED',
      'VAULT_REQUEST_LENGTH',
      'VAULT_BUSY',
      'VAULT_POISONED',
      'STORE_UNAVAILABLE',
      'STORE_REFUSED',
    ],
  },
};

/** Every code that a route can answer with, in the order in which requests are checked. */
export function refusalsOf(contract: RouteContract): readonly RefusalCode[] {
  return [...(contract.body === undefined ? [] : BODY_REFUSALS), ...contract.refusals, ...COMMON_REFUSALS];
}

/** HTTP status and meaning of a code. */
export function refusalOf(code: RefusalCode): { readonly status: number; readonly meaning: string } {
  if (isVaultCode(code)) return { status: VAULT_STATUSES[code], meaning: ORAM_ERROR_CODES[code] };
  return { ...AUCTION_ERRORS, ...FUNCTION_ERRORS }[code];
}

function isVaultCode(code: RefusalCode): code is OramErrorCode {
  return Object.hasOwn(ORAM_ERROR_CODES, code);
}
