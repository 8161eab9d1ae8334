/** Changes of one vault's key in a file that processes share, where one of them is held up between two steps. */

import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWithKey, withNextKey } from '../../local/key-rotation.ts';
import { keyPlaceOf, openOrMakeVaultKey, readVaultKey } from '../../local/vault-key-file.ts';
import type { Vault } from '../../oram/vault.ts';
import { NAME, newVault, open, type Tables, text } from '../oram/tree-world.ts';

let directory: string;
let keyFile: string;
let tables: Tables;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-keys-'));
  keyFile = join(directory, 'keys.json');
  const made = await newVault({ capacity: 8 }, { key: await openOrMakeVaultKey(keyFile, NAME) });
  tables = made.tables;
  await made.vault.put('a', text('kept'));
  await made.vault.close();
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const openNow = (key: KeyObject) => open(tables, { key });

/** @param betweenSteps once the next key is in force and before it is in its place */
async function changeKey(vault: Vault, betweenSteps: () => Promise<void> = async () => {}): Promise<void> {
  await withNextKey(keyPlaceOf(keyFile, NAME), async (newKey) => {
    await vault.reshuffle({ newKey });
    await betweenSteps();
  });
}

/** As another process does: opens the vault, which puts a key that is in force in its place, and goes on with it. */
async function openElsewhere(): Promise<Vault> {
  return await openWithKey(keyPlaceOf(keyFile, NAME), openNow);
}

async function expectKeyInFile(): Promise<void> {
  const vault = await openNow(await readVaultKey(keyFile, NAME));
  expect(await vault.get('a')).toEqual(text('kept'));
}

test('a change that is held up does not put its key in the place of a later one', async () => {
  await changeKey(await openElsewhere(), async () => {
    const later = await openElsewhere();
    await changeKey(later);
  });
  await expectKeyInFile();
  expect(existsSync(keyPlaceOf(keyFile, NAME).nextFile)).toBe(false);
});

test('nor does it remove the next key of a later one, which is killed once that is in force', async () => {
  const killed = new Error('killed');
  await changeKey(await openElsewhere(), async () => {
    const dies = changeKey(await openElsewhere(), () => Promise.reject(killed));
    await expect(dies).rejects.toBe(killed);
  });
  const vault = await openElsewhere();
  expect(await vault.get('a')).toEqual(text('kept'));
  await expectKeyInFile();
});
