/** Pages of other origins, against a real server: what a browser would let them read. */

import type { Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createShowOpenApiHandler } from '../../functions/show-openapi/show-openapi.handler.ts';
import { createApiServer, type HttpHandlers } from '../../local/event-adapter.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';

const PAGE = 'https://bids.example';
const STRANGER = 'https://elsewhere.example';

let server: Server | undefined;

afterEach(async () => {
  if (server !== undefined) await closeServer(server);
  server = undefined;
});

async function host(...allowed: readonly string[]): Promise<string> {
  const handler = createShowOpenApiHandler();
  const handlers = new Proxy({}, { get: () => handler }) as HttpHandlers;
  server = createApiServer(handlers, allowed);
  return `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
}

const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

describe('pages of other origins', () => {
  test('may read nothing where no list was given', async () => {
    const url = await host();
    const answer = await fetch(`${url}/openapi.json`, { headers: { origin: PAGE } });
    expect([answer.status, corsOf(answer), answer.headers.get('vary')]).toEqual([200, {}, null]);
    expect(
      (await fetch(`${url}/openapi.json`, { method: 'OPTIONS', headers: { origin: PAGE } })).status,
    ).toBe(405);
  });

  test('may read answers and problems where their origin is on the list, and no other origin may', async () => {
    const url = await host('https://other.example', PAGE);
    for (const path of ['/openapi.json', '/nothing']) {
      const allowed = await fetch(`${url}${path}`, { headers: { origin: PAGE } });
      expect(corsOf(allowed)).toEqual({ 'access-control-allow-origin': PAGE });
      for (const headers of [{ origin: STRANGER }, { origin: `${PAGE}:8443` }, { origin: 'null' }, {}]) {
        const refused = await fetch(`${url}${path}`, { headers });
        expect(corsOf(refused)).toEqual({});
        expect(refused.headers.get('vary')).toBe('origin');
      }
    }
  });

  test('are told beforehand what they may send', async () => {
    const url = await host(PAGE);
    const ask = (origin: string) =>
      fetch(`${url}/tenders`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
    const allowed = await ask(PAGE);
    expect([allowed.status, corsOf(allowed)]).toEqual([
      204,
      {
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'content-type',
      },
    ]);
    const refused = await ask(STRANGER);
    expect([refused.status, corsOf(refused)]).toEqual([204, {}]);
  });
});
