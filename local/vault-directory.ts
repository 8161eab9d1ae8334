/**
 * What a local vault keeps in its directory, and where.
 *
 * ```
 * tree/                 LevelDB of the table that holds the buckets: elsewhere it may be somebody else's
 * state/                LevelDB of the table that holds the client state: the reader's own
 * lock/                 held by the one process that uses the directory
 * keys/NAME.key         secret (0600): 32 bytes in base64url, from which everything of the vault is derived
 * keys/NAME.key.next    the same, while the key is changed (`key-rotation.ts`)
 * traces/NAME.jsonl     what the owner of the tree table saw (`vault-trace.ts`)
 * usage/NAME.json       request units so far (`vault-usage.ts`)
 * ```
 *
 * Keys lie beside the tables for convenience: whoever reads the whole directory reads the records. What it
 * shows is what each table's owner would see.
 */

import type { KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OramError } from '../oram/errors.ts';
import { freshKeyText, type KeyPlace, keyIn } from './key-rotation.ts';

const SECRET_FILE_MODE = 0o600;
const SECRET_DIRECTORY_MODE = 0o700;

/** One vault's places in a directory. */
export interface VaultPlaces {
  readonly directory: string;
  readonly lock: string;
  readonly tree: string;
  readonly state: string;
  readonly keyFile: string;
  readonly traceFile: string;
  readonly usageFile: string;
}

/** @throws OramError VAULT_NAME, since the name becomes part of file names */
export function placesOf(directory: string, name: string): VaultPlaces {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    const detail = 'a vault name has 1 to 64 letters, digits, dots, hyphens or underscores';
    throw new OramError('VAULT_NAME', detail);
  }
  return {
    directory,
    lock: join(directory, 'lock'),
    tree: join(directory, 'tree'),
    state: join(directory, 'state'),
    keyFile: join(directory, 'keys', `${name}.key`),
    traceFile: join(directory, 'traces', `${name}.jsonl`),
    usageFile: join(directory, 'usage', `${name}.json`),
  };
}

/** @throws OramError STORE_REFUSED */
export async function makeDirectories({ directory }: VaultPlaces): Promise<void> {
  try {
    for (const path of [directory, ...['keys', 'traces', 'usage'].map((part) => join(directory, part))]) {
      await mkdir(path, { recursive: true, mode: SECRET_DIRECTORY_MODE });
    }
  } catch (cause) {
    const detail = `${directory} cannot be made: check the path and its permissions`;
    throw new OramError('STORE_REFUSED', detail, { path: directory }, { cause });
  }
}

/**
 * The key in the vault's file, made where there is none. It is on disk before the vault is made with it, so that a
 * process that dies in between leaves nothing that cannot be made again.
 */
export async function openOrMakeKey(places: VaultPlaces): Promise<KeyObject> {
  try {
    const file = await open(places.keyFile, 'wx', SECRET_FILE_MODE);
    try {
      await file.writeFile(`${freshKeyText()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw unusableKey(places, 'cannot be written', error);
  }
  return await readKey(places);
}

/** @throws OramError VAULT_UNKNOWN where there is no key file; VAULT_KEY where it holds no key */
export async function readKey(places: VaultPlaces): Promise<KeyObject> {
  let text: string;
  try {
    text = await readFile(places.keyFile, 'utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw unusableKey(places, 'cannot be read', error);
    const { directory, keyFile } = places;
    const detail = `there is no vault of this name in ${directory}: create it first, or check --dir`;
    throw new OramError('VAULT_UNKNOWN', detail, { keyFile }, { cause: error });
  }
  const key = keyIn(text);
  if (key === undefined) throw unusableKey(places, 'does not hold 32 bytes in base64url');
  return key;
}

/** For the process that holds the lock. */
export function keyPlaceOf(places: VaultPlaces): KeyPlace {
  const { keyFile } = places;
  const nextFile = `${keyFile}.next`;
  return {
    present: () => readKey(places),
    nextFile,
    isAlone: true,
    replace: async () => {
      try {
        await rename(nextFile, keyFile);
      } catch (error) {
        throw unusableKey(places, 'cannot be replaced', error);
      }
    },
  };
}

/** After the vault is destroyed. */
export async function removeFiles({ keyFile, traceFile, usageFile }: VaultPlaces): Promise<void> {
  for (const path of [traceFile, olderTraceFile(traceFile), usageFile, `${keyFile}.next`, keyFile])
    await rm(path, { force: true });
}

/** Where the trace before the present one is kept. */
export function olderTraceFile(traceFile: string): string {
  return `${traceFile}.1`;
}

function unusableKey({ keyFile }: VaultPlaces, what: string, cause?: unknown): OramError {
  const detail = `the key file ${keyFile} ${what}: put back the file that was made with the vault`;
  return new OramError('VAULT_KEY', detail, { keyFile }, { cause });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
