/**
 * Starts the clearing of every tender that needs one: invoked on a schedule, once a minute, with any event.
 *
 * It makes clearing independent of every announcement: a crashed, refused or forgotten clearing is taken up by the
 * next sweep. A tender needs a clearing when it is due and has no outcome here, and when its outcome lacks a signature,
 * since a peer may need this party to reach it, and when a destination of events has not taken what there is to tell about
 * it. It starts no more clearings than run at a time (`clearing-slots.ts`), the first of the list: their runs take up the
 * others (`clear-in-turn.ts`). One that keeps failing is started at growing intervals (`clearing-lease.ts`).
 *
 * A deadline that comes before the next sweep is waited for, and the clearing started at its millisecond: so the three
 * parties, whose sweeps come at different seconds, start together, and none pays for waiting in the engine.
 *
 * It reads the list of what is due by then (`due-list.ts`) and the tenders on it, and no other: with nothing due that is one
 * read, however many tenders are kept. What it finds settled it takes off the list, which nobody else does. Of the others it counts
 * the events that a destination has not taken for an hour, every minute anew, so that an alarm stays for as long as that.
 *
 * A tender about which something fails keeps no other waiting: the sweep goes on, and ends with the first failure.
 */

import type { Context } from 'aws-lambda';
import { AuctionError } from '../../auction/errors.ts';
import type { DueListStore } from '../../auction/party/due-list.ts';
import { inParallel } from '../../auction/party/in-parallel.ts';
import type { AuctionParty } from '../../auction/party/service.ts';
import type { TenderId } from '../../auction/tender.ts';
import type { Clock } from '../../mpc/clock.ts';
import type { ClearingLeases } from '../clearing-lease.ts';
import { CLEARING_SLOTS } from '../clearing-slots.ts';
import type { ClearingStarter } from '../clearing-starter.ts';
import type { ClockWatch } from '../clock-watch.ts';
import { type Need, needOf, takeStock } from '../due-list.ts';
import { FunctionError } from '../errors.ts';
import type { Events } from '../events.ts';
import { describeUnexpected, logError } from '../log.ts';
import { type Meter, silentMeter } from '../meter.ts';
import { lazily } from '../runtime.ts';
import { systemClock } from '../system-clock.ts';

export interface SweepResult {
  readonly started: readonly string[];
  /** Due, and left for later because earlier runs failed. */
  readonly paused: readonly string[];
  /** Due, behind as many as are cleared at a time: whoever is done with one of those takes them. */
  readonly queued: readonly string[];
}

export interface SweepParameters {
  readonly party: Pick<AuctionParty, 'tenders' | 'tender' | 'signatures'>;
  readonly dueList: DueListStore;
  readonly starter: Pick<ClearingStarter, 'start'>;
  readonly leases: Pick<ClearingLeases, 'isPaused'>;
  readonly clock: Clock;
  readonly clockWatch: Pick<ClockWatch, 'skewMs'>;
  readonly events?: Pick<Events, 'standing' | 'overdue' | 'destinationIds'> | undefined;
  readonly meter?: Meter;
}

/** The next sweep comes a minute after this one, give or take a few seconds, and sees no further than from there. */
export const AHEAD_MS = 65_000;

/** What starting takes, and the end of the invocation. */
const ENDING_MS = 3_000;

/** Lambda's clocks are within milliseconds; two seconds off, a bid near the deadline is judged wrongly. */
export const MAX_CLOCK_SKEW_MS = 2_000;

export function createSweepTendersHandler(
  parameters: SweepParameters,
): (event: unknown, context: Context) => Promise<SweepResult> {
  const { starter, leases, clock, clockWatch, events, meter = silentMeter } = parameters;

  const countOverdue = async (tenders: readonly TenderId[]): Promise<void> => {
    if (events === undefined) return;
    const overdue = await inParallel(tenders, (id) => events.overdue(id));
    const all = overdue.reduce((sum, count) => sum + count, 0);
    if (all > 0) meter.count('EventsOverdue', all);
  };

  const watchClock = ({ awsRequestId: requestId }: Context): void => {
    const { skewMs } = clockWatch;
    if (skewMs <= MAX_CLOCK_SKEW_MS) return;
    logError('a clock is off', { functionName: 'sweep-tenders', requestId, skewMs });
    meter.count('ClockOff', 1);
  };

  return async (_event, context) => {
    const started: TenderId[] = [];
    const paused: TenderId[] = [];
    const queued: TenderId[] = [];
    const failures: unknown[] = [];
    const orFail = async (id: TenderId, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        failures.push(error);
        const code =
          error instanceof AuctionError || error instanceof FunctionError ? error.code : 'INTERNAL';
        const unexpected = code === 'INTERNAL' ? describeUnexpected(error) : {};
        const { awsRequestId: requestId } = context;
        const facts = { functionName: 'sweep-tenders', requestId, tenderId: id, code };
        logError('the sweep could do nothing about a tender', { ...facts, ...unexpected });
      }
    };
    let clearings = 0;
    const start = async (id: TenderId, need: Need): Promise<void> => {
      if (need === 'clearing' && clearings === CLEARING_SLOTS) {
        queued.push(id);
      } else if (await leases.isPaused(id)) {
        paused.push(id);
      } else {
        await starter.start(id);
        if (need === 'clearing') clearings += 1;
        started.push(id);
      }
    };
    const lookedAtMs = clock.now();
    const listed = await takeStock(parameters, lookedAtMs + AHEAD_MS);
    for (const [id, { need, failure }] of listed) {
      await orFail(id, async () => {
        if (need === 'unknown') throw failure;
        if (need === 'clearing' || need === 'telling') await start(id, need);
      });
    }
    await countOverdue(
      [...listed].flatMap(([id, { need }]) => (need === 'premature' || need === 'unknown' ? [] : id)),
    ).catch((error: unknown) => failures.push(error));
    watchClock(context);
    meter.flush();
    for (const [id, { dueAtMs }] of listed) {
      if (dueAtMs <= lookedAtMs) continue;
      const waitMs = dueAtMs - clock.now();
      if (waitMs > context.getRemainingTimeInMillis() - ENDING_MS) break;
      if (waitMs > 0) await clock.sleep(waitMs);
      // Timers may ring a millisecond early, when the tender is not due yet.
      const earlyMs = dueAtMs - clock.now();
      if (earlyMs > 0) await clock.sleep(earlyMs + 1);
      await orFail(id, async () => {
        // It may have been closed by order meanwhile, or never have been published here.
        const need = await needOf(parameters, id);
        if (need === 'clearing' && !started.includes(id)) await start(id, need);
      });
    }
    if (failures.length > 0) throw failures[0];
    return { started, paused, queued };
  };
}

export const handler = lazily((runtime) => createSweepTendersHandler({ ...runtime, clock: systemClock }));
