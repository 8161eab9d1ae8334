/** `tacit vault reshuffle --rotate-key`, and what a process that was killed in it leaves: a key that opens the vault. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createVaultTable } from '../../oram/stores/dynamodb.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { type Ran, tacit } from './run.ts';
import { refusal, TIMEOUT_MS, TREE, VaultWorkshop } from './vault-workshop.ts';

let workshop: VaultWorkshop;
let dynamodb: LocalDynamodb;

beforeAll(async () => {
  workshop = await VaultWorkshop.open();
  dynamodb = await startLocalDynamodb();
});

afterAll(async () => {
  await dynamodb.close();
  await workshop.dispose();
});

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});

/** A vault somewhere, with one record in it. */
interface Somewhere {
  /** Where its key is, and where the next one is while it is changed. */
  readonly keyFile: string;
  readonly nextFile: string;
  run(command: string, ...args: readonly string[]): Promise<Ran>;
  /** The text of the key in the file. */
  key(): Promise<string>;
}

async function inDirectory(name: string): Promise<Somewhere> {
  const keyFile = join(workshop.directory, 'keys', `${name}.key`);
  const run = (command: string, ...args: readonly string[]) => workshop.attempt(command, name, ...args);
  const key = async () => (await readFile(keyFile, 'utf8')).trim();
  return { keyFile, nextFile: `${keyFile}.next`, run, key };
}

async function inTables(name: string): Promise<Somewhere> {
  const client: DynamoDBClient = dynamodb.client;
  for (const table of [`${name}-tree`, `${name}-state`]) await createVaultTable(client, table);
  const keyFile = join(workshop.directory, `${name}.keys.json`);
  const side = (role: string) => [
    `--${role}-table`,
    `${name}-${role}`,
    `--${role}-endpoint`,
    dynamodb.endpoint,
  ];
  const place = [...side('tree'), ...side('state'), '--region', 'us-east-1', '--key', keyFile];
  const run = (command: string, ...args: readonly string[]) =>
    tacit('vault', command, name, ...args, ...place);
  const key = async () => JSON.parse(await readFile(keyFile, 'utf8')).keys[name];
  return { keyFile, nextFile: `${keyFile}.${name}.next`, run, key };
}

let made = 0;

async function filled(open: (name: string) => Promise<Somewhere>): Promise<Somewhere> {
  const somewhere = await open(`vault-${made++}`);
  expect((await somewhere.run('create', ...TREE)).code).toBe(0);
  expect((await somewhere.run('put', 'a', 'kept')).code).toBe(0);
  return somewhere;
}

const places = [
  ['a directory', inDirectory],
  ['tables', inTables],
] as const;

describe.each(places)('the key of a vault in %s', (_where, open) => {
  test('is changed, and the old one opens nothing any more', { timeout: TIMEOUT_MS }, async () => {
    const { run, key, keyFile, nextFile } = await filled(open);
    const before = await key();
    await copyFile(keyFile, `${keyFile}.old`);
    const rotated = await run('reshuffle', '--rotate-key', '--json');
    expect(JSON.parse(rotated.stdout)).toMatchObject({ kept: 1, lost: 0 });
    const after = await key();
    expect(after).not.toBe(before);
    expect(rotated.stdout + rotated.stderr).not.toContain(after);
    expect([existsSync(nextFile), (await stat(keyFile)).mode & 0o777]).toEqual([false, 0o600]);
    expect(await run('get', 'a')).toMatchObject({ code: 0, stdout: 'kept\n' });
    await rename(`${keyFile}.old`, keyFile);
    expect(await run('get', 'a')).toMatchObject(refusal('VAULT_KEY'));
  });

  test('is found by the next command where a process was killed before it was in its file', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { run, key, keyFile, nextFile } = await filled(open);
    await copyFile(keyFile, `${keyFile}.old`);
    expect((await run('reshuffle', '--rotate-key')).code).toBe(0);
    const next = await key();
    await rename(`${keyFile}.old`, keyFile);
    await writeFile(nextFile, `${next}\n`);
    expect(await run('get', 'a')).toMatchObject({ code: 0, stdout: 'kept\n' });
    expect([await key(), existsSync(nextFile)]).toEqual([next, false]);
    expect(await run('get', 'a')).toMatchObject({ code: 0, stdout: 'kept\n' });
  });

  test('stays where a process was killed before the next one was in force', async () => {
    const { run, key, nextFile } = await filled(open);
    const before = await key();
    await writeFile(nextFile, `${randomBytes(32).toString('base64url')}\n`);
    expect(await run('get', 'a')).toMatchObject({ code: 0, stdout: 'kept\n' });
    expect([await key(), existsSync(nextFile)]).toEqual([before, true]);
  });
});

test('a next key that was left over is replaced in a directory, which one process has at a time', async () => {
  const { run, key, nextFile } = await filled(inDirectory);
  const left = randomBytes(32).toString('base64url');
  await writeFile(nextFile, `${left}\n`);
  expect((await run('reshuffle', '--rotate-key')).code).toBe(0);
  expect(await key()).not.toBe(left);
  expect(existsSync(nextFile)).toBe(false);
});

test('one in tables may be that of a change under way elsewhere, and is refused', async () => {
  const { run, key, nextFile } = await filled(inTables);
  const before = await key();
  await writeFile(nextFile, `${randomBytes(32).toString('base64url')}\n`);
  const refused = await run('reshuffle', '--rotate-key');
  expect(refused).toMatchObject(refusal('VAULT_BUSY'));
  expect(refused.stderr).toContain(nextFile);
  expect([await key(), existsSync(nextFile)]).toEqual([before, true]);
});
