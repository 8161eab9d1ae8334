/** The machine's clock, for whoever hosts a party; below `functions/` time is a parameter. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, toEpochMs } from '../mpc/clock.ts';

export const systemClock: Clock = {
  now: () => toEpochMs(Date.now()),
  sleep: async (durationMs, signal) => {
    signal?.throwIfAborted();
    try {
      await sleep(durationMs, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // The timer rejects with an AbortError of its own; the contract is the signal's reason.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
