/**
 * What the page itself refuses or finds, as a closed union of stable codes; everything else it shows has the code of the
 * auction, of a party or of the client that talks to parties.
 */

export const PAGE_ERRORS = {
  PAGE_CONFIG_MALFORMED:
    '`config.json` beside the page, or an address that was typed in, is not as it should be',
  PAGE_BROWSER: 'this browser cannot seal bids: it lacks X25519, or the page was not loaded over https',
  PAGE_FAILED: 'something in the page itself failed',
  BIDDER_MISSING: 'no name to bid under was entered',
  AMOUNT_MISSING: 'no amount was entered',
  BID_NOT_COUNTED: 'the outcome counts no bid in a lot in which the bidder has one with two receipts',
} as const;

export type PageErrorCode = keyof typeof PAGE_ERRORS;

/** What is wrong with the page's configuration, or with the addresses that were typed in. */
export class PageError extends Error {
  readonly code: PageErrorCode;
  readonly detail: string;
  /** Places of addresses that are none, by index; empty where it is about something else. */
  readonly addresses: readonly number[];

  constructor(code: PageErrorCode, detail: string, addresses: readonly number[] = []) {
    super(`${code}: ${detail}`);
    this.name = 'PageError';
    this.code = code;
    this.detail = detail;
    this.addresses = addresses;
  }
}

export interface Failure {
  readonly code: string;
  readonly detail: string;
}

/** What any failure on the page says of itself; those without a code say nothing of themselves. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof Error && 'code' in error && 'detail' in error) {
    return { code: String(error.code), detail: String(error.detail) };
  }
  const code: PageErrorCode = 'PAGE_FAILED';
  return { code, detail: 'something in this page failed; reload it, or use the command line' };
}
