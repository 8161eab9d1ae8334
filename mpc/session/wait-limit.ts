/**
 * A limit on many short waits that share one timer and one signal: a message that comes in microseconds should not
 * pay for a timer and an AbortController of its own.
 *
 * While anything waits, the limit ticks four times in its duration. Waits that begin between the same two ticks share
 * a signal, which aborts at the fifth tick: after one to one and a quarter durations. No clock is read, so setting the
 * machine's clock ends nothing.
 */

import type { Clock } from '../clock.ts';
import type { MpcError } from '../errors.ts';

const TICKS = 4;

/** What began between two ticks. */
interface Cohort {
  readonly controller: AbortController;
  waiting: number;
  ticksLeft: number;
}

/** The reason of a cohort's signal at the limit; each wait replaces it by its own. */
const EXPIRED = new Error('the limit of this wait has passed');

export class WaitLimit {
  readonly #clock: Clock;
  readonly #durationMs: number;
  readonly #parent: AbortSignal;
  /** The oldest first; the last takes new waits until the next tick. */
  #cohorts: Cohort[] = [];
  #latest: Cohort | undefined;
  #ticking = false;

  /** @param parent ends all waits, with its reason, and the ticking */
  constructor(clock: Clock, durationMs: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#durationMs = durationMs;
    this.#parent = parent;
    const endAll = () => {
      for (const { controller } of this.#cohorts) controller.abort(parent.reason);
    };
    parent.addEventListener('abort', endAll, { once: true });
  }

  /**
   * @param expired what the wait rejects with at the limit, made only then
   * @param task must end, by rejecting with the signal's reason, when its signal aborts
   */
  async run<Result>(
    expired: () => MpcError,
    task: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    this.#parent.throwIfAborted();
    const cohort = this.#latest ?? this.#begin();
    cohort.waiting += 1;
    if (!this.#ticking) void this.#tick();
    try {
      return await task(cohort.controller.signal);
    } catch (error) {
      throw error === EXPIRED ? expired() : error;
    } finally {
      cohort.waiting -= 1;
    }
  }

  #begin(): Cohort {
    const cohort = { controller: new AbortController(), waiting: 0, ticksLeft: TICKS + 1 };
    this.#cohorts.push(cohort);
    this.#latest = cohort;
    return cohort;
  }

  async #tick(): Promise<void> {
    this.#ticking = true;
    while (this.#cohorts.some(({ waiting }) => waiting > 0) && (await this.#slept())) {
      this.#latest = undefined;
      for (const cohort of this.#cohorts) {
        cohort.ticksLeft -= 1;
        if (cohort.ticksLeft === 0) cohort.controller.abort(EXPIRED);
      }
      this.#cohorts = this.#cohorts.filter(({ waiting, ticksLeft }) => waiting > 0 && ticksLeft > 0);
    }
    this.#ticking = false;
  }

  /** False when the parent ended the sleep: it has ended the waits as well. */
  async #slept(): Promise<boolean> {
    try {
      await this.#clock.sleep(this.#durationMs / TICKS, this.#parent);
      return true;
    } catch {
      return false;
    }
  }
}
