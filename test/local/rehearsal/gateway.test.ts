/**
 * The rehearsal's API Gateway, with the routes, throttles and authoriser that a party's template declares and a clock that
 * the test moves; functions here only tell what they were asked.
 */

import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tenderIdOf } from '../../../auction/tender.ts';
import { PartyClient } from '../../../client/party-client.ts';
import { Gateway } from '../../../local/rehearsal/gateway.ts';
import { readAssembly, type StackTemplate } from '../../../local/rehearsal/template.ts';
import type { DeployedConsortium } from './consortium-assembly.ts';
import { signTender } from './deployed-world.ts';
import { AUDIENCE, ISSUER, threeOperators } from './three-operators.ts';
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

const SYNTHESIS_TIMEOUT_MS = 180_000;

const HOUR_MS = 60 * 60 * 1000;

let consortium: DeployedConsortium;
let stack: StackTemplate;
let issuer: TokenIssuer;
let gateway: Gateway;
let url: string;
let nowMs: number;
let failing: Error | undefined;
/** Events that reached a function. */
let asked: Event[];

interface Event {
  readonly routeKey: string;
  readonly requestContext: { readonly authorizer?: unknown };
}

beforeAll(async () => {
  consortium = await threeOperators();
  stack = readAssembly(consortium.assembly)[0]!;
}, SYNTHESIS_TIMEOUT_MS);

beforeEach(async () => {
  nowMs = Date.parse('2027-03-01T12:00:00Z');
  asked = [];
  failing = undefined;
  issuer = await startTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, now: () => nowMs / 1000 });
  gateway = new Gateway({
    issuers: new Map([[ISSUER, issuer.url]]),
    now: () => nowMs,
    mayInvoke: () => 'allowed',
    invoke: async (_functionArn, event) => {
      if (failing !== undefined) throw failing;
      asked.push(event as Event);
      return { statusCode: 201, body: JSON.stringify({ id: 'taken' }) };
    },
    onFailed: () => {},
  });
  gateway.deploy(stack);
  url = await gateway.start();
});

afterEach(async () => {
  await gateway.stop();
  await issuer.stop();
});

afterAll(() => consortium?.dispose());

async function publish(authorization?: string) {
  const response = await fetch(`${url}/tenders`, {
    method: 'POST',
    body: '{}',
    headers: {
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
    },
  });
  const challenge = response.headers.get('www-authenticate');
  return { status: response.status, body: await response.json(), challenge };
}

describe('a route with an authoriser', () => {
  test('lets a good token through, after Bearer or alone, and gives its claims to the function', async () => {
    expect(await publish(`Bearer ${issuer.token()}`)).toMatchObject({ status: 201 });
    expect(await publish(issuer.token({ aud: ['other', AUDIENCE], groups: ['a', 'b'] }))).toMatchObject({
      status: 201,
    });
    expect(await publish(`Bearer ${issuer.token({ aud: undefined, client_id: AUDIENCE })}`)).toMatchObject({
      status: 201,
    });
    const issuedAt = String(nowMs / 1000 - 1);
    expect(asked.map(({ requestContext: { authorizer } }) => authorizer)).toMatchObject([
      { jwt: { claims: { iss: ISSUER, aud: AUDIENCE, sub: 'auctioneer', iat: issuedAt }, scopes: null } },
      { jwt: { claims: { aud: `[other ${AUDIENCE}]`, groups: '[a b]' } } },
      { jwt: { claims: { client_id: AUDIENCE } } },
    ]);
    expect(issuer.fetched()).toBe(1);
  });

  const seconds = () => nowMs / 1000;
  test.each<readonly [string, () => string | undefined, string]>([
    ['none', () => undefined, 'there is no token'],
    ['no JWT', () => 'Bearer secret', 'the token is no JWT'],
    ['one of another audience', () => issuer.token({ aud: 'other' }), 'does not have a valid audience'],
    [
      'one whose client is meant, but not its audience',
      () => issuer.token({ aud: 'other', client_id: AUDIENCE }),
      'valid audience',
    ],
    ['one of another issuer', () => issuer.token({ iss: 'https://elsewhere.example' }), 'has another issuer'],
    ['one that has expired', () => issuer.token({ exp: seconds() }), 'has expired'],
    ['one that never expires', () => issuer.token({ exp: undefined }), 'is no JWT'],
    ['one that is not valid yet', () => issuer.token({ nbf: seconds() + 1 }), 'not valid yet'],
    ['one that was issued in the future', () => issuer.token({ iat: seconds() + 1 }), 'in the future'],
    ['one signed by another key', () => issuer.forged(), 'the signature is wrong'],
    ['one of a key that the issuer does not list', () => issuer.token({}, { kid: 'second' }), 'no such key'],
    ['one that is not signed', () => issuer.token({}, { alg: 'none' }), 'none of RSA'],
    ['one with a shared secret', () => issuer.token({}, { alg: 'HS256' }), 'none of RSA'],
    [
      'one that was altered',
      () => issuer.token().replace(/\.[^.]+\./, `.${issuer.token({ sub: 'x' }).split('.')[1]}.`),
      'wrong',
    ],
  ])('refuses %s', async (_what, token, reason) => {
    expect(await publish(token())).toEqual({
      status: 401,
      body: { message: 'Unauthorized' },
      challenge: expect.stringContaining(reason),
    });
    expect(asked).toEqual([]);
  });

  test('that asks for a scope takes a token with one of them', async () => {
    const scoped = stack.resources.map((resource) =>
      resource.type === 'AWS::ApiGatewayV2::Route' && resource.properties['AuthorizationType'] === 'JWT'
        ? { ...resource, properties: { ...resource.properties, AuthorizationScopes: ['publish', 'all'] } }
        : resource,
    );
    gateway.deploy({ ...stack, resources: scoped });
    expect(await publish(issuer.token({ scope: 'read publish' }))).toMatchObject({ status: 201 });
    expect(await publish(issuer.token({ scp: ['all'] }))).toMatchObject({ status: 201 });
    expect(await publish(issuer.token({ scope: 'published' }))).toEqual({
      status: 403,
      body: { message: 'Forbidden' },
      challenge: expect.stringContaining('insufficient_scope'),
    });
    expect(asked[0]?.requestContext.authorizer).toMatchObject({ jwt: { scopes: ['read', 'publish'] } });
  });

  test('keeps the keys of the issuer for two hours, and refuses all while it cannot get them', async () => {
    expect((await publish(issuer.token())).status).toBe(201);
    nowMs += 2 * HOUR_MS - 1;
    expect((await publish(issuer.token())).status).toBe(201);
    expect(issuer.fetched()).toBe(1);
    nowMs += 1;
    expect((await publish(issuer.token())).status).toBe(201);
    expect(issuer.fetched()).toBe(2);
    nowMs += 2 * HOUR_MS;
    const last = issuer.token();
    await issuer.stop();
    expect((await publish(last)).status).toBe(401);
    issuer = await startTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, now: () => nowMs / 1000 });
  });

  test('is one of the two of the auctioneer: whoever bids or reads needs no token', async () => {
    const id = 'a'.repeat(43);
    const ask = async (method: string, path: string) =>
      (await fetch(`${url}${path}`, { method, ...(method === 'POST' ? { body: '{}' } : {}) })).status;
    expect(await ask('POST', `/tenders/${id}/close`)).toBe(401);
    expect(await ask('POST', `/tenders/${id}/submissions`)).toBe(201);
    for (const path of ['/party', '/status', '/tenders', `/tenders/${id}`, `/tenders/${id}/outcome`])
      expect([path, await ask('GET', path)]).toEqual([path, 201]);
  });
});

describe('a throttle', () => {
  const times = async (count: number, ask: () => Promise<number>) => {
    const statuses: number[] = [];
    for (let index = 0; index < count; index++) statuses.push(await ask());
    return statuses;
  };
  const list = async () => (await fetch(`${url}/tenders`)).status;

  test('of an auctioneer passes five at once and two a second, tokens or not', async () => {
    const token = issuer.token();
    const ask = async () => (await publish(token)).status;
    expect(await times(6, ask)).toEqual([201, 201, 201, 201, 201, 429]);
    expect(await publish(token)).toMatchObject({ status: 429, body: { message: 'Too Many Requests' } });
    nowMs += 499;
    expect(await ask()).toBe(429);
    nowMs += 1;
    expect(await times(2, ask)).toEqual([201, 429]);
    nowMs += 60_000;
    expect(await times(6, ask)).toEqual([201, 201, 201, 201, 201, 429]);
  });

  test('of the other routes passes a hundred at once and fifty a second, each route by itself', async () => {
    expect(await times(101, list)).toEqual([...Array<number>(100).fill(201), 429]);
    expect((await fetch(`${url}/party`)).status).toBe(201);
    nowMs += 20;
    expect(await times(2, list)).toEqual([201, 429]);
  });
});

describe('a client', () => {
  const pauses: number[] = [];
  /** Time passes while it waits, and at no other time. */
  const clientWith = (token: string | undefined, options: { throttledTries?: number } = {}) =>
    new PartyClient(url, {
      tries: 1,
      token,
      pause: async (ms) => {
        pauses.push(ms);
        nowMs += ms;
      },
      ...options,
    });
  const tender = () => signTender(consortium.parties, new Uint8Array(randomBytes(32)));

  beforeEach(() => {
    pauses.length = 0;
  });

  test('waits until the throttle lets it through, a little longer each time', async () => {
    const client = clientWith(issuer.token());
    for (let index = 0; index < 20; index++) expect(await client.publishTender(tender())).toBe('taken');
    expect(asked).toHaveLength(20);
    // 15 beyond the first five, at two a second: at least 7.5 s, and no more than doubled pauses need.
    const waited = pauses.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(7_000);
    expect(waited).toBeLessThan(16_000);
  });

  test('says that the party is busy when it waited for nothing', async () => {
    for (let index = 0; index < 5; index++) await publish(issuer.token());
    const still = new PartyClient(url, { token: issuer.token(), pause: async (ms) => void pauses.push(ms) });
    const signed = tender();
    await expect(still.publishTender(signed)).rejects.toMatchObject({
      code: 'PARTY_BUSY',
      status: 429,
      detail: expect.stringContaining('did not take this one'),
    });
    expect(pauses).toHaveLength(5);
    for (const [index, ms] of pauses.entries()) {
      expect(ms).toBeGreaterThanOrEqual(250 * 2 ** index);
      expect(ms).toBeLessThanOrEqual(500 * 2 ** index);
    }
  });

  test('sends its token to publish and to close, and nowhere else', async () => {
    const token = issuer.token();
    const client = clientWith(token);
    await client.publishTender(tender());
    await client.outcome(tenderIdOf(tender().tender));
    const shown = asked.map(({ routeKey, ...event }) => [
      routeKey,
      JSON.stringify(event).includes(token.slice(-40)),
    ]);
    expect(shown).toEqual([
      ['POST /tenders', true],
      ['GET /tenders/{tenderId}/outcome', false],
    ]);
  });

  test.each<readonly [string, () => string | undefined, string]>([
    ['without a token', () => undefined, 'wants a token .*: there is no token'],
    ['whose token has expired', () => issuer.token({ exp: 1 }), 'wants a token .*: the token has expired'],
  ])('%s is told so, and what it sent is not repeated', async (_what, token, sentence) => {
    const shown = token();
    const error: unknown = await clientWith(shown)
      .publishTender(tender())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'PARTY_TOKEN_REFUSED',
      status: 401,
      detail: expect.stringMatching(sentence),
    });
    if (shown !== undefined) expect(JSON.stringify(error)).not.toContain(shown);
    expect(pauses).toEqual([]);
  });

  test('meets a function that failed as API Gateway shows it', async () => {
    failing = new Error('secret details');
    await expect(clientWith(issuer.token()).publishTender(tender())).rejects.toMatchObject({
      code: 'PARTY_ANSWER_MALFORMED',
      status: 500,
    });
  });
});
