/**
 * What an HTTP request or an invocation can be refused for before the domain sees it, and the configuration
 * errors of a function: one closed union of stable codes, each with its HTTP status.
 *
 * Codes of the domain have their status beside them in `auction/errors.ts`; the engine's are mapped in
 * `problem-details.ts`. Messages carry public facts only.
 */

export const FUNCTION_ERRORS = {
  ROUTE_UNKNOWN: { status: 404, meaning: 'no resource has this path' },
  METHOD_NOT_ALLOWED: { status: 405, meaning: 'the resource does not answer this method' },
  CONTENT_TYPE_UNSUPPORTED: { status: 415, meaning: 'bodies are JSON, sent as application/json' },
  TENDER_ID_MALFORMED: { status: 400, meaning: 'a tender is named by 43 characters of base64url' },
  PAGE_MALFORMED: {
    status: 400,
    meaning: 'a page is asked for with a limit within bounds, after the id that the page before named',
  },
  VAULT_REQUEST_MALFORMED: { status: 400, meaning: 'the vault request does not have the documented form' },
  VAULT_REQUEST_LENGTH: {
    status: 422,
    meaning: 'the vault request is not padded to the length of its number of operations in this vault',
  },
  VAULT_REQUEST_OTHER_VAULT: {
    status: 422,
    meaning: 'the vault request is signed for another vault than it was sent to',
  },
  VAULT_REQUEST_OTHER_PARTY: { status: 422, meaning: 'the vault request is signed for another party' },
  VAULT_REQUEST_EXPIRED: {
    status: 401,
    meaning: 'the vault request was signed too far from the present time of this party',
  },
  VAULT_REQUEST_SIGNATURE: { status: 401, meaning: 'the vault request is not signed by the key it names' },
  VAULT_REQUESTER_UNKNOWN: {
    status: 403,
    meaning: 'the key that signed the vault request is not on the access list of the vault',
  },
  VAULT_RIGHTS: { status: 403, meaning: 'the requester may look up and not change records of this vault' },
  VAULT_REQUEST_REPLAYED: { status: 409, meaning: 'this vault request was received before' },
  REQUEST_TIMED_OUT: {
    status: 503,
    meaning: 'the answer was not ready in time; sending the same request again is safe',
  },
  CLOCK_OFF: {
    status: 503,
    meaning: "this party's clock is wrong, so it takes nothing in; two other receipts make a bid count",
  },
  INVOCATION_MALFORMED: { status: 400, meaning: 'the clearing function is invoked with {"tenderId": "..."}' },
  CONFIGURATION_INVALID: {
    status: 500,
    meaning: 'an environment variable of this function is missing or malformed',
  },
  INTERNAL: {
    status: 500,
    meaning: 'an unexpected error; the operator finds it in the log by its request id',
  },
} as const;

export type FunctionErrorCode = keyof typeof FUNCTION_ERRORS;

export class FunctionError extends Error {
  readonly code: FunctionErrorCode;

  /** @param detail what was wrong and what to do about it, in one plain sentence without any secret */
  constructor(code: FunctionErrorCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'FunctionError';
    this.code = code;
  }
}
