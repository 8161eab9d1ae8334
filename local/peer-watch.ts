/**
 * Looks at the outboxes on the local host, in place of the schedule that invokes `watch-peers` on AWS: at the start and
 * every ten seconds, and every second while one does not answer, such as right after the start, when peers start too.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describeUnexpected, logError } from '../functions/log.ts';
import type { createWatchPeersHandler } from '../functions/watch-peers/watch-peers.handler.ts';
import { invocationContext } from './invocation-context.ts';

export interface PeerWatchIntervals {
  readonly everyMs: number;
  readonly whileFailingMs: number;
}

const INTERVALS: PeerWatchIntervals = { everyMs: 10_000, whileFailingMs: 1_000 };

/** As deployed. */
const TIMEOUT_MS = 60_000;

export class PeerWatch {
  readonly #look: ReturnType<typeof createWatchPeersHandler>;
  readonly #intervals: PeerWatchIntervals;
  readonly #stop = new AbortController();

  constructor(look: ReturnType<typeof createWatchPeersHandler>, intervals = INTERVALS) {
    this.#look = look;
    this.#intervals = intervals;
  }

  start(): void {
    void this.#watch();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    const { everyMs, whileFailingMs } = this.#intervals;
    while (!signal.aborted) {
      const answered = await this.#lookOnce();
      const pauseMs = answered ? everyMs : whileFailingMs;
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #lookOnce(): Promise<boolean> {
    try {
      const { parties } = await this.#look({}, invocationContext('watch-peers', TIMEOUT_MS));
      return parties.every(({ failures }) => failures === 0);
    } catch (error) {
      if (!this.#stop.signal.aborted) logError('a look at the outboxes failed', describeUnexpected(error));
      return false;
    }
  }
}
