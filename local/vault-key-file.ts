/**
 * A file of vault keys in the form that VAULT_KEYS names to a function, so that what made a vault can be given to what
 * serves it.
 *
 * Secret (0600): whoever has a key and reads the vault's tables reads its records. A key is on disk, and was read back
 * from there, before anything is sealed with it; none is removed, and replaced only by the next one of its vault
 * (`key-rotation.ts`). One process writes at a time: the draft, which is moved into place, is made exclusively, so that
 * of two that add a key neither loses the other's.
 * No message quotes what is in the file.
 */

import { createSecretKey, type KeyObject } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { fromBase64url } from '../auction/canonical.ts';
import { vaultKeyFileSchema } from '../functions/vaults.ts';
import { OramError } from '../oram/errors.ts';
import { freshKeyText, type KeyPlace } from './key-rotation.ts';

const SECRET_FILE_MODE = 0o600;

/**
 * @returns undefined where there is no such file, or no key of this vault in it
 * @throws OramError VAULT_KEY where the file cannot be read or is no file of vault keys
 */
export async function findVaultKey(path: string, name: string): Promise<KeyObject | undefined> {
  const key = (await readKeys(path))?.get(name);
  return key === undefined ? undefined : createSecretKey(fromBase64url(key));
}

/** @throws OramError VAULT_KEY, also where there is no such file or no key of this vault in it */
export async function readVaultKey(path: string, name: string): Promise<KeyObject> {
  const keys = await readKeys(path);
  if (keys === undefined) throw unusable(path, 'does not exist: name the one that was made with the vault');
  const key = keys.get(name);
  if (key === undefined) {
    throw unusable(path, `holds no key of the vault ${name}: name the file that was made with it`);
  }
  return createSecretKey(fromBase64url(key));
}

/**
 * The vault's key, made where there is none; the file too. Keys of other vaults in it stay.
 * @throws OramError VAULT_KEY; VAULT_BUSY where another process is adding a key
 */
export async function openOrMakeVaultKey(path: string, name: string): Promise<KeyObject> {
  const known = await findVaultKey(path, name);
  if (known !== undefined) return known;
  // A key that somebody else added meanwhile stays.
  await changeKeys(path, (keys) => new Map([[name, freshKeyText()], ...keys]));
  return await readVaultKey(path, name);
}

/** Others may use the file, and the vault, at the same time. */
export function keyPlaceOf(path: string, name: string): KeyPlace {
  return {
    present: () => readVaultKey(path, name),
    nextFile: `${path}.${name}.next`,
    isAlone: false,
    replace: (next, before) =>
      changeKeys(path, (keys) => {
        const present = keys.get(name);
        const isLater = present !== undefined && !createSecretKey(fromBase64url(present)).equals(before);
        return isLater ? keys : new Map([...keys, [name, next]]);
      }),
  };
}

type VaultKeys = ReadonlyMap<string, string>;

async function changeKeys(path: string, change: (keys: VaultKeys) => VaultKeys): Promise<void> {
  const draft = `${path}.new`;
  const file = await openDraft(path, draft);
  try {
    try {
      const keys = Object.fromEntries(change((await readKeys(path)) ?? new Map()));
      await file.writeFile(`${JSON.stringify({ kind: 'tacit/1 vault keys', keys }, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    if (error instanceof OramError) throw error;
    throw unusable(path, 'cannot be written: check its folder and permissions', error);
  }
}

async function openDraft(path: string, draft: string): Promise<FileHandle> {
  try {
    return await open(draft, 'wx', SECRET_FILE_MODE);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      throw unusable(path, 'cannot be written: check its folder and permissions', error);
    }
    const detail = `another process is writing ${path}; if none is, one was killed: delete ${draft}`;
    throw new OramError('VAULT_BUSY', detail, { keyFile: path });
  }
}

async function readKeys(path: string): Promise<VaultKeys | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unusable(path, 'cannot be read: check the path and its permissions', error);
  }
  const parsed = vaultKeyFileSchema.safeParse(jsonOf(text));
  if (!parsed.success) throw unusable(path, 'is no file of vault keys: put back the one that was made');
  return new Map(Object.entries(parsed.data.keys));
}

/** Undefined where it is none; the parser's message would quote it. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unusable(keyFile: string, what: string, cause?: unknown): OramError {
  return new OramError('VAULT_KEY', `the key file ${keyFile} ${what}`, { keyFile }, { cause });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
