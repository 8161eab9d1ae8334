/**
 * The files of an operator: its party's secret keys (mode 0600, never written over) and the public documents made
 * from them.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generatePartyKeys, loadPartyKeys, type PartyKeys } from '../auction/party/keys.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { CliError } from './errors.ts';
import { readJsonFile } from './workspace.ts';

const SECRET_FILE_MODE = 0o600;
const SECRET_DIRECTORY_MODE = 0o700;

export interface OpenedKeys {
  readonly keys: PartyKeys;
  readonly created: boolean;
}

/**
 * The keys in a file, made where there is no such file.
 * @throws CliError FILE_UNREADABLE, FILE_UNWRITABLE, USAGE where they are the keys of another party;
 *   AuctionError KEY_MALFORMED
 */
export async function openPartyKeys(path: string, index: PartyIndex): Promise<OpenedKeys> {
  const created = await makeKeys(path, index);
  const keys = await readPartyKeys(path);
  if (keys.index !== index) {
    const detail = `the keys in ${path} are those of party ${keys.index}, not ${index}: name another file with --keys`;
    throw new CliError('USAGE', detail, { path });
  }
  return { keys, created };
}

/** @throws CliError FILE_UNREADABLE; AuctionError KEY_MALFORMED */
export async function readPartyKeys(path: string): Promise<PartyKeys> {
  return await loadPartyKeys(await readJsonFile(path));
}

/**
 * Writes a public document that others may have already: an existing file is left alone unless it is the same.
 * @throws CliError FILE_UNWRITABLE
 */
export async function writePublicDocument(path: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  await writeNew(path, text, 0o644, async () => {
    if ((await readFile(path, 'utf8')) === text) return;
    const detail = `the file ${path} exists and says something else: name another one with --out`;
    throw new CliError('FILE_UNWRITABLE', detail, { path });
  });
}

async function makeKeys(path: string, index: PartyIndex): Promise<boolean> {
  let created = true;
  const text = `${JSON.stringify(await generatePartyKeys(index, randomBytes), undefined, 2)}\n`;
  await writeNew(path, text, SECRET_FILE_MODE, async () => {
    created = false;
  });
  return created;
}

async function writeNew(
  path: string,
  text: string,
  mode: number,
  exists: () => Promise<void>,
): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: SECRET_DIRECTORY_MODE });
    await writeFile(path, text, { mode, flag: 'wx' });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return await exists();
    throw new CliError('FILE_UNWRITABLE', `the file ${path} cannot be written`, { path }, { cause });
  }
}
