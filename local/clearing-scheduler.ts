/**
 * Starts clearings on the local host, in place of EventBridge Scheduler and Lambda's asynchronous invocations.
 *
 * A clearing that failed is started again after a pause that doubles, up to a bound of tries: peers may be down
 * or restarting, and each try is a new attempt with fresh keys. What is lost when the process dies is found
 * again at the next start, from the store (`due`), as on AWS by the schedule.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ClearingStarter } from '../functions/clearing-starter.ts';

/** 12 tries with the pauses below span about four minutes of a peer being away. */
export const MAX_TRIES = 12;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/** setTimeout's bound; a deadline further away is looked at again then. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface ClearingSchedulerOptions {
  /** One invocation of the clearing function; throws when it failed. */
  invoke(tenderId: string): Promise<void>;
  /** True where trying again cannot help, such as for a tender that is unknown. */
  isFinal(error: unknown): boolean;
  onGivenUp(tenderId: string, tries: number): void;
  /** Before the second try; each further pause is twice as long, up to a bound. */
  readonly firstPauseMs?: number;
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
    const { firstPauseMs = FIRST_PAUSE_MS } = this.#options;
    for (let tries = 1; tries <= MAX_TRIES && !this.#stop.signal.aborted; tries++) {
      try {
        await this.#options.invoke(tenderId);
        return;
      } catch (error) {
        if (this.#options.isFinal(error)) return;
      }
      const pauseMs = Math.min(firstPauseMs * 2 ** (tries - 1), LONGEST_PAUSE_MS);
      await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
    if (!this.#stop.signal.aborted) this.#options.onGivenUp(tenderId, MAX_TRIES);
  }
}
