/**
 * A limit on many short waits that share one timer: a message that comes in microseconds should not pay for a timer
 * of its own.
 *
 * While anything waits, the limit ticks four times in its duration, and a wait ends at its fifth tick: after one to
 * one and a quarter durations. No clock is read, so setting the machine's clock ends nothing.
 */

import type { Clock } from '../clock.ts';
import type { MpcError } from '../errors.ts';

const TICKS = 4;

interface Wait {
  readonly controller: AbortController;
  readonly expired: () => MpcError;
  ticksLeft: number;
}

export class WaitLimit {
  readonly #clock: Clock;
  readonly #durationMs: number;
  readonly #parent: AbortSignal;
  readonly #waits = new Set<Wait>();
  #ticking = false;

  /** @param parent ends all waits, with its reason, and the ticking */
  constructor(clock: Clock, durationMs: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#durationMs = durationMs;
    this.#parent = parent;
    const endAll = () => {
      for (const { controller } of this.#waits) controller.abort(parent.reason);
    };
    parent.addEventListener('abort', endAll, { once: true });
  }

  /**
   * @param expired the reason at the limit, made only then
   * @param task must end, by rejecting with the signal's reason, when its signal aborts
   */
  async run<Result>(
    expired: () => MpcError,
    task: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    this.#parent.throwIfAborted();
    const wait: Wait = { controller: new AbortController(), expired, ticksLeft: TICKS + 1 };
    this.#waits.add(wait);
    if (!this.#ticking) void this.#tick();
    try {
      return await task(wait.controller.signal);
    } finally {
      this.#waits.delete(wait);
    }
  }

  async #tick(): Promise<void> {
    this.#ticking = true;
    while (this.#waits.size > 0 && (await this.#slept())) {
      for (const wait of this.#waits) {
        wait.ticksLeft -= 1;
        if (wait.ticksLeft === 0) wait.controller.abort(wait.expired());
      }
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
