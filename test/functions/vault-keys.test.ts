/** A function that serves a vault whose operator changes the key: it goes on with the new one, once that is where it looks. */

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../functions/system-clock.ts';
import { OpenVaults, type VaultKeys } from '../../functions/vaults.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { createVault, openVault, type VaultOptions } from '../../oram/open-vault.ts';
import { chooseParameters } from '../../oram/parameters.ts';
import { createDynamodbStore, createVaultTable } from '../../oram/stores/dynamodb.ts';
import type { Vault } from '../../oram/vault.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';

const TABLES = { tree: 'trees', state: 'states' } as const;

let dynamodb: LocalDynamodb;
let name: string;
let key: KeyObject;
let vaults: OpenVaults;
/** Where the operator puts the keys; how often they were read again, and what that ends with. */
let kept: VaultKeys;
let readings: number;
let nowMs: number;
let made = 0;

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
  for (const table of Object.values(TABLES)) await createVaultTable(dynamodb.client, table);
});

afterAll(() => dynamodb.close());

const newKey = () => createSecretKey(randomBytes(32));
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();
const get = (vault: Vault) => vault.get('a').then(text);

function options(withKey: KeyObject): VaultOptions {
  const store = (tableName: string) =>
    createDynamodbStore({ client: dynamodb.client, tableName, clock: systemClock });
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  return {
    name,
    key: withKey,
    tree: store(TABLES.tree),
    state: store(TABLES.state),
    clock: systemClock,
    random,
  };
}

beforeEach(async () => {
  name = `vault-${made++}`;
  key = newKey();
  [kept, readings, nowMs] = [new Map([[name, key]]), 0, 1_000];
  const vault = await createVault(
    options(key),
    chooseParameters({ records: 40, blockBytes: 32, layout: 'tree' }),
  );
  await vault.put('a', Buffer.from('kept'));
  await vault.close();
  const table = (tableName: string) => ({ client: dynamodb.client, tableName });
  vaults = new OpenVaults({
    keys: kept,
    readKeys: async () => {
      readings += 1;
      return kept;
    },
    tree: table(TABLES.tree),
    state: table(TABLES.state),
    clock: { ...systemClock, now: () => toEpochMs(nowMs) },
  });
});

/** What the operator's command does. */
async function changeKey(): Promise<KeyObject> {
  const next = newKey();
  const vault = await openVault(options(key));
  await vault.reshuffle({ newKey: next });
  await vault.close();
  return next;
}

test('a warm environment goes on under the new key, requests at the same time as well', async () => {
  expect(await vaults.use(name, get)).toBe('kept');
  kept = new Map([[name, await changeKey()]]);
  nowMs += 60_000;
  const requests = Array.from({ length: 4 }, () => vaults.use(name, get));
  expect(await Promise.all(requests)).toEqual(['kept', 'kept', 'kept', 'kept']);
  expect(readings).toBe(1);
  await vaults.use(name, (vault) => vault.put('a', Buffer.from('changed')));
  expect(await vaults.use(name, get)).toBe('changed');
});

test('while the new key is nowhere it is refused, and asked for every ten seconds at most', async () => {
  expect(await vaults.use(name, get)).toBe('kept');
  const next = await changeKey();
  for (let request = 0; request < 5; request++) {
    nowMs += 5_000;
    await expect(vaults.use(name, get)).rejects.toMatchObject({ code: 'VAULT_KEY' });
  }
  expect(readings).toBe(2);
  kept = new Map([[name, next]]);
  nowMs += 10_000;
  expect(await vaults.use(name, get)).toBe('kept');
});

test('other failures read no secret', async () => {
  await expect(vaults.use('unknown', get)).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
  const failing = vaults.use(name, () => Promise.reject(new Error('of the work')));
  await expect(failing).rejects.toThrow('of the work');
  expect(readings).toBe(0);
});
