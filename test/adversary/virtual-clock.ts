/**
 * Time that passes only when nobody has anything left to do: waits of seconds cost microseconds, and no run depends on
 * how busy the machine is.
 *
 * A turn of the event loop (setImmediate) begins when every promise that can settle has settled, so a timer fires only
 * once all parties wait. That holds for whatever runs in microtasks, as everything over the memory network does; a
 * program that awaits sockets or files needs the system's clock (`session: { clock }` in kit.ts).
 */

import { type Clock, type EpochMs, toEpochMs } from '../../mpc/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;
  #turning = false;

  now(): EpochMs {
    return toEpochMs(this.#nowMs);
  }

  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = { atMs: this.#nowMs + durationMs, fire: resolve };
    const abort = () => reject(signal?.reason);
    this.#timers.add(timer);
    signal?.addEventListener('abort', abort, { once: true });
    this.#turn();
    try {
      await promise;
    } finally {
      this.#timers.delete(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      const due = Math.min(...[...this.#timers].map(({ atMs }) => atMs));
      if (due === Number.POSITIVE_INFINITY) return;
      this.#nowMs = due;
      for (const timer of [...this.#timers]) {
        if (timer.atMs > due) continue;
        this.#timers.delete(timer);
        timer.fire();
      }
      this.#turn();
    });
  }
}
