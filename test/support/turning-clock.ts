/**
 * Waits of at least their time, and of so many turns of the event loop beside: a process that the machine did not let
 * run, or that computed in one piece, has not kept its peers waiting. Short timeouts of parties in one process then end
 * for silence alone, however busy the machine is.
 */

import { systemClock } from '../../functions/system-clock.ts';
import type { Clock } from '../../mpc/clock.ts';

/** Between two of them everything goes on that can. */
const TURNS = 20;

/** Shorter waits are pauses, in which nobody loses patience. */
const SHORTEST_TIMEOUT_MS = 10;

export const turningClock: Clock = {
  now: systemClock.now,
  sleep: async (durationMs, signal) => {
    const turns = durationMs < SHORTEST_TIMEOUT_MS ? 1 : TURNS;
    for (let turn = 0; turn < turns; turn++) await systemClock.sleep(durationMs / turns, signal);
  },
};
