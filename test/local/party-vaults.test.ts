import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  grantVaultAccess,
  openConsortium,
  partyDirectory,
  readPartyConfig,
  vaultKeysFile,
} from '../../local/consortium.ts';
import { provideVault, VAULT_PARTY } from '../../local/party-vaults.ts';
import { PartyProcesses } from '../../local/processes.ts';
import { VaultClient } from '../../local/vault-client.ts';
import { newSigner, text } from '../functions/vault-requests.ts';

const SIZES = { name: 'suppliers', records: 1000, blockBytes: 64 };
const [reader, writer] = [newSigner(), newSigner()];

let directory: string;
let own: string;
let processes: PartyProcesses;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  await openConsortium(directory);
  const recordsFile = join(directory, 'records.csv');
  await writeFile(recordsFile, 'key,value\nLoaded Ltd,"from a file"\n');
  own = partyDirectory(directory, VAULT_PARTY);
  const { parameters, created, records } = await provideVault(directory, { ...SIZES, recordsFile });
  expect([parameters.capacity, parameters.layout, created, records]).toEqual([1000, 'tree', true, 1]);
  await grantVaultAccess(own, { vault: SIZES.name, requester: reader.publicKey, rights: 'read' });
  await grantVaultAccess(own, { vault: SIZES.name, requester: writer.publicKey, rights: 'write' });
  processes = await PartyProcesses.start(directory);
});

afterAll(async () => {
  await processes?.stop();
  await rm(directory, { recursive: true, force: true });
});

function clientOf(requester: typeof reader, party: 0 | 1 = 0): VaultClient {
  const { record, url } = processes.consortium.parties[party];
  return new VaultClient({
    url,
    vault: SIZES.name,
    party: record.signingKey,
    valueBytes: SIZES.blockBytes,
    requester,
  });
}

describe('a vault of a local party', () => {
  test('serves those on its list, each with their rights', async () => {
    expect(await clientOf(reader).get('Loaded Ltd')).toEqual(text('from a file'));
    await clientOf(writer).put('Quarry Ltd', text('no findings'));
    expect(await clientOf(reader).get('Quarry Ltd')).toEqual(text('no findings'));
    await expect(clientOf(reader).delete('Quarry Ltd')).rejects.toMatchObject({ code: 'VAULT_RIGHTS' });
    await expect(clientOf(newSigner()).get('Quarry Ltd')).rejects.toMatchObject({
      code: 'VAULT_REQUESTER_UNKNOWN',
    });
    await expect(clientOf(reader, 1).get('Quarry Ltd')).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
  });

  test('has a key that nobody else may read, in no other file and in no log', async () => {
    const path = vaultKeysFile(own);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const key: string = JSON.parse(await readFile(path, 'utf8')).keys[SIZES.name];
    expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
    for (const file of ['config.json', 'party.log']) {
      expect(await readFile(join(own, file), 'utf8')).not.toContain(key);
    }
  });

  test('survives kill -9 of its party in the middle of a workload: what was acknowledged is there', {
    timeout: 240_000,
  }, async () => {
    const client = clientOf(writer);
    const acknowledged = new Map<string, string>();
    const attempted = new Map<string, string>();
    for (let kill = 0; kill < 2; kill++) {
      let running = true;
      let puts = 0;
      const work = async (worker: number) => {
        for (let index = 0; running; index++) {
          const [key, value] = [`${worker}-${index % 5}`, `${kill}-${index}`];
          attempted.set(key, value);
          await client.put(key, text(value));
          acknowledged.set(key, value);
          puts++;
        }
      };
      const workers = [0, 1, 2].map((worker) => work(worker).catch((error: unknown) => error));
      while (puts < 10 + 7 * kill) await sleep(5);
      await processes.stopParty(0, 'SIGKILL');
      const failures = await Promise.all(workers);
      running = false;
      for (const failure of failures) expect(failure).toMatchObject({ code: 'PARTY_UNREACHABLE' });
      expect(acknowledged.size).toBeGreaterThan(0);
      await processes.startParty(0);
      for (const [key, value] of acknowledged) {
        const found = new TextDecoder().decode(await client.get(key));
        // The last put of each worker was cut off: it may have been done all the same.
        expect([value, attempted.get(key)]).toContain(found);
        acknowledged.set(key, found);
      }
    }
    expect(await client.get('Quarry Ltd')).toEqual(text('no findings'));
  });

  test('is the same again after it was provided again, with its records and its list', async () => {
    await processes.stop();
    // Read where the vault is empty, and not over what has changed since.
    const recordsFile = join(directory, 'nowhere.csv');
    const config = await readPartyConfig(own);
    expect(await provideVault(directory, { ...SIZES, records: 9_999, recordsFile })).toMatchObject({
      created: false,
      parameters: { capacity: 1000 },
    });
    expect(await readPartyConfig(own)).toEqual(config);
    await grantVaultAccess(own, { vault: SIZES.name, requester: writer.publicKey, rights: 'read' });
    expect((await readPartyConfig(own)).vaultAccess).toHaveLength(2);
    processes = await PartyProcesses.start(directory);
    expect(await clientOf(reader).get('Quarry Ltd')).toEqual(text('no findings'));
    await expect(clientOf(writer).delete('Quarry Ltd')).rejects.toMatchObject({ code: 'VAULT_RIGHTS' });
  });
});
