/**
 * `tacit vault` on tables that are there already. Two stand-ins for DynamoDB, each of which lets one access key in, are
 * the two accounts: the tree's owner's and the reader's own.
 */

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { placeOf } from '../../cli/vault-place.ts';
import { readKeySource } from '../../functions/key-source.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { loadVaultKeys, OpenVaults } from '../../functions/vaults.ts';
import { type DynamodbServer, startDynamodbServer } from '../../local/dynamodb-server.ts';
import {
  createTableVault,
  destroyTableVault,
  openTableVault,
  type TableVaultOptions,
} from '../../local/table-vault.ts';
import { findVaultKey, openOrMakeVaultKey } from '../../local/vault-key-file.ts';
import { chooseParameters } from '../../oram/parameters.ts';
import { createVaultTable } from '../../oram/stores/dynamodb.ts';
import type { Vault } from '../../oram/vault.ts';
import { tacit } from './run.ts';
import { refusal, TIMEOUT_MS, TREE } from './vault-workshop.ts';

const TABLES = { tree: 'their-trees', state: 'own-state' } as const;
type Role = keyof typeof TABLES;

const SMALL = chooseParameters({ records: 20, blockBytes: 40 });

let directory: string;
let servers: Readonly<Record<Role, DynamodbServer>>;
let clients: Readonly<Record<Role, DynamoDBClient>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-tables-'));
  await writeFile(
    join(directory, 'credentials'),
    ['tree', 'state']
      .map((role) => `[${role}]\naws_access_key_id = ${role}-key\naws_secret_access_key = secret\n`)
      .join('\n'),
  );
  const start = (role: Role) =>
    startDynamodbServer({ port: 0, ownerAccessKey: `${role}-key`, peerAccessKeys: [], outboxTable: '' });
  servers = { tree: await start('tree'), state: await start('state') };
  const connect = (role: Role) =>
    new DynamoDBClient({
      endpoint: servers[role].endpoint,
      region: 'local',
      credentials: { accessKeyId: `${role}-key`, secretAccessKey: 'secret' },
    });
  clients = { tree: connect('tree'), state: connect('state') };
  await createVaultTable(clients.tree, TABLES.tree);
  await createVaultTable(clients.state, TABLES.state);
});

afterAll(async () => {
  for (const client of Object.values(clients)) client.destroy();
  for (const server of Object.values(servers)) await server.close();
  await rm(directory, { recursive: true, force: true });
});

/** Nothing of whoever runs the tests. */
beforeEach(() => {
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'credentials'));
  vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'none'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  for (const name of ['AWS_PROFILE', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    vi.stubEnv(name, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function keyFile(name: string): string {
  return join(directory, `${name}.json`);
}

function flags(key: string): readonly string[] {
  return [
    ...['--tree-table', TABLES.tree, '--tree-endpoint', servers.tree.endpoint, '--tree-profile', 'tree'],
    ...['--state-table', TABLES.state, '--state-endpoint', servers.state.endpoint],
    ...['--state-profile', 'state', '--region', 'local', '--key', key],
  ];
}

function optionsOf(name: string, key: string, tree: Partial<TableVaultOptions['tree']> = {}) {
  const side = (role: Role) => ({
    ...{ table: TABLES[role], endpoint: servers[role].endpoint, profile: role, region: 'local' },
  });
  return { name, keyFile: key, tree: { ...side('tree'), ...tree }, state: side('state') };
}

/** As a function has it open, whose operator put the key file where VAULT_KEYS names it. */
async function functionWith(key: string): Promise<OpenVaults> {
  return new OpenVaults({
    keys: loadVaultKeys(await readKeySource(`file:${key}`, 'VAULT_KEYS')),
    tree: { client: clients.tree, tableName: TABLES.tree },
    state: { client: clients.state, tableName: TABLES.state },
    clock: systemClock,
  });
}

async function itemsIn(role: Role): Promise<number> {
  const { Count } = await clients[role].send(new ScanCommand({ TableName: TABLES[role], Select: 'COUNT' }));
  return Count ?? 0;
}

test('a whole life, shared with a function', { timeout: TIMEOUT_MS }, async () => {
  const key = keyFile('life');
  const run = (command: string, ...args: readonly string[]) =>
    tacit('vault', command, 'v', ...args, ...flags(key));
  const made = await run('create', ...TREE);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Vault v holds 40 records/) });
  expect(made.stderr).toBe(`Its key is in ${key}: keep a copy, and put one where VAULT_KEYS names it.\n`);
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  const secret: unknown = JSON.parse(await readFile(key, 'utf8')).keys.v;
  expect(made.stdout + made.stderr).not.toContain(secret);

  const records = join(directory, 'records.csv');
  await writeFile(records, 'key,value\na,1\nb,2\nc,3\n');
  const loaded = await run('load', records, '--progress', '--json');
  expect(loaded).toMatchObject({ code: 0, stdout: '{"name":"v","records":3}\n' });
  expect(loaded.stderr).toMatch(/^([a-z ]+: [\d,]+ of [\d,]+\n)+$/);

  const served = await functionWith(key);
  const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();
  expect(await served.use('v', async (vault) => text(await vault.get('b')))).toBe('2');
  expect(await run('get', 'b')).toEqual({ code: 0, stdout: '2\n', stderr: '' });
  expect(await run('put', 'b', 'changed')).toMatchObject({ code: 0 });
  expect(await served.use('v', async (vault) => text(await vault.get('b')))).toBe('changed');
  await served.use('v', (vault) => vault.put('d', Buffer.from('4')));
  expect(await run('has', 'd')).toEqual({ code: 0, stdout: 'yes\n', stderr: '' });
  expect(await run('delete', 'd')).toMatchObject({ code: 0 });
  expect(await served.use('v', (vault) => vault.has('d'))).toBe(false);

  const again = await run('reshuffle', '--progress');
  expect(again).toMatchObject({ code: 0, stdout: '3 records kept, 0 lost.\n' });
  expect(again.stderr).toMatch(/^([a-z ]+: [\d,]+ of [\d,]+\n)+$/);
  expect(await served.use('v', async (vault) => text(await vault.get('c')))).toBe('3');
  const stats = await run('stats', '--json');
  expect(JSON.parse(stats.stdout)).toMatchObject({ records: 3, usage: { access: { requests: 0 } } });

  expect(await run('destroy', '--yes')).toMatchObject({ code: 0, stdout: 'Vault v is gone.\n' });
  expect([await itemsIn('tree'), await itemsIn('state')]).toEqual([0, 0]);
  expect(await run('get', 'b')).toMatchObject(refusal('VAULT_UNKNOWN'));
  expect(await findVaultKey(key, 'v')).toBeDefined();
});

describe('options', () => {
  const tables = { treeTable: 't', stateTable: 's', key: 'k' } as const;

  test.each([
    ['embedded tables and others', { ...tables, dir: 'd' }, /^USAGE: --dir .* --tree-table /],
    ['a wait for a lock that there is not', { ...tables, wait: 1 }, /^USAGE: --wait /],
    ['no state table', { treeTable: 't', key: 'k' }, /^USAGE: .* all three$/],
    ['no key', { treeTable: 't', stateTable: 's' }, /^USAGE: .* all three$/],
    ['a region without tables', { region: 'r' }, /^USAGE: .* all three$/],
  ])('that name %s are refused', (_what, options, message) => {
    expect(() => placeOf('v', options)).toThrow(message);
  });

  test('say where a vault is', () => {
    expect(placeOf('v', {})).toEqual({
      kind: 'directory',
      options: { directory: '.tacit/vaults', name: 'v', waitMs: 10_000 },
    });
    expect(placeOf('v', { ...tables, region: 'r', treeProfile: 'p', stateEndpoint: 'e' })).toEqual({
      kind: 'tables',
      options: {
        ...{ name: 'v', keyFile: 'k' },
        tree: { table: 't', region: 'r', profile: 'p' },
        state: { table: 's', region: 'r', endpoint: 'e' },
      },
    });
  });

  test('of tables are none of a trace, and exclude a directory', { timeout: TIMEOUT_MS }, async () => {
    const key = keyFile('unused');
    const [traced, mixed] = await Promise.all([
      tacit('vault', 'trace', 'v', ...flags(key)),
      tacit('vault', 'create', 'v', ...TREE, ...flags(key), '--dir', join(directory, 'mixed')),
    ]);
    expect(traced).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^USAGE: .*logs/) });
    expect(mixed).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^USAGE: --dir /) });
    expect(await readdir(directory)).not.toContain('mixed');
    await expect(stat(key)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('refused with what to do', () => {
  test('a table that is not there', async () => {
    const key = keyFile('missing-table');
    const missing = optionsOf('v', key, { table: 'misspelt' });
    await expect(createTableVault(missing, SMALL)).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/the tree table misspelt does not exist .*--tree-table/),
      facts: { table: 'misspelt' },
    });
    // With the right one it goes on with the key that is there.
    const opened = await createTableVault(optionsOf('v', key), SMALL);
    await opened.destroy();
    await opened.close();
  });

  test('credentials that the table does not take, or that are not there', async () => {
    const key = keyFile('credentials');
    await openOrMakeVaultKey(key, 'v');
    const { state, ...others } = optionsOf('v', key);
    await expect(openTableVault({ ...others, state: { ...state, profile: 'tree' } })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/state table .*credentials.*--state-profile/),
    });
    const { profile: _none, ...anonymous } = state;
    await expect(openTableVault({ ...others, state: anonymous })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/state table .*without credentials.*AWS_PROFILE/),
    });
  });

  test('a region that nothing says', async () => {
    const key = keyFile('region');
    await openOrMakeVaultKey(key, 'v');
    const { tree, ...others } = optionsOf('v', key);
    const { region: _none, ...nowhere } = tree;
    await expect(openTableVault({ ...others, tree: nowhere })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/no region .*--region/),
    });
    const table = 'arn:aws:dynamodb:eu-central-1:111111111111:table/t';
    // The ARN says the region; there is no such vault, which is asked of the state table first.
    await expect(openTableVault({ ...others, tree: { ...nowhere, table } })).rejects.toMatchObject({
      code: 'VAULT_UNKNOWN',
    });
  });

  test('a key file that is missing, is none, or has no key of the vault', async () => {
    const key = keyFile('no-key');
    const attempt = () => openTableVault(optionsOf('v', key));
    await expect(attempt()).rejects.toMatchObject({ code: 'VAULT_KEY', facts: { keyFile: key } });
    await expect(stat(key)).rejects.toMatchObject({ code: 'ENOENT' });
    await openOrMakeVaultKey(key, 'another');
    await expect(attempt()).rejects.toThrow(/VAULT_KEY: .* holds no key of the vault v/);
    await writeFile(key, '{"kind": "secret stuff"}');
    await expect(attempt()).rejects.toThrow(/^VAULT_KEY: (?!.*stuff)/);
    await expect(createTableVault(optionsOf('v', key), SMALL)).rejects.toMatchObject({ code: 'VAULT_KEY' });
    await writeFile(key, '"secret stuff');
    await expect(attempt()).rejects.toThrow(/^VAULT_KEY: (?!.*stuff)/);
  });

  test('a vault of this name, with or without its key', async () => {
    const key = keyFile('taken');
    const opened = await createTableVault(optionsOf('taken', key), SMALL);
    await opened.close();
    await expect(createTableVault(optionsOf('taken', key), SMALL)).rejects.toMatchObject({
      code: 'VAULT_EXISTS',
    });
    const other = keyFile('taken-by-another');
    await expect(createTableVault(optionsOf('taken', other), SMALL)).rejects.toMatchObject({
      code: 'VAULT_EXISTS',
      facts: { keyFile: other },
    });
    await expect(stat(other)).rejects.toMatchObject({ code: 'ENOENT' });
    const again = await openTableVault(optionsOf('taken', key));
    await again.destroy();
    await again.close();
  });
});

test("a tree table that is not the vault's closes it for writing, until it is placed anew in its own", async () => {
  const key = keyFile('mistaken');
  await createVaultTable(clients.tree, 'other-trees');
  const shape = chooseParameters({ records: 40, blockBytes: 32, layout: 'tree' });
  await (await createTableVault(optionsOf('v', key), shape)).close();
  const withVault = async <Value>(options: TableVaultOptions, use: (vault: Vault) => Promise<Value>) => {
    const opened = await openTableVault(options);
    return await use(opened.vault).finally(() => opened.close());
  };
  await expect(
    withVault(optionsOf('v', key, { table: 'other-trees' }), (vault) => vault.get('a')),
  ).rejects.toMatchObject({ code: 'BUCKET_MISSING' });
  const right = optionsOf('v', key);
  await expect(withVault(right, (vault) => vault.get('a'))).rejects.toMatchObject({
    code: 'VAULT_POISONED',
  });
  expect(await withVault(right, (vault) => vault.reshuffle())).toEqual({ kept: 0, lost: 0 });
  expect(await withVault(right, (vault) => vault.get('a'))).toBeUndefined();
});

test('what was half made can be made again or destroyed', async () => {
  const key = keyFile('half');
  const shape = chooseParameters({ records: 40, blockBytes: 32, layout: 'tree' });
  const missing = optionsOf('half', key, { table: 'misspelt' });
  const right = optionsOf('half', key);
  await expect(createTableVault(missing, shape)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  await (await createTableVault(right, shape)).close();
  await expect(createTableVault(missing, shape)).rejects.toMatchObject({ code: 'VAULT_EXISTS' });
  await destroyTableVault(right);

  await expect(createTableVault(missing, shape)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  await destroyTableVault({ ...right, patienceMs: 0 });
  await expect(openTableVault(right)).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
});

describe('a file of keys', () => {
  test('keeps the keys it has', async () => {
    const key = keyFile('several');
    const first = await openOrMakeVaultKey(key, 'first');
    const second = await openOrMakeVaultKey(key, 'second');
    expect((await findVaultKey(key, 'first'))?.equals(first)).toBe(true);
    expect((await openOrMakeVaultKey(key, 'second')).equals(second)).toBe(true);
    expect(first.equals(second)).toBe(false);
    expect((await stat(key)).mode & 0o777).toBe(0o600);
  });

  test('loses none to another process that adds one at the same time', async () => {
    const key = keyFile('together');
    const names = Array.from({ length: 8 }, (_, index) => `vault-${index}`);
    const added = await Promise.allSettled(names.map((name) => openOrMakeVaultKey(key, name)));
    for (const [index, result] of added.entries()) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'VAULT_BUSY' });
      else expect((await findVaultKey(key, names[index]!))?.equals(result.value)).toBe(true);
    }
    expect(added.map(({ status }) => status)).toContain('fulfilled');
    expect(await readdir(directory)).not.toContain('together.json.new');
  });
});
