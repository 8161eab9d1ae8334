/**
 * Starts clearings on the local host, in place of EventBridge Scheduler and Lambda's asynchronous invocations.
 *
 * A clearing that failed, or whose outcome lacks a signature, is started again after a pause that doubles up to a
 * minute, for a day: peers may be down or restarting, and each try is a new attempt with fresh keys. What is lost
 * when the process dies is found again at the next start, from the store (`due`), as on AWS by the schedule.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ClearingStarter } from '../functions/clearing-starter.ts';

const FIRST_PAUSE_MS = 250;

/** Shorter than the 90 s that a party waits for its peers' hellos, so that two that keep trying meet. */
const LONGEST_PAUSE_MS = 60_000;

/** A peer that is away for a day has a problem that its operator knows of; trying goes on at the next start. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** setTimeout's bound; a deadline further away is looked at again then. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface ClearingSchedulerOptions {
  /** One invocation of the clearing function: whether nothing is left to do. Throws when it failed. */
  invoke(tenderId: string): Promise<boolean>;
  /** True where trying again cannot help, such as for a tender that is unknown. */
  isFinal(error: unknown): boolean;
  onRetry?(tenderId: string, tries: number, pauseMs: number): void;
  onGivenUp(tenderId: string, tries: number): void;
  /** Before the second try; each further pause is twice as long, up to a minute. */
  readonly firstPauseMs?: number;
  /** From the first try; no try begins later. */
  readonly giveUpAfterMs?: number;
}

export class ClearingScheduler implements ClearingStarter {
  readonly #options: ClearingSchedulerOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #stop = new AbortController();

  constructor(options: ClearingSchedulerOptions) {
    this.#options = options;
  }

  async start(tenderId: string): Promise<void> {
    if (this.#stop.signal.aborted || this.#running.has(tenderId)) return;
    const run = this.#clear(tenderId).finally(() => this.#running.delete(tenderId));
    this.#running.set(tenderId, run);
  }

  async startAt(tenderId: string, closesAtMs: number): Promise<void> {
    const waitMs = Math.min(Math.max(0, closesAtMs - Date.now()), LONGEST_TIMER_MS);
    clearTimeout(this.#timers.get(tenderId));
    const timer = setTimeout(() => {
      this.#timers.delete(tenderId);
      void (Date.now() < closesAtMs ? this.startAt(tenderId, closesAtMs) : this.start(tenderId));
    }, waitMs);
    this.#timers.set(tenderId, timer);
  }

  /** Starts nothing more; invocations under way are not waited for, since they are safe to cut off. */
  stop(): void {
    this.#stop.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #clear(tenderId: string): Promise<void> {
    const { firstPauseMs = FIRST_PAUSE_MS, giveUpAfterMs = GIVE_UP_AFTER_MS } = this.#options;
    const startedAt = performance.now();
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        if (await this.#options.invoke(tenderId)) return;
      } catch (error) {
        if (this.#options.isFinal(error)) return;
      }
      const pauseMs = Math.min(firstPauseMs * 2 ** (tries - 1), LONGEST_PAUSE_MS);
      if (performance.now() - startedAt + pauseMs > giveUpAfterMs) {
        this.#options.onGivenUp(tenderId, tries);
        return;
      }
      this.#options.onRetry?.(tenderId, tries, pauseMs);
      await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }
}
