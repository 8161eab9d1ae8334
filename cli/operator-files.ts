/**
 * The files of an operator: its party's secret keys (mode 0600) and the public documents made from them. Neither is
 * ever written over.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CliError } from './errors.ts';

const SECRET_FILE_MODE = 0o600;
const SECRET_DIRECTORY_MODE = 0o700;

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

/**
 * @returns whether it was made: an existing file is left alone
 * @throws CliError FILE_UNWRITABLE
 */
export async function makeSecretFile(path: string, text: string): Promise<boolean> {
  let made = true;
  await writeNew(path, text, SECRET_FILE_MODE, async () => {
    made = false;
  });
  return made;
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
