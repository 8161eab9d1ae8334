/**
 * Starts the clearing of every tender that needs one: invoked on a schedule, once a minute, with any event.
 *
 * It makes clearing independent of every announcement: a crashed, refused or forgotten clearing is taken up by the
 * next sweep. A tender needs a clearing when it is due and has no outcome here, and when its outcome lacks a signature,
 * since a peer may need this party to reach it, and when a destination of events has not taken what there is to tell about
 * it. It starts no more clearings than run at a time (`clearing-slots.ts`), the first of the list: their runs take up the
 * others (`clear-in-turn.ts`). One that keeps failing is started at growing intervals (`clearing-lease.ts`).
 *
 * It reads the list of what is due (`due-list.ts`) and the tenders on it, and no other: with nothing due that is one read,
 * however many tenders are kept. What it finds settled it takes off the list, which nobody else does. Of the others it counts
 * the events that a destination has not taken for an hour, every minute anew, so that an alarm stays for as long as that.
 */

import type { Context } from 'aws-lambda';
import type { DueListStore } from '../../auction/party/due-list.ts';
import { inParallel } from '../../auction/party/in-parallel.ts';
import type { AuctionParty } from '../../auction/party/service.ts';
import type { TenderId } from '../../auction/tender.ts';
import type { Clock } from '../../mpc/clock.ts';
import type { ClearingLeases } from '../clearing-lease.ts';
import { CLEARING_SLOTS } from '../clearing-slots.ts';
import type { ClearingStarter } from '../clearing-starter.ts';
import type { ClockWatch } from '../clock-watch.ts';
import { completeDueList, type Need, needOf } from '../due-list.ts';
import type { Events } from '../events.ts';
import { logError } from '../log.ts';
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
  readonly clock: Pick<Clock, 'now'>;
  readonly clockWatch: Pick<ClockWatch, 'skewMs'>;
  readonly events?: Pick<Events, 'standing' | 'overdue' | 'destinationIds'> | undefined;
  readonly meter?: Meter;
}

/** Lambda's clocks are within milliseconds; two seconds off, a bid near the deadline is judged wrongly. */
export const MAX_CLOCK_SKEW_MS = 2_000;

/**
 * After it, a publication or close order that was cut off between the list and what was to follow has not survived in
 * any environment of Lambda, whose code may go on when it is invoked again. Sent again, it is put on the list again.
 */
export const PREMATURE_LIFETIME_MS = 24 * 3_600_000;

export function createSweepTendersHandler(
  parameters: SweepParameters,
): (event: unknown, context: Context) => Promise<SweepResult> {
  const { dueList, starter, leases, clock, clockWatch, events, meter = silentMeter } = parameters;

  const readList = async () => {
    const { tenders, completedFor } = await dueList.dueTenders(clock.now());
    const destinations = events?.destinationIds ?? [];
    const added = await completeDueList({ ...parameters, destinations }, completedFor);
    return added ? (await dueList.dueTenders(clock.now())).tenders : tenders;
  };

  /** Takes off what is settled. @returns what is left to be started or waits, each once, in the order of the list */
  const needy = async () => {
    const tenders = await readList();
    const needs = await inParallel(tenders, ({ id }) => needOf(parameters, id));
    const found = new Map<TenderId, Need>();
    const waiting = new Set<TenderId>();
    for (const [position, due] of tenders.entries()) {
      const need = needs[position];
      const expired = need === 'premature' && due.notedAtMs + PREMATURE_LIFETIME_MS < clock.now();
      if (need === 'settled' || expired) await dueList.removeDue(due);
      else if (need === 'clearing' || need === 'telling') found.set(due.id, need);
      else if (need === 'waiting') waiting.add(due.id);
    }
    return { found, waiting };
  };

  const countOverdue = async (tenders: ReadonlySet<TenderId>): Promise<void> => {
    if (events === undefined) return;
    const overdue = await inParallel([...tenders], (id) => events.overdue(id));
    const all = overdue.reduce((sum, count) => sum + count, 0);
    if (all > 0) meter.count('EventsOverdue', all);
  };

  return async (_event, context) => {
    const started: string[] = [];
    const paused: string[] = [];
    const { found, waiting } = await needy();
    const queued: string[] = [];
    let clearings = 0;
    for (const [id, need] of found) {
      if (need === 'clearing' && clearings === CLEARING_SLOTS) {
        queued.push(id);
        continue;
      }
      if (await leases.isPaused(id)) {
        paused.push(id);
        continue;
      }
      if (need === 'clearing') clearings += 1;
      await starter.start(id);
      started.push(id);
    }
    await countOverdue(new Set([...found.keys(), ...waiting]));
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
    return { started, paused, queued };
  };
}

export const handler = lazily((runtime) => createSweepTendersHandler({ ...runtime, clock: systemClock }));
