/**
 * Options that several commands share, and what they stand for: parties to talk to, output form, error form.
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { TenderId } from '../auction/tender.ts';
import { readConsortium } from '../local/consortium.ts';
import { ConsortiumClient } from '../local/consortium-client.ts';
import { CliError } from './errors.ts';
import { DEFAULT_DIRECTORY } from './workspace.ts';

export interface PartyOptions {
  readonly dir: string;
  readonly party?: readonly string[];
  readonly json?: boolean;
}

export function withPartyOptions(command: Command): Command {
  return command
    .option('--dir <directory>', 'keys, receipts and the local consortium', DEFAULT_DIRECTORY)
    .option(
      '--party <url>',
      'address of a party; three times, in order (default: the local consortium)',
      collectUrls,
    )
    .option('--json', 'print one JSON value');
}

/** @throws CliError USAGE, NOT_FOUND */
export async function consortiumClient(options: PartyOptions): Promise<ConsortiumClient> {
  return new ConsortiumClient(await partyUrls(options), { tries: 2 });
}

async function partyUrls({ dir, party }: PartyOptions): Promise<readonly [string, string, string]> {
  if (party !== undefined) {
    const [first, second, third, ...more] = party;
    if (first === undefined || second === undefined || third === undefined || more.length > 0) {
      throw new CliError('USAGE', 'name three parties: --party URL0 --party URL1 --party URL2');
    }
    return [first, second, third];
  }
  const consortium = await readConsortium(dir);
  if (consortium === undefined) {
    const detail = `there is no consortium in ${dir}: start one with \`tacit up --dir ${dir}\`, or name parties with --party`;
    throw new CliError('NOT_FOUND', detail, { dir });
  }
  const [first, second, third] = consortium.parties;
  return [first.url, second.url, third.url];
}

function collectUrls(value: string, previous: readonly string[] = []): readonly string[] {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
    throw new InvalidArgumentError('it must be an http(s) URL');
  return [...previous, value];
}

/** Commander's parser for tender ids. */
export function parseTenderId(text: string): TenderId {
  if (!isTenderId(text)) throw new InvalidArgumentError('a tender id has 43 characters of base64url');
  return text;
}

function isTenderId(text: string): text is TenderId {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}

/** Commander's parser for whole numbers within bounds. */
export function integer(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum)) {
      throw new InvalidArgumentError(`it must be a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  };
}

/** Commander's parser for numbers with a fraction, within bounds. */
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

/** Commander's parser for durations such as 90s, 10m, 2h, 3d; milliseconds. */
export function durationMs(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = Object.entries(DURATION_UNITS_MS).find(([name]) => name === unit)?.[1];
  if (count === undefined || unitMs === undefined)
    throw new InvalidArgumentError('write a duration as 90s, 10m, 2h or 3d');
  return Number(count) * unitMs;
}
