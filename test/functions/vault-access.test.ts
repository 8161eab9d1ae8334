import { hash } from 'node:crypto';
import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { problemOf } from '../../functions/problem-details.ts';
import type { VaultRequest } from '../../functions/vault-request.ts';
import { VaultClient } from '../../local/vault-client.ts';
import { OramError } from '../../oram/errors.ts';
import { type PartyHost, post, startPartyHost } from './party-host.ts';
import { STATE_TABLE, startVaultHost, TREE_TABLE, VALUE_BYTES, type VaultHost } from './vault-host.ts';
import { newSigner, requestFor, resigned, text } from './vault-requests.ts';

let host: VaultHost;
let server: PartyHost;
let lines: string[];
let named = 0;

beforeAll(async () => {
  host = await startVaultHost();
  server = await startPartyHost(host.environment());
});

afterAll(async () => {
  await server.close();
  await host.close();
});

beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A new vault, and clients of it. */
async function newVault(...sizes: readonly Parameters<VaultHost['provide']>[1][]) {
  const vault = `vault-${++named}`;
  await host.provide(vault, ...sizes);
  return { vault, ...clientsOf(vault) };
}

function clientsOf(vault: string, url = server.url) {
  const facts = { url, vault, party: host.party, valueBytes: VALUE_BYTES };
  return {
    reader: new VaultClient({ ...facts, requester: host.reader }),
    writer: new VaultClient({ ...facts, requester: host.writer }),
  };
}

const operationsOf = (vault: string) => `${server.url}/vaults/${vault}/operations`;

describe('a vault behind HTTP', () => {
  test('gives back what was put, and no longer what was deleted', async () => {
    const { reader, writer } = await newVault();
    expect(await reader.get('Quarry Ltd')).toBeUndefined();
    await writer.put('Quarry Ltd', text('no findings'));
    expect(await reader.get('Quarry Ltd')).toEqual(text('no findings'));
    expect(await reader.has('Quarry Ltd')).toBe(true);
    await writer.put('Quarry Ltd', new Uint8Array());
    expect(await reader.get('Quarry Ltd')).toEqual(new Uint8Array());
    expect(await writer.delete('Quarry Ltd')).toBe(true);
    expect(await writer.delete('Quarry Ltd')).toBe(false);
    expect(await reader.has('Quarry Ltd')).toBe(false);
  });

  test('serves eight operations in their order, as one access', async () => {
    const { writer } = await newVault();
    const results = await writer.batch([
      { kind: 'put', key: 'a', value: text('1') },
      { kind: 'get', key: 'a' },
      { kind: 'put', key: 'a', value: text('2') },
      { kind: 'get', key: 'a' },
      { kind: 'delete', key: 'a' },
      { kind: 'has', key: 'a' },
      { kind: 'dummy' },
      { kind: 'get', key: 'b' },
    ]);
    expect(results.map(({ found, value }) => [found, value && new TextDecoder().decode(value)])).toEqual([
      [false, undefined],
      [true, '1'],
      [false, undefined],
      [true, '2'],
      [true, undefined],
      [false, undefined],
      [false, undefined],
      [false, undefined],
    ]);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ operations: 8, epochs: 1 });
  });

  test('that is full says so inside an answer like any other, and serves the rest', async () => {
    const { vault, reader, writer } = await newVault({ records: 2, blockBytes: VALUE_BYTES });
    await writer.put('a', text('1'));
    await writer.put('b', text('2'));
    await expect(writer.put('c', text('3'))).rejects.toMatchObject({ code: 'VAULT_FULL' });
    const results = await writer.batch([
      { kind: 'put', key: 'c', value: text('3') },
      { kind: 'put', key: 'a', value: text('4') },
    ]);
    expect(results).toEqual([{ found: false, refused: 'VAULT_FULL' }, { found: false }]);
    expect(await reader.get('a')).toEqual(text('4'));
    const facts = { vault, party: host.party, requester: host.writer, valueBytes: VALUE_BYTES };
    const refused = await shapeOfAnswer(
      vault,
      requestFor(facts, { kind: 'put', key: 'c', value: text('3') }),
    );
    expect(refused).toEqual(await shapeOfAnswer(vault, requestFor(facts, { kind: 'get', key: 'a' })));
  });

  test('is unknown where the party has none of this name, or none at all', async () => {
    const bare = await startPartyHost();
    try {
      for (const url of [server.url, bare.url]) {
        await expect(clientsOf('nowhere', url).reader.get('a')).rejects.toMatchObject({
          code: 'VAULT_UNKNOWN',
          status: 404,
        });
      }
      expect((await post(`${bare.url}/vaults/nowhere/operations`, { any: 'thing' })).status).toBe(404);
    } finally {
      await bare.close();
    }
  });
});

/** Everything of an answer that somebody sees who cannot read it: status, headers' lengths and body's length. */
async function shapeOfAnswer(vault: string, request: VaultRequest) {
  const response = await fetch(operationsOf(vault), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const body = await response.text();
  const headers = [...response.headers].map(([name, value]) => [name, value.length]);
  return { status: response.status, headers, length: body.length };
}

describe('who watches the connection', () => {
  test('sees the same lengths for every operation, found or not', async () => {
    const { vault, writer } = await newVault();
    await writer.put('there', new Uint8Array(VALUE_BYTES).fill(65));
    const facts = { vault, party: host.party, requester: host.writer, valueBytes: VALUE_BYTES };
    const operations = [
      { kind: 'get', key: 'there' },
      { kind: 'get', key: 'not there' },
      { kind: 'has', key: 'there' },
      { kind: 'put', key: 'k'.repeat(1024), value: new Uint8Array(VALUE_BYTES) },
      { kind: 'put', key: 'there', value: new Uint8Array() },
      { kind: 'delete', key: 'there' },
      { kind: 'delete', key: 'there' },
      { kind: 'dummy' },
    ] as const;
    const requests = operations.map((operation) => requestFor(facts, operation));
    expect(new Set(requests.map((request) => JSON.stringify(request).length)).size).toBe(1);
    const shapes = [];
    for (const request of requests) shapes.push(await shapeOfAnswer(vault, request));
    for (const shape of shapes) expect(shape).toEqual(shapes[0]);
    expect(shapes[0]).toMatchObject({ status: 200 });
  });
});

describe('an operator who reads the log', () => {
  test('finds counts and units of an access, and nothing of what was asked', async () => {
    const { vault, writer } = await newVault();
    await writer.put('Quarry Ltd', text('no findings'));
    await writer.get('Quarry Ltd');
    await expect(clientsOf(vault).reader.delete('Quarry Ltd')).rejects.toMatchObject({
      code: 'VAULT_RIGHTS',
    });
    const log = lines.map((line) => JSON.parse(line));
    expect(log).toHaveLength(2);
    expect(Object.keys(log[0]).sort()).toEqual(
      [
        ...['level', 'message', 'timestamp', 'service', 'functionName', 'requestId'],
        ...['vault', 'operations', 'durationMs', 'epochs', 'readUnits', 'writeUnits'],
      ].sort(),
    );
    expect(lines.join('')).not.toMatch(/Quarry|findings|put|delete|"get"/);
  });

  test('sees a warm environment keep the vault open from one request to the next', async () => {
    const { vault, writer } = await newVault();
    for (let asked = 0; asked < 4; asked++) {
      await writer.get('a');
      // A refusal is no reason to open it anew.
      const facts = { vault, party: host.party, requester: host.writer, valueBytes: VALUE_BYTES + 1 };
      expect((await post(operationsOf(vault), requestFor(facts, { kind: 'dummy' }))).status).toBe(422);
    }
    const log = lines.map((line) =>
      z.parse(z.object({ epochs: z.int(), writeUnits: z.int() }), JSON.parse(line)),
    );
    expect(log.map(({ epochs }) => epochs)).toEqual([1, 2, 3, 4]);
    // Counted since the vault was opened, and every access of a tree costs the same.
    const [first = 0] = log.map(({ writeUnits }) => writeUnits);
    expect(first).toBeGreaterThan(0);
    expect(log.map(({ writeUnits }) => writeUnits)).toEqual([first, 2 * first, 3 * first, 4 * first]);
  });
});

describe('a request that is not to be served', () => {
  test('is refused with its code before the vault is touched', async () => {
    const { vault, writer } = await newVault();
    await writer.put('a', text('1'));
    const other = await newVault();
    const before = await digestOfTables();
    const facts = { vault, party: host.party, requester: host.writer, valueBytes: VALUE_BYTES };
    const change = { kind: 'put', key: 'a', value: text('2') } as const;
    const request = requestFor(facts, change);
    const { signature: _, ...unsigned } = request;
    const attacks = [
      [unsigned, 400, 'VAULT_REQUEST_MALFORMED'],
      [{ ...request, requester: host.reader.publicKey }, 401, 'VAULT_REQUEST_SIGNATURE'],
      [requestFor({ ...facts, requester: newSigner() }, change), 403, 'VAULT_REQUESTER_UNKNOWN'],
      [requestFor({ ...facts, requester: host.reader }, change), 403, 'VAULT_RIGHTS'],
      [requestFor({ ...facts, vault: other.vault }, change), 422, 'VAULT_REQUEST_OTHER_VAULT'],
      [requestFor({ ...facts, party: newSigner().publicKey }, change), 422, 'VAULT_REQUEST_OTHER_PARTY'],
      [resigned(request, { issuedAt: Date.now() - 121_000 }, host.writer), 401, 'VAULT_REQUEST_EXPIRED'],
      [resigned(request, { issuedAt: Date.now() + 121_000 }, host.writer), 401, 'VAULT_REQUEST_EXPIRED'],
      [requestFor({ ...facts, valueBytes: VALUE_BYTES + 1 }, change), 422, 'VAULT_REQUEST_LENGTH'],
      [resigned(request, { padding: '' }, host.writer), 422, 'VAULT_REQUEST_LENGTH'],
      ['not a document', 400, 'BODY_MALFORMED'],
      [`"${'x'.repeat(4 * 1024 * 1024)}"`, 413, 'BODY_TOO_LARGE'],
    ] as const;
    for (const [attack, status, code] of attacks) {
      const { body } = await post(operationsOf(vault), attack);
      expect([body['code'], body['status']]).toEqual([code, status]);
    }
    expect(await digestOfTables()).toBe(before);
    expect(await writer.get('a')).toEqual(text('1'));
  });

  test('is one that was served before, which would undo what came after it', async () => {
    const { vault, writer } = await newVault();
    const facts = { vault, party: host.party, requester: host.writer, valueBytes: VALUE_BYTES };
    const recorded = requestFor(facts, { kind: 'put', key: 'a', value: text('old') });
    expect((await post(operationsOf(vault), recorded)).status).toBe(200);
    await writer.put('a', text('new'));
    for (let time = 0; time < 2; time++) {
      expect(await post(operationsOf(vault), recorded)).toMatchObject({
        status: 409,
        type: 'application/problem+json',
        body: { code: 'VAULT_REQUEST_REPLAYED' },
      });
    }
    // Another environment knows the nonce too.
    const elsewhere = await startPartyHost(host.environment());
    try {
      expect((await post(`${elsewhere.url}/vaults/${vault}/operations`, recorded)).status).toBe(409);
    } finally {
      await elsewhere.close();
    }
    expect(await writer.get('a')).toEqual(text('new'));
  });

  test('of which many copies arrive at once is served once', async () => {
    const { vault } = await newVault();
    const facts = { vault, party: host.party, requester: host.writer, valueBytes: VALUE_BYTES };
    const request = requestFor(facts, { kind: 'put', key: 'a', value: text('1') });
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(operationsOf(vault), request)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
  });
});

describe('a table that was altered', () => {
  test('is an error of the server without facts, and the vault is then poisoned', async () => {
    const { reader, writer } = await newVault();
    await writer.put('a', text('1'));
    await alter(TREE_TABLE);
    const refused = await reader.get('a').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: expect.stringMatching(/^BUCKET_/), status: 500, facts: {} });
    await expect(writer.put('a', text('2'))).rejects.toMatchObject({ code: 'VAULT_POISONED', status: 500 });
    expect(lines.map((line) => JSON.parse(line)['code'])).toContain('VAULT_POISONED');
  });

  test('is served again, by the same environment, after its operator placed everything anew', async () => {
    const { vault, reader, writer } = await newVault();
    await writer.put('a', text('1'));
    await alter(TREE_TABLE);
    await expect(reader.get('a')).rejects.toMatchObject({ status: 500 });
    const operator = await host.open(vault);
    expect(await operator.reshuffle({ acceptLoss: true })).toMatchObject({ kept: expect.any(Number) });
    await operator.close();
    await writer.put('b', text('2'));
    expect(await reader.get('b')).toEqual(text('2'));
  });

  test('is served again after it was destroyed and made anew', async () => {
    const { vault, reader, writer } = await newVault();
    await writer.put('a', text('1'));
    const operator = await host.open(vault);
    await operator.destroy();
    await expect(reader.get('a')).rejects.toMatchObject({ code: 'VAULT_UNKNOWN', status: 404 });
    await host.remake(vault);
    expect(await reader.get('a')).toBeUndefined();
    await writer.put('a', text('2'));
    expect(await reader.get('a')).toEqual(text('2'));
  });

  test('gives its facts to the operator alone', () => {
    const facts = { bucket: 3 };
    const problem = problemOf(new OramError('BUCKET_STALE', 'bucket 3 has version 2', facts), 'request');
    expect(problem).toMatchObject({ code: 'BUCKET_STALE', status: 500 });
    expect(JSON.stringify(problem)).not.toMatch(/3|bucket 3|"facts"/);
    const full = problemOf(new OramError('VAULT_UNKNOWN', 'no vault here', { vault: 'v' }), 'request');
    expect(full).toMatchObject({ status: 404, detail: 'no vault here', facts: { vault: 'v' } });
  });
});

/** Of all items but nonces, which any request by somebody listed may leave. */
async function digestOfTables(): Promise<string> {
  const scans = [TREE_TABLE, STATE_TABLE].map((TableName) =>
    host.dynamodb.client.send(new ScanCommand({ TableName, ConsistentRead: true })),
  );
  const items = (await Promise.all(scans)).flatMap(({ Items = [] }) => Items);
  const texts = items.filter((item) => item['sk']?.S !== 'nonce').map((item) => JSON.stringify(item));
  return hash('sha256', texts.sort().join());
}

/** Flips a bit of every item in the table. */
async function alter(TableName: string): Promise<void> {
  const { Items: items = [] } = await host.dynamodb.client.send(new ScanCommand({ TableName }));
  const altered = items.map((item): Record<string, AttributeValue> => {
    const bytes = new Uint8Array(item['d']?.B ?? []);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    return { ...item, d: { B: bytes } };
  });
  await Promise.all(
    altered.map((Item) => host.dynamodb.client.send(new PutItemCommand({ TableName, Item }))),
  );
}
