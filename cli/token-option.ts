/**
 * `--token-file`: what an auctioneer shows parties that want a token to publish and close (docs/api.md).
 *
 * A token is good for whoever has it, and a party that gets one may show it to another. So there may be one for each
 * party; tokens go over TLS or stay on this machine, are read from files, because other users see a command line, and
 * are in no message.
 */

import type { Command } from 'commander';
import type { TacitClientOptions } from '../client/tacit-client.ts';
import { CliError } from './errors.ts';
import { readTextFile } from './workspace.ts';

export interface TokenOptions {
  readonly tokenFile?: readonly string[];
}

export type Tokens = NonNullable<TacitClientOptions['tokens']>;

/** In place of a file, for a party that wants no token. */
const NO_TOKEN = 'none';

/** API Gateway takes 10,240 bytes of headers. */
const MAX_TOKEN_CHARACTERS = 8192;

export function withTokenOption(command: Command): Command {
  return command.option(
    '--token-file <file>',
    `a token, where parties want one: once for all, or three times in order, \`${NO_TOKEN}\` for a party that wants none`,
    (value: string, previous: readonly string[] = []) => [...previous, value],
  );
}

/**
 * @param urls of parties 0, 1 and 2
 * @throws CliError USAGE, FILE_UNREADABLE
 */
export async function readTokens(
  { tokenFile: files }: TokenOptions,
  urls: readonly [string, string, string],
): Promise<Tokens | undefined> {
  if (files === undefined) return undefined;
  const [first = NO_TOKEN, second = first, third = first] = files;
  if (files.length === 2 || files.length > 3) {
    throw new CliError('USAGE', 'name --token-file once for all parties, or three times, in their order');
  }
  return [await tokenFor(urls[0], first), await tokenFor(urls[1], second), await tokenFor(urls[2], third)];
}

async function tokenFor(url: string, file: string): Promise<string | undefined> {
  if (file === NO_TOKEN) return undefined;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
    throw new CliError('USAGE', `a token does not go to ${url}: anybody on the way could read it; use https`);
  }
  const text = (await readTextFile(file)).trim();
  if (text.length > MAX_TOKEN_CHARACTERS || !/^[A-Za-z0-9._~+/-]+=*$/.test(text)) {
    const detail = `the file ${file} is no token: it must hold the token alone, as its issuer gave it`;
    throw new CliError('FILE_UNREADABLE', detail, { path: file });
  }
  return text;
}
