/**
 * The JWT authoriser of an API Gateway HTTP API, by what AWS documents of it
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html): the keys of the issuer
 * by OpenID Connect discovery, RSA signatures alone, then `kid`, `iss`, `aud` (or `client_id` where there is no `aud`),
 * `exp`, `nbf`, `iat` and the scopes of the route.
 *
 * Keys are kept for two hours and not fetched again for one that is not among them, which is the worst that AWS says: an
 * issuer that changes keys has to leave the old one valid for that long. No leeway for clocks is documented, so there is
 * none. What AWS does not say and is assumed: a token without `exp` is refused, and a missing scope is 403.
 */

import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as z from 'zod/mini';
import type { JwtConfiguration } from './routes.ts';

/** As functions get it in `requestContext.authorizer.jwt`. */
export interface AuthorisedToken {
  /** Every value as text. */
  readonly claims: Readonly<Record<string, string>>;
  /** Null where the route asks for none. */
  readonly scopes: readonly string[] | null;
}

export type TokenDecision =
  | { readonly token: AuthorisedToken }
  | { readonly refused: 401 | 403; readonly reason: string };

export interface JwtAuthoriserOptions {
  readonly jwt: JwtConfiguration;
  /** Where the issuer answers, without a slash at the end; the issuer itself on AWS. */
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const KEYS_KEPT_MS = 2 * 60 * 60 * 1000;

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['RS256', 'sha256'],
  ['RS384', 'sha384'],
  ['RS512', 'sha512'],
]);

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keySetSchema = z.object({
  keys: z.array(
    z.looseObject({
      kty: z.string(),
      kid: z.optional(z.string()),
      n: z.optional(z.string()),
      e: z.optional(z.string()),
    }),
  ),
});
const headerSchema = z.object({ alg: z.string(), kid: z.string() });
const claimsSchema = z.looseObject({
  iss: z.string(),
  aud: z.optional(z.union([z.string(), z.array(z.string())])),
  client_id: z.optional(z.string()),
  exp: z.number(),
  nbf: z.optional(z.number()),
  iat: z.optional(z.number()),
  scope: z.optional(z.string()),
  scp: z.optional(z.union([z.string(), z.array(z.string())])),
});

type Claims = z.infer<typeof claimsSchema>;

export class JwtAuthoriser {
  readonly #options: JwtAuthoriserOptions;
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #fetchedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: JwtAuthoriserOptions) {
    this.#options = options;
  }

  /** @param header of the request: the token, after `Bearer ` or alone */
  async authorise(header: string | undefined, scopes: readonly string[]): Promise<TokenDecision> {
    if (header === undefined) return refusal('there is no token');
    const token = header.replace(/^Bearer /i, '');
    const [head = '', body = '', signature = '', ...more] = token.split('.');
    const parsedHeader = z.safeParse(headerSchema, jsonOf(head));
    const parsedClaims = z.safeParse(claimsSchema, jsonOf(body));
    if (!parsedHeader.success || !parsedClaims.success || more.length > 0)
      return refusal('the token is no JWT');
    const { alg, kid } = parsedHeader.data;
    const digest = DIGESTS.get(alg);
    if (digest === undefined) return refusal('the algorithm is none of RSA');
    const key = (await this.#currentKeys()).get(kid);
    if (key === undefined) return refusal('the issuer has no such key');
    const signed = Buffer.from(`${head}.${body}`);
    if (!verify(digest, signed, key, Buffer.from(signature, 'base64url')))
      return refusal('the signature is wrong');
    return this.#decide(parsedClaims.data, scopes);
  }

  #decide(claims: Claims, scopes: readonly string[]): TokenDecision {
    const { issuer, audience } = this.#options.jwt;
    const now = this.#options.now() / 1000;
    if (claims.iss !== issuer) return refusal('the token has another issuer');
    const meant = [claims.aud ?? claims.client_id ?? []].flat();
    if (!meant.some((one) => audience.includes(one)))
      return refusal('the token does not have a valid audience');
    if (claims.exp <= now) return refusal('the token has expired');
    if (claims.nbf !== undefined && claims.nbf > now) return refusal('the token is not valid yet');
    if (claims.iat !== undefined && claims.iat > now) return refusal('the token was issued in the future');
    const held = [claims.scope ?? claims.scp ?? []].flat().flatMap((text) => text.split(' '));
    if (scopes.length > 0 && !scopes.some((scope) => held.includes(scope))) {
      return { refused: 403, reason: 'the token does not have a valid scope' };
    }
    const texts = Object.entries(claims).map(([name, value]) => [name, textOf(value)]);
    return { token: { claims: Object.fromEntries(texts), scopes: scopes.length === 0 ? null : held } };
  }

  /** None while the issuer does not answer, so that every token is refused. */
  async #currentKeys(): Promise<ReadonlyMap<string, KeyObject>> {
    const now = this.#options.now();
    if (now - this.#fetchedAtMs < KEYS_KEPT_MS) return this.#keys;
    try {
      this.#keys = await this.#fetchKeys();
      this.#fetchedAtMs = now;
      return this.#keys;
    } catch {
      return new Map();
    }
  }

  async #fetchKeys(): Promise<ReadonlyMap<string, KeyObject>> {
    const { address, jwt } = this.#options;
    const found = z.parse(discoverySchema, await fetchJson(`${address}/.well-known/openid-configuration`));
    if (found.issuer !== jwt.issuer) throw new Error(`${jwt.issuer} calls itself ${found.issuer}`);
    const { keys } = z.parse(keySetSchema, await fetchJson(found.jwks_uri.replace(jwt.issuer, address)));
    return new Map(
      keys
        .filter(({ kty, kid }) => kty === 'RSA' && kid !== undefined)
        .map(({ kid = '', n = '', e = '' }) => [
          kid,
          createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }),
        ]),
    );
  }
}

function refusal(reason: string): TokenDecision {
  return { refused: 401, reason };
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return await response.json();
}

function jsonOf(base64url: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Lists as `[a b]`. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? `[${value.map(String).join(' ')}]` : (JSON.stringify(value) ?? '');
}
