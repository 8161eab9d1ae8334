import { mkdtemp, readFile, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openConsortium, partyDirectory, readConsortium, readPartyConfig } from '../../local/consortium.ts';
import { PARTIES } from '../../mpc/party.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('a local consortium', () => {
  test('is laid out once and stays as it is', async () => {
    expect(await readConsortium(directory)).toBeUndefined();
    const first = await openConsortium(directory);
    expect(await openConsortium(directory)).toEqual(first);
    expect(await readConsortium(directory)).toEqual(first);
  });

  test('keeps secret keys in files of their own that nobody else may read', async () => {
    const consortium = await openConsortium(directory);
    const publicText = await readFile(join(directory, 'consortium.json'), 'utf8');
    for (const party of PARTIES) {
      const path = join(partyDirectory(directory, party), 'keys.json');
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const keys = JSON.parse(await readFile(path, 'utf8'));
      expect(keys.signing.publicKey).toBe(consortium.parties[party].record.signingKey);
      const config = await readFile(join(partyDirectory(directory, party), 'config.json'), 'utf8');
      for (const text of [publicText, config]) {
        expect(text).not.toContain(keys.signing.secretKey);
        expect(text).not.toContain(keys.sealing.secretKey);
      }
    }
  });

  test('uses the ports asked for', async () => {
    const { parties } = await openConsortium(directory, { port: 14_700 });
    expect(parties.map(({ url }) => url)).toEqual(
      PARTIES.map((party) => `http://127.0.0.1:${14_700 + party}`),
    );
    const config = await readPartyConfig(partyDirectory(directory, 2));
    expect([config.httpPort, config.dynamodbPort]).toEqual([14_702, 14_712]);
  });

  test('takes ports that differ, and that no outgoing connection could have while a party is down', async () => {
    const { parties } = await openConsortium(directory);
    const ports = parties.flatMap(({ url, dynamodbEndpoint }) =>
      [url, dynamodbEndpoint].map((address) => Number(new URL(address).port)),
    );
    expect(new Set(ports).size).toBe(6);
    expect(Math.max(...ports)).toBeLessThan(32_768);
    expect(Math.min(...ports)).toBeGreaterThan(1_023);
  });

  test('keeps keys that an interrupted layout left behind', async () => {
    const before = await openConsortium(directory);
    await unlink(join(directory, 'consortium.json'));
    const after = await openConsortium(directory);
    expect(after.parties.map(({ record }) => record)).toEqual(before.parties.map(({ record }) => record));
  });
});
