/** One party's client against servers that are no honest party. */

import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { PartyClient, type PartyClientError } from '../../client/party-client.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map(closeServer));
});

/** Answers each path and query with JSON; keeps what was asked. */
async function party(answer: (path: string) => unknown): Promise<{ client: PartyClient; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(url)));
  });
  servers.push(server);
  const client = new PartyClient(`http://127.0.0.1:${await listenOnLoopback(server, 0)}`, { tries: 1 });
  return { client, asked };
}

const idOf = (letter: string) => `${letter.repeat(42)}A`;

async function listed(client: PartyClient): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const id of client.tenders()) ids.push(id);
  return ids;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: PartyClientError) => error.code,
  );

describe('the list of tenders', () => {
  test('is read page by page', async () => {
    const pages: Record<string, unknown> = {
      '/tenders': { tenders: [idOf('a'), idOf('b')], next: idOf('b') },
      [`/tenders?after=${idOf('b')}`]: { tenders: [], next: idOf('c') },
      [`/tenders?after=${idOf('c')}`]: { tenders: [idOf('d')] },
    };
    const { client, asked } = await party((path) => pages[path]);
    expect(await listed(client)).toEqual([idOf('a'), idOf('b'), idOf('d')]);
    expect(asked).toEqual(Object.keys(pages));
    await client.tenderPage(idOf('c'), 7).catch(() => {});
    expect(asked.at(-1)).toBe(`/tenders?after=${idOf('c')}&limit=7`);
  });

  test('ends where a party would go round in circles', async () => {
    const { client, asked } = await party(() => ({ tenders: [idOf('a')], next: idOf('a') }));
    expect(await codeOf(listed(client))).toBe('PARTY_ANSWER_MALFORMED');
    expect(asked.length).toBeLessThan(4);
  });

  test.each([
    [{ tenders: 'all' }],
    [{ tenders: ['short'] }],
    [{ tenders: Array.from({ length: 101 }, () => idOf('a')) }],
    [{ tenders: [], next: '../party' }],
  ])('is refused as %j', async (answer) => {
    const { client } = await party(() => answer);
    expect(await codeOf(client.tenderPage())).toBe('PARTY_ANSWER_MALFORMED');
  });
});

describe('the status', () => {
  const status = {
    protocol: 'tacit/1',
    index: 2,
    now: 1_800_000_000_000,
    stateAnswers: true,
    outboxes: {
      lookedAt: 1_800_000_000_000,
      parties: [
        { answeredAt: 1_800_000_000_000, failures: 0 },
        { failures: 1, code: 'CHANNEL_UNAVAILABLE' },
        { answeredAt: 1_799_999_999_000, failures: 2, code: 'CHANNEL_REFUSED' },
      ],
    },
  };

  test('is read, with whatever a later version adds', async () => {
    const { client } = await party(() => ({ ...status, uptime: 5 }));
    expect(await client.status()).toEqual(status);
  });

  test.each([
    { now: -1 },
    { index: 3 },
    { protocol: 'tacit/2' },
    { outboxes: { lookedAt: 0, parties: [] } },
    { outboxes: { lookedAt: 0, parties: [{}, {}, {}] } },
  ])('is refused with %j', async (wrong) => {
    const { client } = await party(() => ({ ...status, ...wrong }));
    expect(await codeOf(client.status())).toBe('PARTY_ANSWER_MALFORMED');
  });
});
