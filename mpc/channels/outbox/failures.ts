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
import { httpStatusOf, isTransient } from '../../service-failure.ts';

/** @returns what to throw in place of `error`: a coded error with facts {party}, or the error itself */
export function channelFailure(error: unknown, party: PartyIndex): unknown {
  if (!(error instanceof Error) || error instanceof MpcError) return error;
  if (isTransient(error)) {
    const detail = `the outbox table of party ${party} cannot be reached; see that its database runs`;
    return new MpcError('CHANNEL_UNAVAILABLE', detail, { party }, { cause: error });
  }
  const status = httpStatusOf(error);
  if (status !== undefined && status >= 400) {
    const detail = `the outbox table of party ${party} refused a request (${error.name}); check table names, policy and credentials`;
    return new MpcError('CHANNEL_REFUSED', detail, { party }, { cause: error });
  }
  return error;
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof MpcError && error.code === 'CHANNEL_UNAVAILABLE';
}
