/**
 * RFC 3339 timestamps of tenders, read without the machine's clock or time zone.
 *
 * The offset is required, since a deadline without one would mean another moment to every bidder. Leap seconds
 * are refused: whole milliseconds since 1970 cannot write them.
 */

import { type EpochMs, toEpochMs } from '../mpc/clock.ts';

const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Milliseconds since 1970 of a timestamp such as `2027-03-01T12:00:00Z`; undefined where it is none. */
export function parseTimestamp(text: string): EpochMs | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const field = (index: number): number => Number(match[index] ?? '0');
  const [year, month, day] = [field(1), field(2), field(3)];
  const [hour, minute, second] = [field(4), field(5), field(6)];
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0'));
  const [offsetHour, offsetMinute] = [field(9), field(10)];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const offsetMs = (match[8] === '-' ? -1 : 1) * (offsetHour * HOUR_MS + offsetMinute * MINUTE_MS);
  const time =
    daysSince1970(year, month, day) * DAY_MS +
    hour * HOUR_MS +
    minute * MINUTE_MS +
    second * 1000 +
    milliseconds -
    offsetMs;
  return time < 0 ? undefined : toEpochMs(time);
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysInMonth(year: number, month: number): number {
  return (DAYS_IN_MONTH[month - 1] ?? 0) + (month === 2 && isLeapYear(year) ? 1 : 0);
}

/** Proleptic Gregorian calendar. */
function daysSince1970(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  let days = before * 365 + leapDays - DAYS_BEFORE_1970 + day - 1;
  for (let earlier = 1; earlier < month; earlier++) days += daysInMonth(year, earlier);
  return days;
}

/** 0001-01-01 to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_162;
