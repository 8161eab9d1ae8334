/**
 * Starts the clearing of every tender that needs one: invoked on a schedule, once a minute, with any event.
 *
 * It makes clearing independent of every announcement: a crashed, refused or forgotten clearing is taken up by the
 * next sweep. A tender needs a clearing when it is due and has no outcome here, and when its outcome lacks a signature,
 * since a peer may need this party to reach it, and when a destination of events has not taken what there is to tell about
 * it. Tenders are cleared at the same time, each in an invocation of its
 * own; one that keeps failing is started at growing intervals (`clearing-lease.ts`).
 */

import type { Context } from 'aws-lambda';
import type { AuctionParty } from '../../auction/party/service.ts';
import type { TenderId } from '../../auction/tender.ts';
import type { Clock } from '../../mpc/clock.ts';
import { PARTIES } from '../../mpc/party.ts';
import type { ClearingLeases } from '../clearing-lease.ts';
import type { ClearingStarter } from '../clearing-starter.ts';
import type { ClockWatch } from '../clock-watch.ts';
import type { Events } from '../events.ts';
import { logError } from '../log.ts';
import { type Meter, silentMeter } from '../meter.ts';
import { lazily } from '../runtime.ts';
import { systemClock } from '../system-clock.ts';

export interface SweepResult {
  readonly started: readonly string[];
  /** Due, and left for later because earlier runs failed. */
  readonly paused: readonly string[];
}

export interface SweepParameters {
  readonly party: Pick<AuctionParty, 'tenders' | 'tender' | 'signatures'>;
  readonly starter: Pick<ClearingStarter, 'start'>;
  readonly leases: Pick<ClearingLeases, 'isPaused'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly clockWatch: Pick<ClockWatch, 'skewMs'>;
  readonly events?: Pick<Events, 'standing'> | undefined;
  readonly meter?: Meter;
}

/** Lambda's clocks are within milliseconds; two seconds off, a bid near the deadline is judged wrongly. */
export const MAX_CLOCK_SKEW_MS = 2_000;

export function createSweepTendersHandler(
  parameters: SweepParameters,
): (event: unknown, context: Context) => Promise<SweepResult> {
  const { party, starter, leases, clock, clockWatch, events, meter = silentMeter } = parameters;
  /** Nothing about these changes any more, so this environment does not read them again. */
  const complete = new Set<TenderId>();

  const needsClearing = async (id: TenderId): Promise<boolean> => {
    const { signed, state } = await party.tender(id);
    if (state.phase === 'open') {
      const { closesAt } = signed.tender.spec;
      return closesAt !== undefined && Date.parse(closesAt) <= clock.now();
    }
    if (state.phase !== 'cleared') return true;
    if ((await party.signatures(id)) < PARTIES.length) return true;
    const standing = (await events?.standing(id)) ?? 'settled';
    if (standing === 'settled') complete.add(id);
    return standing === 'due';
  };

  return async (_event, context) => {
    const started: string[] = [];
    const paused: string[] = [];
    for (const id of await party.tenders()) {
      if (complete.has(id) || !(await needsClearing(id))) continue;
      if (await leases.isPaused(id)) {
        paused.push(id);
        continue;
      }
      await starter.start(id);
      started.push(id);
    }
    const { skewMs } = clockWatch;
    if (skewMs > MAX_CLOCK_SKEW_MS) {
      logError('a clock is off', {
        functionName: 'sweep-tenders',
        requestId: context.awsRequestId,
        skewMs,
      });
      meter.count('ClockOff', 1);
    }
    meter.flush();
    return { started, paused };
  };
}

export const handler = lazily((runtime) => createSweepTendersHandler({ ...runtime, clock: systemClock }));
