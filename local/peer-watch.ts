/**
 * Looks at the outboxes on the local host, in place of the schedule that invokes `watch-peers` on AWS: at the start and
 * every ten seconds, and every second while one does not answer, such as right after the start, when peers start too.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describeUnexpected, logError } from '../functions/log.ts';
import type { createWatchPeersHandler } from '../functions/watch-peers/watch-peers.handler.ts';
import { invocationContext } from './event-adapter.ts';

const INTERVAL_MS = 10_000;
const INTERVAL_OF_FAILURES_MS = 1_000;

/** As deployed. */
const TIMEOUT_MS = 60_000;

export class PeerWatch {
  readonly #look: ReturnType<typeof createWatchPeersHandler>;
  readonly #stop = new AbortController();

  constructor(look: ReturnType<typeof createWatchPeersHandler>) {
    this.#look = look;
  }

  start(): void {
    void this.#watch();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const answered = await this.#lookOnce();
      const pauseMs = answered ? INTERVAL_MS : INTERVAL_OF_FAILURES_MS;
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
