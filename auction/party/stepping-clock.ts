/**
 * The clock of three parties in one process: it stands still while bids come in, one step for each, so that
 * their order is exact and a deadline in the tender is never missed; afterwards it runs.
 */

import { type Clock, type EpochMs, toEpochMs } from '../../mpc/clock.ts';

export class SteppingClock implements Clock {
  #steppedMs: number;
  #elapsedMs: () => number = () => 0;
  #startedMs = 0;

  constructor(startMs: number) {
    this.#steppedMs = startMs;
  }

  now(): EpochMs {
    return toEpochMs(this.#steppedMs + Math.floor(this.#elapsedMs() - this.#startedMs));
  }

  /** One millisecond on. */
  step(): void {
    this.#steppedMs += 1;
  }

  /** @param elapsedMs a monotonic clock of the caller */
  run(elapsedMs: () => number): void {
    this.#startedMs = elapsedMs();
    this.#elapsedMs = elapsedMs;
  }

  /** Real time, since waits are for what runs beside: parties and peers. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, durationMs);
    signal?.addEventListener('abort', abort, { once: true });
    return promise;
  }
}
