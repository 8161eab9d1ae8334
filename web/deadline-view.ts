/**
 * When a tender closes, in the bidder's own time zone and in UTC, and how long that is.
 *
 * What decides is each operator's clock, and not the bidder's. So the page asks the operators for theirs and counts by
 * their middle one, which a single operator with a wrong clock cannot move beyond the other two.
 */

export interface Zone {
  /** Such as `en-GB`. */
  readonly locale: string;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

export interface DeadlineView {
  readonly local: string;
  readonly utc: string;
  /** Such as `4 min 59 s`; empty once it has passed. */
  readonly left: string;
  readonly urgency: 'calm' | 'soon' | 'now' | 'passed';
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** An hour before the deadline is the last time to ask the auctioneer anything. */
const SOON_MS = HOUR_MS;
/** Now it is about sending and about nothing else. */
const NOW_MS = 5 * MINUTE_MS;

export function deadlineView(closesAt: number, now: number, zone: Zone): DeadlineView {
  const leftMs = closesAt - now;
  return {
    local: momentText(closesAt, zone),
    utc: momentText(closesAt, { ...zone, timeZone: 'UTC' }),
    left: leftMs <= 0 ? '' : durationText(leftMs),
    urgency: leftMs <= 0 ? 'passed' : leftMs <= NOW_MS ? 'now' : leftMs <= SOON_MS ? 'soon' : 'calm',
  };
}

/** Day and time to the second, with the zone's name. */
export function momentText(epochMs: number, { locale, timeZone }: Zone): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone,
    timeZoneName: 'short',
  }).format(epochMs);
}

/** Two units, rounded down: what is left is never less than it says. */
export function durationText(durationMs: number): string {
  const days = Math.floor(durationMs / DAY_MS);
  const hours = Math.floor((durationMs % DAY_MS) / HOUR_MS);
  const minutes = Math.floor((durationMs % HOUR_MS) / MINUTE_MS);
  const seconds = Math.floor((durationMs % MINUTE_MS) / SECOND_MS);
  if (days > 0) return `${days} ${days === 1 ? 'day' : 'days'} ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds} s` : `${seconds} s`;
}

/** What a screen reader is told of the time, once each, though the eye sees it run. */
const SPOKEN_MS = [HOUR_MS, 15 * MINUTE_MS, 5 * MINUTE_MS, MINUTE_MS] as const;

/** The sentence for a mark that was passed between two looks at the clock; undefined where none was. */
export function spokenMark(closesAt: number, before: number, now: number): string | undefined {
  if (before < closesAt && now >= closesAt) return 'The deadline has passed.';
  const mark = SPOKEN_MS.find((ms) => closesAt - before > ms && closesAt - now <= ms && now < closesAt);
  return mark === undefined ? undefined : `${durationText(mark)} left until the deadline.`;
}

/** One operator's clock, read in the middle of a request. */
export interface ClockReading {
  /** What the operator said. */
  readonly partyMs: number;
  /** This machine's clock when the request went out and when the answer was there. */
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** How far the operators' clocks are ahead of this one: the middle of what they say, 0 where nobody answered. */
export function clockAheadMs(readings: readonly ClockReading[]): number {
  const ahead = readings
    .map(({ partyMs, sentMs, answeredMs }) => partyMs - (sentMs + answeredMs) / 2)
    .sort((left, right) => left - right);
  return ahead[Math.floor((ahead.length - 1) / 2)] ?? 0;
}

/** Below that nobody would notice, and the way there explains it. */
const WORTH_SAYING_MS = 5_000;

/** Undefined where this machine's clock is right enough. */
export function clockNotice(aheadMs: number): string | undefined {
  if (Math.abs(aheadMs) < WORTH_SAYING_MS) return undefined;
  const far = durationText(Math.abs(aheadMs));
  return `The clock of this device is ${far} ${aheadMs > 0 ? 'behind' : 'ahead of'} the operators'. Their clocks decide; the time left here goes by theirs.`;
}
