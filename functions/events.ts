/**
 * Where a party's events go: a port, with the bus of `event-bus.ts` and the receivers of `webhook.ts` behind it.
 *
 * An event is recorded in the party's own table, once, after what it tells was stored; then it is told to every
 * destination, and what a destination took is recorded too. A process may stop between any two of these: the sweep finds
 * tenders with an outcome and no event, and events that a destination has not taken, and has them told. So each event
 * arrives at least once, and twice where a process stopped between telling and recording that.
 *
 * Telling comes after the clearing and outside its lease, ends within `DELIVERY_LIMIT_MS`, and throws nothing: a receiver
 * that is slow or gone costs its own events, never a tender. One that stays away is asked at growing intervals, in the
 * end every 64 minutes, for three days.
 */

import type { SignedOutcome } from '../auction/outcome.ts';
import {
  type AbortFacts,
  abortedEvent,
  clearedEvent,
  type EventSource,
  type PartyEvent,
} from '../auction/party-event.ts';
import type { PartyRecord, TenderId } from '../auction/tender.ts';
import type { Clock } from '../mpc/clock.ts';
import { nextTryAtMs } from './clearing-lease.ts';
import type { EventRecord, EventRecords } from './event-records.ts';
import { describeUnexpected, logError, logInfo } from './log.ts';
import { type Meter, silentMeter } from './meter.ts';

export interface EventDestination {
  /** For the log; never an address, which may hold a token. */
  readonly name: string;
  /** The same for the same receiver, whatever others there are. */
  readonly id: string;
  /** @returns the receiver's answer as an HTTP status; it has taken the event where that is 200 to 299 */
  tell(event: PartyEvent, signal: AbortSignal): Promise<number>;
}

/** A weekend: whoever looks after the receiver had a working day. */
export const EVENT_LIFETIME_MS = 72 * 3_600_000;

/** By then six runs have tried; what is missing for longer somebody should look at. */
export const OVERDUE_AFTER_MS = 3_600_000;

/** Of one run, for all events and destinations together. */
export const DELIVERY_LIMIT_MS = 20_000;

/** A receiver takes an event and works on it later. */
export const TRY_LIMIT_MS = 5_000;

/** Between the three tries of one run. */
const PAUSES_MS = [500, 2_000] as const;

/** There are fewer codes that a peer could bring about one after the other. */
const MAX_EVENTS_OF_TENDER = 64;

/** Whether something is left to be told: now, later, or not at all. */
export type Standing = 'due' | 'waiting' | 'settled';

export interface EventsParameters {
  readonly record: Pick<PartyRecord, 'index' | 'signingKey'>;
  readonly records: EventRecords;
  /** At least one. */
  readonly destinations: readonly EventDestination[];
  readonly clock: Clock;
  readonly meter?: Meter;
  readonly pausesMs?: readonly number[];
  readonly tryLimitMs?: number;
}

export class Events {
  readonly #parameters: EventsParameters;
  readonly #meter: Meter;

  constructor(parameters: EventsParameters) {
    this.#parameters = parameters;
    this.#meter = parameters.meter ?? silentMeter;
  }

  get destinationIds(): readonly string[] {
    return this.#parameters.destinations.map(({ id }) => id);
  }

  /** Records it unless that was done before. @param outcome asked for where it was not */
  async cleared(tender: TenderId, outcome: () => Promise<SignedOutcome>): Promise<void> {
    const known = await this.#parameters.records.ofTender(tender);
    if (known.some(({ event }) => event.kind === 'tender.cleared')) return;
    await this.#parameters.records.put(clearedEvent(this.#source(tender), await outcome()));
  }

  /** The same abort again is the same event. */
  async aborted(tender: TenderId, facts: AbortFacts): Promise<void> {
    const known = await this.#parameters.records.ofTender(tender);
    const event = abortedEvent(this.#source(tender), facts);
    if (known.length >= MAX_EVENTS_OF_TENDER || known.some((one) => one.event.id === event.id)) return;
    await this.#parameters.records.put(event);
  }

  /** Of a tender that is cleared. */
  async standing(tender: TenderId): Promise<Standing> {
    const known = await this.#parameters.records.ofTender(tender);
    if (!known.some(({ event }) => event.kind === 'tender.cleared')) return 'due';
    const open = known.filter((one) => this.#isOpen(one));
    if (open.some((one) => this.#isDue(one))) return 'due';
    return open.length > 0 ? 'waiting' : 'settled';
  }

  /** How many were told in vain for more than `OVERDUE_AFTER_MS`, and are not given up yet. */
  async overdue(tender: TenderId): Promise<number> {
    const before = this.#parameters.clock.now() - OVERDUE_AFTER_MS;
    const known = await this.#parameters.records.ofTender(tender);
    return known.filter((one) => this.#isOpen(one) && one.failures > 0 && one.event.at <= before).length;
  }

  /** Tells what is due, and never throws. @param signal ends it early */
  async deliver(tender: TenderId, signal: AbortSignal): Promise<void> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_LIMIT_MS)]);
    const logged = (error: unknown) =>
      logError('an event was lost sight of', { tenderId: tender, ...describeUnexpected(error) });
    const known = await this.#parameters.records.ofTender(tender).catch(logged);
    const due = known?.filter((one) => this.#isOpen(one) && this.#isDue(one)) ?? [];
    // All at once: no event waits for one that a receiver does not take, and no receiver for another.
    await Promise.all(due.map((one) => this.#deliverOne(one, limited).catch(logged)));
  }

  async #deliverOne(one: EventRecord, signal: AbortSignal): Promise<void> {
    if (await this.#tellAll(one, signal)) return;
    const { clock, records } = this.#parameters;
    const failures = one.failures + 1;
    await records.postpone(one.event, failures, nextTryAtMs(failures, clock.now()));
  }

  /** @returns whether every destination has it now */
  async #tellAll({ event, told }: EventRecord, signal: AbortSignal): Promise<boolean> {
    const missing = this.#parameters.destinations.filter(({ id }) => !told.has(id));
    const taken = await Promise.all(
      missing.map(async (destination) => {
        if (!(await this.#tell(event, destination, signal))) return false;
        await this.#parameters.records.markTold(event, destination.id);
        return true;
      }),
    );
    return !taken.includes(false);
  }

  async #tell(event: PartyEvent, destination: EventDestination, signal: AbortSignal): Promise<boolean> {
    const { clock, pausesMs = PAUSES_MS, tryLimitMs = TRY_LIMIT_MS } = this.#parameters;
    const facts = { tenderId: event.tender, eventKind: event.kind, destination: destination.name };
    for (let attempt = 1; ; attempt++) {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(tryLimitMs)]);
      // Errors of the network quote addresses; what is said of them is their class.
      const answer = await destination.tell(event, limited).then(
        (status) => ({ status }),
        (error: unknown) => ({ errorClass: error instanceof Error ? error.name : typeof error }),
      );
      if ('status' in answer && answer.status >= 200 && answer.status < 300) {
        logInfo('an event was told', { ...facts, attempt });
        this.#meter.count('EventsTold', 1);
        return true;
      }
      const pauseMs = pausesMs[attempt - 1];
      if (pauseMs === undefined || signal.aborted) {
        logError('an event was not taken', { ...facts, attempt, ...answer });
        this.#meter.count('EventsNotTaken', 1);
        return false;
      }
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
  }

  /** Some destination lacks it, and it is not given up. */
  #isOpen({ event, told }: EventRecord): boolean {
    const { clock, destinations } = this.#parameters;
    return event.at + EVENT_LIFETIME_MS > clock.now() && destinations.some(({ id }) => !told.has(id));
  }

  #isDue({ notBeforeMs }: EventRecord): boolean {
    return notBeforeMs <= this.#parameters.clock.now();
  }

  #source(tender: TenderId): EventSource {
    return { record: this.#parameters.record, tender, at: this.#parameters.clock.now() };
  }
}
