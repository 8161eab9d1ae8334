/**
 * What it means that a request to a table failed, and how long to go on asking.
 *
 * Two meanings, since they ask for different things. Unavailable: nothing answered in time, or the table answered that
 * it cannot now (connections refused or reset, time-outs, throttling, status 5xx); the same request is sent
 * again, after a wait drawn from a range that doubles from try to try ("full jitter": M. Brooker, "Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015), so that several writers do not return together. Refused: the
 * table answered that it does not exist, or that this caller may not do this; waiting rarely helps. Anything
 * else is a bug and stays as it is.
 */

import type { Clock } from '../../mpc/clock.ts';
import { attemptsOf, httpStatusOf, isTransient } from '../../mpc/service-failure.ts';
import { OramError } from '../errors.ts';

/** Tries in a row without any progress: with the waits between them about 5 s on average, 10 s at most. */
export const MAX_TRIES = 10;

/** DynamoDB answers in some 5 ms, so a first repetition is not far away. */
const FIRST_WAIT_MS = 25;

/** A table that throttles for longer than a few seconds is not helped by longer waits of one caller. */
const LONGEST_WAIT_MS = 3000;

/** What waiting needs: time, and bytes from a generator, which spread the waits. */
export interface Pace {
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
}

/** The SDK's names for credentials that are not there: no request is sent, so there is no status. */
const CREDENTIAL_NAMES: readonly string[] = ['CredentialsProviderError', 'TokenProviderError'];

/** @returns what to throw in place of `error`: STORE_UNAVAILABLE, STORE_REFUSED, or the error itself */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof OramError) return error;
  if (isTransient(error)) {
    const detail = `the table cannot be reached or throttles (${error.name}); repeat the call later`;
    return new OramError('STORE_UNAVAILABLE', detail, {}, { cause: error });
  }
  const status = httpStatusOf(error);
  if (CREDENTIAL_NAMES.includes(error.name) || (status !== undefined && status >= 400)) {
    const detail = `the table refused a request (${error.name}); check its name, its policy and the credentials`;
    return new OramError('STORE_REFUSED', detail, {}, { cause: error });
  }
  return error;
}

/** Whether the client itself sent a request more than once before it failed with `error`. */
export function wasRepeatedByClient(error: unknown): boolean {
  return error instanceof Error && attemptsOf(error) > 1;
}

/**
 * Repeats a request until it is answered.
 * @param request is told whether an earlier try may have arrived
 * @throws what `storeFailure` makes of the last failure
 */
export async function repeated<T>(request: (again: boolean) => Promise<T>, pace: Pace): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await request(failures > 0);
    } catch (error) {
      failures += 1;
      if (!(error instanceof Error) || !isTransient(error) || failures === MAX_TRIES)
        throw storeFailure(error);
      await pause(failures, pace);
    }
  }
}

/**
 * Repeats a batch for those of its entries that the table left unprocessed, which it does when it throttles or when
 * a batch is too large for it. Only tries that process nothing at all count towards the bound.
 * @param entries by identifier
 * @param request sends a batch of entries; its answer holds the identifiers left
 * @throws OramError STORE_UNAVAILABLE
 */
export async function untilProcessed<T>(
  entries: ReadonlyMap<string, T>,
  request: (pending: readonly T[]) => Promise<ReadonlySet<string>>,
  pace: Pace,
): Promise<void> {
  let pending = [...entries];
  let fruitless = 0;
  while (pending.length > 0) {
    const left = await request(pending.map(([, entry]) => entry));
    const next = pending.filter(([identifier]) => left.has(identifier));
    fruitless = next.length < pending.length ? 0 : fruitless + 1;
    if (fruitless === MAX_TRIES) {
      throw new OramError(
        'STORE_UNAVAILABLE',
        'the table leaves requests unprocessed; repeat the call later',
      );
    }
    if (next.length > 0) await pause(fruitless + 1, pace);
    pending = next;
  }
}

/** @param failures so far in a row, at least 1 */
function pause(failures: number, { clock, random }: Pace): Promise<void> {
  const rangeMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
  const draw = random(4).reduce((sum, byte) => sum * 256 + byte, 0);
  return clock.sleep(Math.floor((draw / 2 ** 32) * rangeMs));
}
