/** An identity provider with OpenID Connect discovery: tokens signed with RSA, and some that nobody should take. */

import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from '../../../local/listen.ts';

export interface TokenIssuer {
  /** Where it answers, in place of its own address. */
  readonly url: string;
  /** How often its keys were fetched. */
  readonly fetched: () => number;
  /** @param changes of what a good token says; undefined leaves a claim out */
  token(changes?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string;
  /** Signed with a key of somebody else, under the name of this one's. */
  forged(): string;
  stop(): Promise<void>;
}

export interface TokenIssuerOptions {
  /** What tokens and its own discovery document call it. */
  readonly issuer: string;
  readonly audience: string;
  /** Seconds since 1970. */
  readonly now: () => number;
}

const LIFETIME_SECONDS = 600;
const KEY_ID = 'first';

export async function startTokenIssuer({ issuer, audience, now }: TokenIssuerOptions): Promise<TokenIssuer> {
  const [own, foreign] = [newKey(), newKey()];
  let fetched = 0;
  const documents: Readonly<Record<string, () => unknown>> = {
    '/.well-known/openid-configuration': () => ({ issuer, jwks_uri: `${issuer}/keys` }),
    '/keys': () => {
      fetched += 1;
      return {
        keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'RS256', use: 'sig' }],
      };
    },
  };
  const server = createServer(({ url = '' }, response) => {
    const document = documents[url];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document?.() ?? {}));
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
  const tokenBy = (
    key: KeyObject,
    changes: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>>,
  ) => {
    const issuedAt = Math.floor(now()) - 1;
    const claims = { iss: issuer, aud: audience, sub: 'auctioneer', iat: issuedAt };
    const text = [
      { alg: 'RS256', typ: 'JWT', kid: KEY_ID, ...header },
      { ...claims, exp: issuedAt + LIFETIME_SECONDS, ...changes },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const signature = createSign('sha256').update(text.join('.')).sign(key, 'base64url');
    return [...text, signature].join('.');
  };
  return {
    url,
    fetched: () => fetched,
    token: (changes = {}, header = {}) => tokenBy(own.privateKey, changes, header),
    forged: () => tokenBy(foreign.privateKey, {}, {}),
    stop: () => closeServer(server),
  };
}

function newKey() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}
