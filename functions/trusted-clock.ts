/**
 * The clock by which a deployed party judges deadlines and dates receipts: the machine's, as long as DynamoDB's
 * answers bear it out.
 *
 * Against a machine whose clock runs wrong. A receipt dated wrongly is signed for good, and a deadline that is judged
 * wrongly cannot be judged again, so a party that cannot tell the time takes nothing in and closes nothing: a
 * bidder's two other receipts make the bid count, and the sweep starts the clearing once the clock is right. The
 * difference is learnt from the answers of the party's own tables (`clock-watch.ts`), which it reads before it judges.
 */

import type { Clock } from '../mpc/clock.ts';
import type { ClockWatch } from './clock-watch.ts';
import { FunctionError } from './errors.ts';

/**
 * Five times what the alarm looks at (`MAX_CLOCK_SKEW_MS`), so that a clock that drifts is put right before bids are
 * refused; more, and receipts near a deadline would contradict the peers' in the eyes of every bidder.
 */
export const REFUSED_CLOCK_SKEW_MS = 10_000;

/** `now` throws FunctionError CLOCK_OFF while the clock is further off than the bound. */
export function trustedClock(clock: Clock, watch: Pick<ClockWatch, 'skewMs'>): Clock {
  return {
    now() {
      const { skewMs } = watch;
      if (skewMs <= REFUSED_CLOCK_SKEW_MS) return clock.now();
      throw new FunctionError(
        'CLOCK_OFF',
        `this party's clock is ${Math.round(skewMs / 1000)} s off the clock of its tables; send the same request to it again once its operator has put it right`,
      );
    },
    sleep: (durationMs, signal) => clock.sleep(durationMs, signal),
  };
}
