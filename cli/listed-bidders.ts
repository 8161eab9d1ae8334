/**
 * Keys for a tender that lists its bidders: whoever plays them needs the secret key of each that bids, or a new
 * invitation for it.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BidLine } from '../auction/bids-csv.ts';
import type { TenderSpec } from '../auction/tender-spec.ts';
import { CliError } from './errors.ts';
import { readSigningKey } from './workspace.ts';

/**
 * The keys in a directory of key files (`<dir>/keys/bidders` of `tacit key` and `tacit bid`) by the names under which
 * the tender lists their public halves. File names do not matter.
 * @param invited names of those whose invitations are made here: they need no key beforehand
 * @param directory undefined where none was named
 * @returns an empty map where the tender lists nobody
 * @throws CliError BIDDER_KEY_MISSING, FILE_UNREADABLE, USAGE
 */
export async function keysOfListed(
  { bidders }: TenderSpec,
  bids: readonly BidLine[],
  invited: readonly string[],
  directory: string | undefined,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (bidders === undefined) {
    if (directory === undefined) return new Map();
    throw new CliError('USAGE', 'the tender lists no bidders, so --bidder-keys has no use: leave it out');
  }
  const byPublicKey = directory === undefined ? new Map<string, Uint8Array>() : await keysIn(directory);
  const keys = new Map<string, Uint8Array>();
  for (const { name, publicKey } of bidders) {
    const secretKey = publicKey === undefined ? undefined : byPublicKey.get(publicKey);
    if (secretKey !== undefined) keys.set(name, secretKey);
  }
  for (const { bidder } of bids) {
    if (keys.has(bidder) || invited.includes(bidder)) continue;
    const what = missing(bidder, bidders);
    throw new CliError(
      'BIDDER_KEY_MISSING',
      `the tender lists who may bid: ${what}; \`tacit key --bidder NAME\` makes a key and prints the entry for the list`,
      { bidder },
    );
  }
  return keys;
}

function missing(bidder: string, bidders: NonNullable<TenderSpec['bidders']>): string {
  const entry = bidders.find(({ name }) => name === bidder);
  if (entry === undefined) return `${bidder} is not among them`;
  return entry.publicKey === undefined
    ? `the invitation of ${bidder} was made elsewhere, write {"name", "invite": true} to have one made here`
    : `name a directory with the key of ${bidder} with --bidder-keys`;
}

async function keysIn(directory: string): Promise<Map<string, Uint8Array>> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new CliError(
      'FILE_UNREADABLE',
      `the directory ${directory} cannot be read`,
      { path: directory },
      { cause },
    );
  });
  const files = names.filter((name) => name.endsWith('.json'));
  const keys = await Promise.all(files.map((name) => readSigningKey(join(directory, name))));
  return new Map(keys.map(({ publicKey, secretKey }) => [publicKey, secretKey]));
}
