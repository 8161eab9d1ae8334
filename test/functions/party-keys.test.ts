/** Keys from a file, from Secrets Manager and from nowhere; asynchronous starts: against servers that speak the APIs. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { generatePartyKeys, loadPartyKeys, partyRecordOf } from '../../auction/party/keys.ts';
import { invokingStarter } from '../../functions/invoking-starter.ts';
import { readPartyKeys } from '../../functions/party-keys.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { random } from './party-host.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:tacit-keys-AbCdEf';
const file = await generatePartyKeys(1, random);
const record = partyRecordOf(await loadPartyKeys(file));

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

let directory: string;
let server: Server;
let seen: Seen[];
let answer: { status: number; body: string };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  seen = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      seen.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' }).end(answer.body);
    });
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', url);
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', url);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await closeServer(server);
  await rm(directory, { recursive: true, force: true });
});

describe('the keys of a party', () => {
  test('come from a file', async () => {
    const path = join(directory, 'keys.json');
    await writeFile(path, JSON.stringify(file));
    expect(partyRecordOf(await readPartyKeys(`file:${path}`, record))).toEqual(record);
    await expect(readPartyKeys(`file:${path}.not`, record)).rejects.toThrow('names no readable file');
  });

  test('come from a secret, asked for by its ARN', async () => {
    answer = { status: 200, body: JSON.stringify({ ARN, SecretString: JSON.stringify(file) }) };
    const keys = await readPartyKeys(`secretsmanager:${ARN}`, record);
    expect(keys.signing.sign(new Uint8Array(3))).toHaveLength(64);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers['x-amz-target']).toBe('secretsmanager.GetSecretValue');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ SecretId: ARN });
  });

  test.each([
    ['a refusal', 400, '{"__type":"AccessDeniedException"}', 'cannot read: check that it has a value'],
    ['no value', 200, '{}', 'holds no key file'],
    ['what a deployment fills it with', 200, '{"SecretString":"hunter2"}', 'holds no key file'],
  ])('are refused by name where the secret has %s', async (_what, status, body, sentence) => {
    answer = { status, body };
    const reading = readPartyKeys(`secretsmanager:${ARN}`, record);
    await expect(reading).rejects.toThrow(/^CONFIGURATION_INVALID/);
    await expect(reading).rejects.toThrow(sentence);
    await expect(reading).rejects.not.toThrow('hunter2');
  });

  test('of another party are refused', async () => {
    const other = partyRecordOf(await loadPartyKeys(await generatePartyKeys(1, random)));
    answer = { status: 200, body: JSON.stringify({ SecretString: JSON.stringify(file) }) };
    await expect(readPartyKeys(`secretsmanager:${ARN}`, other)).rejects.toThrow(
      'not the keys of PARTY_INDEX',
    );
  });

  test('that are none leave the public half, which signs and opens nothing', async () => {
    const keys = await readPartyKeys('none', record);
    expect(partyRecordOf(keys)).toEqual(record);
    expect(() => keys.signing.sign(new Uint8Array(3))).toThrow('CONFIGURATION_INVALID');
    expect(() => keys.sealing.keyPair).toThrow('CONFIGURATION_INVALID');
    expect(seen).toEqual([]);
  });

  test('never reach the log', async () => {
    const logged: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => logged.push(String(chunk)) > 0);
    }
    answer = { status: 200, body: JSON.stringify({ SecretString: JSON.stringify(file) }) };
    await readPartyKeys(`secretsmanager:${ARN}`, record);
    expect(logged).toEqual([]);
  });
});

describe('the starter of clearings on AWS', () => {
  test('invokes the clearing function asynchronously', async () => {
    answer = { status: 202, body: '' };
    await invokingStarter('clear-tender').start('some-tender');
    expect(seen).toMatchObject([{ method: 'POST', path: '/2015-03-31/functions/clear-tender/invocations' }]);
    expect(seen[0]?.headers['x-amz-invocation-type']).toBe('Event');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ tenderId: 'some-tender' });
  });

  test('logs a refusal and goes on, since the next sweep starts it again', async () => {
    const logged: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => logged.push(String(chunk)) > 0);
    answer = { status: 403, body: '{"message":"hunter2"}' };
    await invokingStarter('clear-tender').start('some-tender');
    expect(JSON.parse(logged.join(''))).toMatchObject({
      message: 'a clearing could not be started',
      tenderId: 'some-tender',
    });
    expect(logged.join('')).not.toContain('hunter2');
  });

  test('announces no deadline: the sweep looks every minute', async () => {
    await invokingStarter('clear-tender').startAt('some-tender', 1);
    expect(seen).toEqual([]);
  });
});
