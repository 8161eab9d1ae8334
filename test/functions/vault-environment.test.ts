import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import { parseEnvironment } from '../../functions/environment.ts';
import { readKeySource } from '../../functions/key-source.ts';
import { loadVaultKeys } from '../../functions/vaults.ts';
import { newSigner, random } from './vault-requests.ts';

const key = () => toBase64url(random(32));
const record = (index: number) => ({ index, signingKey: key(), sealingKey: key() });
const party = {
  PARTY_INDEX: '0',
  PARTY_KEYS: 'none',
  CONSORTIUM: JSON.stringify([record(0), record(1), record(2)]),
  STATE_TABLE: 'state',
  OUTBOX_TABLES: '["out0","out1","out2"]',
};
const grant = { vault: 'suppliers', requester: newSigner().publicKey, rights: 'read' };
const vault = {
  VAULT_TREE_TABLE: 'arn:aws:dynamodb:eu-north-1:111111111111:table/tree',
  VAULT_STATE_TABLE: 'vault-state',
  VAULT_KEYS: 'file:/var/task/vault-keys.json',
  VAULT_ACCESS: JSON.stringify([grant]),
};

describe('the environment of a party with vaults', () => {
  test('is read into types', () => {
    expect(parseEnvironment({ ...party, ...vault })).toMatchObject({ ...vault, VAULT_ACCESS: [grant] });
    expect(parseEnvironment(party).VAULT_ACCESS).toBeUndefined();
  });

  test.each(Object.keys(vault))('without %s is refused by its name', (name) => {
    expect(() => parseEnvironment({ ...party, ...vault, [name]: undefined })).toThrow(
      new RegExp(`^CONFIGURATION_INVALID: .*${name}$`),
    );
  });

  test.each([
    ['VAULT_KEYS', 'none'],
    ['VAULT_KEYS', 'hunter2'],
    ['VAULT_ACCESS', 'hunter2'],
    ['VAULT_ACCESS', JSON.stringify([{ ...grant, rights: 'everything' }])],
    ['VAULT_ACCESS', JSON.stringify([{ ...grant, requester: 'hunter2' }])],
    ['VAULT_ACCESS', JSON.stringify([{ ...grant, vault: '../hunter2' }])],
  ])('with a malformed %s is refused without quoting it', (name, value) => {
    const parse = () => parseEnvironment({ ...party, ...vault, [name]: value });
    expect(parse).toThrow(`CONFIGURATION_INVALID: check the environment variables ${name}`);
    expect(parse).not.toThrow('hunter2');
  });
});

describe('a file of vault keys', () => {
  test('is read by the name of each vault', () => {
    const keys = loadVaultKeys({ kind: 'tacit/1 vault keys', keys: { suppliers: key(), patients: key() } });
    expect([...keys.keys()]).toEqual(['suppliers', 'patients']);
    for (const one of keys.values()) expect(one.symmetricKeySize).toBe(32);
  });

  test('that is none is refused without quoting it, wherever it is read', async () => {
    const secret = key();
    for (const json of [
      { kind: 'tacit/1 vault keys', keys: { suppliers: `${secret}A` } },
      { kind: 'tacit/1 party keys', keys: { suppliers: secret } },
      { kind: 'tacit/1 vault keys', keys: { 'a b': secret } },
      [secret],
    ]) {
      expect(() => loadVaultKeys(json)).toThrow(/^CONFIGURATION_INVALID: .*VAULT_KEYS/);
      expect(() => loadVaultKeys(json)).not.toThrow(secret);
    }
    const directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
    try {
      const path = join(directory, 'keys.json');
      await writeFile(path, `{"keys": "${secret}"`);
      const reading = readKeySource(`file:${path}`, 'VAULT_KEYS').catch((error: unknown) => error);
      expect(String(await reading)).toMatch(/CONFIGURATION_INVALID: what VAULT_KEYS names/);
      expect(String(await reading)).not.toContain(secret);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
