/**
 * What it means that a request to an outbox table failed, after the SDK's own retries.
 *
 * Two meanings, since they ask for different things of an operator. Unavailable: nothing answered, or it answered
 * that it cannot now (connection refused or reset, time-outs, throttling, status 5xx); the same request may succeed
 * later. Refused: the table answered that it does not exist or that this party may not do this; names, policies or
 * credentials are wrong, and waiting rarely helps. Anything else is a bug and stays as it is.
 */

import { MpcError } from '../../errors.ts';
import type { PartyIndex } from '../../party.ts';

/** System calls that fail where a peer's endpoint is down, restarting or cut off. */
const NETWORK_CODES: readonly unknown[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
];

/** DynamoDB's names for "too much at once", which it answers with status 400, and the SDK's own for time-outs. */
const TRANSIENT_NAMES: readonly string[] = [
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'InternalServerError',
];

/** @returns what to throw in place of `error`: a coded error with facts {party}, or the error itself */
export function channelFailure(error: unknown, party: PartyIndex): unknown {
  if (!(error instanceof Error) || error instanceof MpcError) return error;
  const status = statusOf(error);
  const code: unknown = 'code' in error ? error.code : undefined;
  if (
    TRANSIENT_NAMES.includes(error.name) ||
    NETWORK_CODES.includes(code) ||
    (status !== undefined && (status === 429 || status >= 500))
  ) {
    const detail = `the outbox table of party ${party} cannot be reached; see that its database runs`;
    return new MpcError('CHANNEL_UNAVAILABLE', detail, { party }, { cause: error });
  }
  if (status !== undefined && status >= 400) {
    const detail = `the outbox table of party ${party} refused a request (${error.name}); check table names, policy and credentials`;
    return new MpcError('CHANNEL_REFUSED', detail, { party }, { cause: error });
  }
  return error;
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof MpcError && error.code === 'CHANNEL_UNAVAILABLE';
}

/** The HTTP status that the SDK noted; undefined where no answer came. */
function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error)) return undefined;
  const metadata: unknown = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
