/** Commander's parsers of numbers, durations and addresses; nothing heavy is loaded for them. */

import { InvalidArgumentError } from 'commander';

/** Whole numbers within bounds. */
export function integer(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      throw new InvalidArgumentError(`it must be a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  };
}

/** Numbers with a fraction, within bounds. */
export function decimal(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      throw new InvalidArgumentError(`it must be a number from ${minimum} to ${maximum}`);
    }
    return value;
  };
}

const DURATION_UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Durations such as 90s, 10m, 2h, 3d; milliseconds. */
export function durationMs(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = Object.entries(DURATION_UNITS_MS).find(([name]) => name === unit)?.[1];
  if (count === undefined || unitMs === undefined)
    throw new InvalidArgumentError('write a duration as 90s, 10m, 2h or 3d');
  return Number(count) * unitMs;
}

export function httpUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InvalidArgumentError('it must be an http(s) URL');
}
