/** What `tacit tender` shows to parties that want a token, and that it shows it to nobody else. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { generatePartyKeys, loadPartyKeys, partyRecordOf } from '../../auction/party/keys.ts';
import { readTokens } from '../../cli/token-option.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { tacit } from './run.ts';

const SPEC = fileURLToPath(new URL('../../examples/timber-sale/tender.json', import.meta.url));

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

interface Asked {
  readonly party: PartyIndex;
  readonly request: string;
  readonly authorization: string | undefined;
}

let directory: string;
let servers: readonly Server[];
let urls: readonly string[];
let asked: Asked[];
/** What the gateways of the parties answer where a token is asked for; undefined lets everything through. */
let refusal: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-tokens-'));
  servers = await Promise.all(PARTIES.map(partyStub));
  const ports = await Promise.all(servers.map((server) => listenOnLoopback(server, 0)));
  urls = ports.map((port) => `http://127.0.0.1:${port}`);
  for (const party of PARTIES) await writeFile(join(directory, `token-${party}`), `${TOKEN}${party}\n`);
});

beforeEach(() => {
  asked = [];
  refusal = undefined;
});

afterAll(async () => {
  await Promise.all(servers.map(closeServer));
  await rm(directory, { recursive: true, force: true });
});

async function partyStub(party: PartyIndex): Promise<Server> {
  const keys = await loadPartyKeys(
    await generatePartyKeys(party, (bytes) => new Uint8Array(randomBytes(bytes))),
  );
  const answerOf = ({ method, url, headers }: IncomingMessage) => {
    asked.push({ party, request: `${method} ${url}`, authorization: headers.authorization });
    if (method === 'GET') return { status: 200, headers: {}, body: partyRecordOf(keys) };
    const message = { message: 'what API Gateway says' };
    return refusal === undefined
      ? { status: 201, headers: {}, body: { id: 'as-published' } }
      : { ...refusal, body: message };
  };
  return createServer((request, response) => {
    request.resume();
    const { status, headers, body } = answerOf(request);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
}

const tokenFile = (party: PartyIndex) => join(directory, `token-${party}`);

const tender = (command: string, ...args: readonly string[]) =>
  tacit('tender', command, '--dir', directory, '--json', ...urls.flatMap((url) => ['--party', url]), ...args);

const posted = () =>
  asked
    .filter(({ request }) => request.startsWith('POST'))
    .map(({ party, request, authorization }) => [party, request, authorization])
    .sort();

test('a token for each party goes there with what it is for, and nowhere else', async () => {
  const files = ['--token-file', tokenFile(0), '--token-file', 'none', '--token-file', tokenFile(2)];
  const created = await tender('create', '--spec', SPEC, ...files);
  expect(created).toMatchObject({ code: 0, stderr: '' });
  const { id } = JSON.parse(created.stdout) as { id: string };
  const shown = (request: string) => [
    [0, request, `Bearer ${TOKEN}0`],
    [1, request, undefined],
    [2, request, `Bearer ${TOKEN}2`],
  ];
  expect(posted()).toEqual(shown('POST /tenders'));
  expect(asked.filter(({ request }) => request === 'GET /party')).toHaveLength(3);
  for (const { request, authorization } of asked)
    if (request.startsWith('GET')) expect(authorization).toBeUndefined();

  asked = [];
  expect(await tender('close', id, ...files)).toMatchObject({ code: 0 });
  expect(posted()).toEqual(shown(`POST /tenders/${id}/close`));

  asked = [];
  expect(
    await tender('publish', join(directory, 'tenders', `${id}.json`), '--token-file', tokenFile(1)),
  ).toMatchObject({
    code: 0,
  });
  expect(posted().map(([, , authorization]) => authorization)).toEqual(Array(3).fill(`Bearer ${TOKEN}1`));
});

test('a token that is refused is told with the reason, and not shown', async () => {
  const challenge = 'Bearer scope="" error="invalid_token" error_description="the token has expired"';
  refusal = { status: 401, headers: { 'www-authenticate': challenge } };
  const { code, stderr } = await tender('create', '--spec', SPEC, '--token-file', tokenFile(0));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^TENDER_NOT_PUBLISHED: .*party 0: PARTY_TOKEN_REFUSED: .*the token has expired/);
  expect(stderr).toContain('tacit tender publish');
  expect(stderr).not.toContain(TOKEN);
});

test('what is no token, or would be read on the way, is refused before anything is sent', async () => {
  const local = [urls[0]!, urls[1]!, urls[2]!] as const;
  const refused = (files: readonly string[], to: readonly [string, string, string] = local) =>
    readTokens({ tokenFile: files }, to).then(
      () => 'taken',
      (error: Error) => error.message,
    );
  const files = { empty: '', two: `${TOKEN}\n${TOKEN}`, header: `Bearer ${TOKEN}`, long: 'a'.repeat(8193) };
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await writeFile(path, text);
    const message = await refused([path]);
    expect(message).toMatch(/^FILE_UNREADABLE: .* is no token/);
    expect(message).not.toContain(TOKEN);
  }
  expect(await refused([join(directory, 'missing')])).toMatch(/^FILE_UNREADABLE/);
  expect(await refused([tokenFile(0), tokenFile(1)])).toMatch(/^USAGE: name --token-file once/);
  expect(await refused([tokenFile(0)], [local[0], local[1], 'http://party.example'])).toMatch(
    /^USAGE: a token does not go to http:\/\/party\.example/,
  );
  expect(
    await refused([tokenFile(0), 'none', 'none'], ['https://party.example', 'http://b.example', local[2]]),
  ).toBe('taken');
  expect(asked).toEqual([]);
});
