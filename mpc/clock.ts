/**
 * Time as a parameter: the engine and the auction never read the machine's clock themselves, so that tests
 * can run deadlines in microseconds and replays are exact.
 */

declare const epochMs: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z by the clock of one party. */
export type EpochMs = number & { readonly [epochMs]: true };

/** The one place where a number becomes a time; whole, non-negative milliseconds. */
export function toEpochMs(value: number): EpochMs {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`not a time in whole milliseconds since 1970: ${value}`);
  }
  return value as EpochMs;
}

export interface Clock {
  now(): EpochMs;
  /** Resolves after `durationMs`; rejects with the signal's reason as soon as it aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}
