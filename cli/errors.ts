/**
 * How the command ends: exit codes and the one form in which an error is shown.
 *
 * Exit codes: 0 done; 1 refused or failed; 2 the command was used wrongly; 3 not ready yet, or not found; 130 ended
 * by Ctrl-C or another signal.
 * Every error is one line `CODE: sentence` on stderr; with --json a problem object on a line of its own follows
 * the same order of members as RFC 9457. A stack trace appears with --debug alone.
 */

export const EXIT = { done: 0, failed: 1, usage: 2, notReady: 3, interrupted: 130 } as const;

/** Codes that mean "not there (yet)": trying later may help. */
const NOT_READY_CODES: readonly string[] = [
  'OUTCOME_NOT_READY',
  'TENDER_UNKNOWN',
  'NOT_FOUND',
  'PARTY_UNREACHABLE',
];

export const CLI_ERRORS = {
  USAGE: 'the command was used wrongly',
  FILE_UNREADABLE: 'a file cannot be read or is not what it should be',
  FILE_UNWRITABLE: 'a file cannot be written',
  SECRET_UNAVAILABLE: 'a secret of AWS Secrets Manager cannot be read or made',
  OUTBOX_UNREADABLE: 'an outbox table cannot be asked with the credentials that there are',
  NOT_FOUND: 'nothing of this name is known here',
  PARTY_KEYS_DIFFER: 'a party shows other keys than are known of it',
  PARTY_UNHEALTHY: 'an operator should look into something that the status shows',
  PARTY_NOT_STARTED: 'the process of a local party did not get ready',
  PAGE_NOT_SERVED: 'the page for bidders could not be built or its port is taken',
  TENDER_NOT_PUBLISHED: 'not all three parties took the tender',
  BID_DOES_NOT_COUNT: 'fewer than two parties gave a receipt',
  CLOSE_INCOMPLETE: 'not all three parties took the close order',
  CHECK_FAILED: 'something that the demonstration claims does not hold',
  DEADLINE_PASSED: 'the tender closes at a time that is over',
  BIDDER_KEY_MISSING: 'the tender lists its bidders, and the key of one that bids is not here',
  INTERRUPTED: 'a signal ended the command',
  INTERNAL: 'an unexpected error',
} as const;

export class CliError extends Error {
  readonly code: keyof typeof CLI_ERRORS;
  readonly detail: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: keyof typeof CLI_ERRORS,
    detail: string,
    facts: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
    this.name = 'CliError';
    this.code = code;
    this.detail = detail;
    this.facts = facts;
  }
}

export interface ShownError {
  readonly code: string;
  readonly detail: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The code, sentence and facts of any error; those without a code say nothing of themselves. */
export function describeError(error: unknown): ShownError {
  if (
    !(error instanceof Error) ||
    !('code' in error) ||
    typeof error.code !== 'string' ||
    !isOurs(error.code)
  ) {
    return {
      code: 'INTERNAL',
      detail: 'an unexpected error; run again with --debug to see where',
      facts: {},
    };
  }
  const prefix = `${error.code}: `;
  const detail = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
  const facts =
    'facts' in error && typeof error.facts === 'object' && error.facts !== null ? { ...error.facts } : {};
  return { code: error.code, detail, facts };
}

export function exitCodeOf({ code }: ShownError): number {
  if (code === 'USAGE') return EXIT.usage;
  if (code === 'INTERRUPTED') return EXIT.interrupted;
  return NOT_READY_CODES.includes(code) ? EXIT.notReady : EXIT.failed;
}

/** Codes of this project are upper-case words; Node's own (ENOENT, ERR_...) are not meant for users. */
function isOurs(code: string): boolean {
  return (
    /^[A-Z]+(_[A-Z0-9]+)+$|^(USAGE|INTERNAL|INTERRUPTED)$/.test(code) &&
    !code.startsWith('ERR_') &&
    !code.startsWith('UND_')
  );
}
