/**
 * Waiting that ends: a task with a signal that aborts after a duration, or with its parent.
 */

import type { Clock } from '../clock.ts';
import type { MpcError } from '../errors.ts';

/**
 * @param task must end, by rejecting with the signal's reason, when its signal aborts
 * @param expired the reason at the deadline, made only then
 */
export async function withDeadline<Result>(
  clock: Clock,
  durationMs: number,
  parent: AbortSignal,
  expired: () => MpcError,
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = new AbortController();
  const timer = new AbortController();
  clock.sleep(durationMs, timer.signal).then(
    () => deadline.abort(expired()),
    () => undefined,
  );
  try {
    return await task(AbortSignal.any([parent, deadline.signal]));
  } finally {
    timer.abort();
  }
}
