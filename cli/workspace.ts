/**
 * What the command keeps for a user between runs, under --dir (default `.tacit`): signing keys, tenders,
 * submissions with their receipts.
 *
 * ```
 * keys/auctioneer.json                            secret (0600), made when missing
 * keys/bidders/<bidder>.json                      secret (0600), made when missing
 * tenders/<tender>.json                           as signed
 * receipts/<tender>/<bidder>/<lot>/<version>.json  the submission and its receipts
 * ```
 *
 * Names become file names as a readable part and a hash, since a name may hold any character. A submission is
 * written before it is sent, so that its version is never used for another one.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseKeyFile, signingKeyFile } from '../auction/bid-file.ts';
import { fromBase64url } from '../auction/canonical.ts';
import { AuctionError } from '../auction/errors.ts';
import { nodeSignatures } from '../auction/party/signatures-node.ts';
import type { Receipt } from '../auction/receipt.ts';
import type { Submission } from '../auction/submission.ts';
import type { SignedTender } from '../auction/tender.ts';
import { CliError } from './errors.ts';

export const DEFAULT_DIRECTORY = '.tacit';

const SECRET_FILE_MODE = 0o600;
const SECRET_DIRECTORY_MODE = 0o700;

export interface SigningKey {
  /** base64url. */
  readonly publicKey: string;
  /** 32-byte seed. */
  readonly secretKey: Uint8Array;
  readonly created: boolean;
}

export class Workspace {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  auctioneerKey(file?: string): Promise<SigningKey> {
    return openKey(file ?? join(this.directory, 'keys', 'auctioneer.json'), file !== undefined);
  }

  bidderKey(bidder: string, file?: string): Promise<SigningKey> {
    return openKey(
      file ?? join(this.directory, 'keys', 'bidders', `${fileName(bidder)}.json`),
      file !== undefined,
    );
  }

  /** @returns the file */
  async saveTender(id: string, signed: SignedTender): Promise<string> {
    const path = join(this.directory, 'tenders', `${id}.json`);
    await writeJson(path, signed);
    return path;
  }

  /** One more than the greatest version that was ever made here for this lot and bidder. */
  async nextVersion(tender: string, lot: string, bidder: string): Promise<number> {
    const entries = await readdir(this.#receipts(tender, lot, bidder)).catch(() => []);
    return (
      1 + Math.max(0, ...entries.map((entry) => Number.parseInt(entry, 10)).filter(Number.isSafeInteger))
    );
  }

  /** @returns the file */
  async saveSubmission(submission: Submission, receipts: readonly Receipt[]): Promise<string> {
    const { tender, lot, bidder, version } = submission;
    const path = join(this.#receipts(tender, lot, bidder), `${version}.json`);
    await writeJson(path, { submission, receipts });
    return path;
  }

  #receipts(tender: string, lot: string, bidder: string): string {
    return join(this.directory, 'receipts', tender, fileName(bidder), fileName(lot));
  }
}

/**
 * The text of a UTF-8 file, without its byte-order mark. Bytes that are no UTF-8 are refused and not replaced:
 * replaced, two names of a file in another encoding could become one.
 * @throws CliError FILE_UNREADABLE
 */
export async function readTextFile(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `the file ${path} cannot be read`, { path }, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const detail = `the file ${path} is not UTF-8 text: save it in that encoding`;
    throw new CliError('FILE_UNREADABLE', detail, { path }, { cause });
  }
}

/** @throws CliError FILE_UNREADABLE */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readTextFile(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `the file ${path} is not JSON`, { path }, { cause });
  }
}

/** @param mustExist where the user named the file; otherwise a missing key is made */
async function openKey(path: string, mustExist: boolean): Promise<SigningKey> {
  try {
    return await createKey(path, mustExist);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return await readSigningKey(path);
}

/**
 * The key of a key file, or of a bid file that the page saved.
 * @throws CliError FILE_UNREADABLE
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const json = await readJsonFile(path);
  try {
    const { publicKey, secretKey } = parseKeyFile(json, nodeSignatures);
    return { publicKey, secretKey: fromBase64url(secretKey), created: false };
  } catch (cause) {
    if (!(cause instanceof AuctionError)) throw cause;
    throw new CliError('FILE_UNREADABLE', `${path}: ${cause.detail}`, { path }, { cause });
  }
}

/** Exclusive: an existing key is never written over. */
async function createKey(path: string, mustExist: boolean): Promise<SigningKey> {
  if (mustExist) {
    await readTextFile(path);
  } else {
    await mkdir(dirname(path), { recursive: true, mode: SECRET_DIRECTORY_MODE });
  }
  const secretKey = new Uint8Array(randomBytes(32));
  const file = signingKeyFile(secretKey, nodeSignatures);
  await writeFile(path, `${JSON.stringify(file, undefined, 2)}\n`, { mode: SECRET_FILE_MODE, flag: 'wx' });
  return { publicKey: file.publicKey, secretKey, created: true };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Long enough that two names never meet. */
const HASH_CHARACTERS = 12;
const READABLE_CHARACTERS = 40;

function fileName(name: string): string {
  const readable = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, READABLE_CHARACTERS);
  return `${readable}-${createHash('sha256').update(name).digest('hex').slice(0, HASH_CHARACTERS)}`;
}
