/**
 * Options of the commands that talk to parties, and what they stand for: the three parties, and a tender's id.
 */

import { type Command, InvalidArgumentError } from 'commander';
import { type CheckedConsortium, checkConsortium } from '../auction/consortium.ts';
import { nodeSignatures } from '../auction/party/signatures-node.ts';
import type { TenderId } from '../auction/tender.ts';
import { TacitClient } from '../client/tacit-client.ts';
import { readConsortium } from '../local/consortium.ts';
import type { EpochMs } from '../mpc/clock.ts';
import { CliError } from './errors.ts';
import { readTokens, type TokenOptions } from './token-option.ts';
import { DEFAULT_DIRECTORY, readJsonFile } from './workspace.ts';

export interface PartyOptions {
  readonly dir: string;
  readonly party?: readonly string[];
  readonly consortium?: string;
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
    .option('--consortium <file>', 'the consortium document: keys that tenders must name, and addresses')
    .option('--json', 'print one JSON value');
}

/** @throws CliError USAGE, NOT_FOUND, FILE_UNREADABLE; AuctionError CONSORTIUM_*, OPERATOR_* */
export async function consortiumClient(options: PartyOptions & TokenOptions): Promise<TacitClient> {
  const document = await consortiumDocument(options);
  const urls = await partyUrls(options, document);
  const tokens = await readTokens(options, urls);
  return new TacitClient(urls, {
    tries: 2,
    receiptSignatures: nodeSignatures,
    ...(document === undefined ? {} : { parties: document.parties }),
    ...(tokens === undefined ? {} : { tokens }),
  });
}

/**
 * What `--consortium` names; undefined without it. Tenders outlive the validity of records, so only who signs a new one
 * asks for it. Whether an account may be shared was settled when the document was joined.
 */
export async function consortiumDocument(
  { consortium }: PartyOptions,
  now?: EpochMs,
): Promise<CheckedConsortium | undefined> {
  if (consortium === undefined) return undefined;
  const validity = now === undefined ? {} : { now };
  return checkConsortium(await readJsonFile(consortium), { allowSharedAccount: true, ...validity });
}

async function partyUrls(
  { dir, party }: PartyOptions,
  document: CheckedConsortium | undefined,
): Promise<readonly [string, string, string]> {
  if (party !== undefined) {
    const [first, second, third, ...more] = party;
    if (first === undefined || second === undefined || third === undefined || more.length > 0) {
      throw new CliError('USAGE', 'name three parties: --party URL0 --party URL1 --party URL2');
    }
    return [first, second, third];
  }
  if (document !== undefined) {
    const [first, second, third] = document.operators.map(({ url }) => url);
    if (first !== undefined && second !== undefined && third !== undefined) return [first, second, third];
    throw new CliError(
      'USAGE',
      'the consortium document has not all three addresses: name them with --party',
    );
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
