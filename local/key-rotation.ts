/**
 * A vault's change of keys, so that a process that is killed at any moment leaves the key with which the vault opens.
 *
 * The next key is on disk, in a file of its own beside the present one, before anything is sealed with it, and takes
 * its place after the vault has been placed anew under it. In between, whichever of the two opens the vault is its key: a
 * vault that the present one does not open is opened with the next, which then takes its place. A next key that is left
 * over while the present one opens the vault was never in force.
 *
 * A process may also be held up between any two steps, and go on when others have put its key in place and changed it once
 * more. So a key takes the place of the one that it follows and of no other, and a file is removed by whoever's key is in it.
 */

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { OramError } from '../oram/errors.ts';
import type { Vault } from '../oram/vault.ts';

const SECRET_FILE_MODE = 0o600;
const KEY_BYTES = 32;

/** The present key of one vault and the next, wherever they are. */
export interface KeyPlace {
  /** @throws OramError VAULT_KEY, VAULT_UNKNOWN */
  present(): Promise<KeyObject>;
  /** Of the file of the next key. */
  readonly nextFile: string;
  /** Whether nobody else can be changing the key: then what is left over is replaced, and otherwise refused. */
  readonly isAlone: boolean;
  /**
   * Puts the next key, as text, in the place of the present one, at once or not at all.
   * @param before the present one; another that is there meanwhile is a later one, and stays
   */
  replace(next: string, before: KeyObject): Promise<void>;
}

/**
 * @param openVault with a key
 * @throws OramError VAULT_KEY where neither key opens it, and what `openVault` throws
 */
export async function openWithKey(
  place: KeyPlace,
  openVault: (key: KeyObject) => Promise<Vault>,
): Promise<Vault> {
  const present = await place.present();
  try {
    return await openVault(present);
  } catch (error) {
    const next = isWrongKey(error) ? await readNext(place) : undefined;
    if (next === undefined) throw error;
    const vault = await openVault(next.key);
    await promote(place, next.text, present);
    return vault;
  }
}

/**
 * @param placeAnew under a key that is in force when it ends, and may be when it fails
 * @throws OramError VAULT_BUSY where somebody else changes the key, or was killed while doing so; VAULT_KEY where a file
 *   cannot be written; what `placeAnew` throws
 */
export async function withNextKey<Value>(
  place: KeyPlace,
  placeAnew: (next: KeyObject) => Promise<Value>,
): Promise<Value> {
  const before = await place.present();
  const next = await makeNext(place);
  const value = await placeAnew(next.key);
  await promote(place, next.text, before);
  return value;
}

/** A key as it stands in a file; undefined where the text is none. */
export function keyIn(text: string): KeyObject | undefined {
  const bytes = Buffer.from(text.trim(), 'base64url');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64url') !== text.trim()) return undefined;
  return createSecretKey(bytes);
}

/** A fresh one, to be written into a file. */
export function freshKeyText(): string {
  return randomBytes(KEY_BYTES).toString('base64url');
}

interface NextKey {
  readonly key: KeyObject;
  readonly text: string;
}

async function readNext({ nextFile }: KeyPlace): Promise<NextKey | undefined> {
  const text = await readFile(nextFile, 'utf8').catch(() => undefined);
  const key = text === undefined ? undefined : keyIn(text);
  return text === undefined || key === undefined ? undefined : { key, text: text.trim() };
}

/** Read back from the disk, so that what seals is what is there. */
async function makeNext(place: KeyPlace): Promise<NextKey> {
  const { nextFile, isAlone } = place;
  if (isAlone) await rm(nextFile, { force: true });
  try {
    const file = await open(nextFile, 'wx', SECRET_FILE_MODE);
    try {
      await file.writeFile(`${freshKeyText()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'))
      throw unusable(nextFile, cause);
    const detail = `another process is changing the key; if none is, one was killed: open the vault once (\`tacit vault stats\`), and delete ${nextFile} if it is still there`;
    throw new OramError('VAULT_BUSY', detail, { keyFile: nextFile });
  }
  const next = await readNext(place);
  if (next === undefined) throw unusable(nextFile);
  return next;
}

async function promote(place: KeyPlace, text: string, before: KeyObject): Promise<void> {
  await place.replace(text, before);
  // Somebody else's next key may be there by now, and in force before it is in its place.
  if ((await readNext(place))?.text === text) await rm(place.nextFile, { force: true });
}

function isWrongKey(error: unknown): boolean {
  return error instanceof OramError && error.code === 'VAULT_KEY';
}

function unusable(keyFile: string, cause?: unknown): OramError {
  const detail = `the file ${keyFile} cannot be written: check its folder and permissions`;
  return new OramError('VAULT_KEY', detail, { keyFile }, { cause });
}
