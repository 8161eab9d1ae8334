/**
 * Where an operator's secret keys are: a file that only it can read, or a secret of AWS Secrets Manager, written
 * `secretsmanager:<name or ARN>`. Keys are made in either place when they are missing, and never written over.
 */

import { randomBytes } from 'node:crypto';
import { AuctionError } from '../auction/errors.ts';
import { generatePartyKeys, loadPartyKeys, type PartyKeys } from '../auction/party/keys.ts';
import type { StoredSecret } from '../local/operator-secret.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { CliError } from './errors.ts';
import { makeSecretFile } from './operator-files.ts';
import { readJsonFile } from './workspace.ts';

const SECRET = 'secretsmanager:';

export interface OpenedKeys {
  readonly keys: PartyKeys;
  readonly created: boolean;
  /** The path, or `secretsmanager:` and the ARN. */
  readonly place: string;
}

/**
 * The keys in a place, made where there are none.
 * @param region where a secret is made whose name does not say it
 * @throws CliError FILE_UNREADABLE, FILE_UNWRITABLE, SECRET_UNAVAILABLE, USAGE where they are the keys of another
 *   party; AuctionError KEY_MALFORMED
 */
export async function openPartyKeys(place: string, index: PartyIndex, region: string): Promise<OpenedKeys> {
  const opened = place.startsWith(SECRET)
    ? await openInSecret(place.slice(SECRET.length), index, region)
    : await openInFile(place, index);
  if (opened.keys.index === index) return opened;
  const detail = `the keys in ${place} are those of party ${opened.keys.index}, not ${index}: name another place with --keys`;
  throw new CliError('USAGE', detail, { path: place });
}

/** @throws CliError FILE_UNREADABLE, SECRET_UNAVAILABLE; AuctionError KEY_MALFORMED */
export async function readPartyKeys(place: string, region?: string): Promise<PartyKeys> {
  if (!place.startsWith(SECRET)) return await loadPartyKeys(await readJsonFile(place));
  const secret = place.slice(SECRET.length);
  const { readSecret } = await secrets();
  const stored = await unlessUnavailable(secret, () => readSecret({ secret, region }));
  if (stored === undefined)
    throw unavailable(secret, 'there is none of that name in this account and region');
  return await keysIn(stored);
}

/** Loaded where a secret is named, for the start of every other command. */
const secrets = () => import('../local/operator-secret.ts');

async function openInFile(path: string, index: PartyIndex): Promise<OpenedKeys> {
  const created = await makeSecretFile(path, await freshKeys(index));
  return { keys: await loadPartyKeys(await readJsonFile(path)), created, place: path };
}

async function openInSecret(secret: string, index: PartyIndex, region: string): Promise<OpenedKeys> {
  const { createSecret, readSecret } = await secrets();
  return await unlessUnavailable(secret, async () => {
    const stored = await readSecret({ secret, region });
    if (stored !== undefined) return openedOf(stored, false);
    const text = await freshKeys(index);
    const arn = await createSecret({ secret, region }, text, `Keys of party ${index} of a Tacit consortium`);
    if (arn !== undefined) return await openedOf({ arn, text }, true);
    // Somebody made it in the meantime: theirs count.
    const theirs = await readSecret({ secret, region });
    if (theirs === undefined) throw unavailable(secret, 'it was made and removed just now');
    return await openedOf(theirs, false);
  });
}

async function openedOf(stored: StoredSecret, created: boolean): Promise<OpenedKeys> {
  return { keys: await keysIn(stored), created, place: `${SECRET}${stored.arn}` };
}

async function freshKeys(index: PartyIndex): Promise<string> {
  return `${JSON.stringify(await generatePartyKeys(index, randomBytes), undefined, 2)}\n`;
}

/** No message quotes the value. */
async function keysIn({ arn, text }: StoredSecret): Promise<PartyKeys> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unavailable(arn, 'what it holds is no key file: name another one');
  }
  return await loadPartyKeys(json);
}

async function unlessUnavailable<Value>(secret: string, use: () => Promise<Value>): Promise<Value> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof CliError || error instanceof AuctionError || !(error instanceof Error)) throw error;
    throw unavailable(
      secret,
      `Secrets Manager answers ${error.name}: check credentials (AWS_PROFILE), region and permissions`,
      error,
    );
  }
}

function unavailable(secret: string, why: string, cause?: Error): CliError {
  const detail = `the secret ${secret} cannot be used: ${why}`;
  return new CliError('SECRET_UNAVAILABLE', detail, { path: `${SECRET}${secret}` }, { cause });
}
