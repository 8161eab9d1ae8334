/**
 * The API Gateway of one stack: its routes with their throttles and authorisers, in front of the functions that the
 * template puts behind them, invoked with API Gateway's own permission.
 *
 * What it answers by itself it answers as API Gateway does, with a `message` alone. Throttles come before tokens, so
 * that requests without a token use a route's share up; AWS does not say which comes first, and this is the worse for
 * whoever has one.
 */

import type { Server } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import type { HttpHandler, HttpResult } from '../../functions/http-handler.ts';
import { createApiServer } from '../event-adapter.ts';
import { closeServer, listenOnLoopback } from '../listen.ts';
import { JwtAuthoriser } from './jwt-authoriser.ts';
import type { Decision } from './policy.ts';
import { type AskedTokens, type DeclaredRoute, readRoutes } from './routes.ts';
import type { StackTemplate } from './template.ts';
import { TokenBucket } from './token-bucket.ts';

export interface GatewayOptions {
  /** Where issuers of tokens answer in place of their own addresses, which a rehearsal cannot reach. */
  readonly issuers: ReadonlyMap<string, string>;
  /** Milliseconds since 1970; throttles and the claims of tokens go by it. */
  readonly now: () => number;
  readonly mayInvoke: (functionArn: string, sourceArn: string) => Decision;
  readonly invoke: (functionArn: string, event: unknown) => Promise<unknown>;
  /** A function that threw, timed out, or answered with what is no HTTP result. */
  readonly onFailed: (line: string) => void;
}

interface ServedRoute extends DeclaredRoute {
  readonly bucket: TokenBucket;
  readonly authoriser: JwtAuthoriser | undefined;
}

const resultSchema = z.object({
  statusCode: z.number(),
  headers: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
});

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  #routes: ReadonlyMap<string, ServedRoute> = new Map();

  constructor(options: GatewayOptions) {
    this.#options = options;
    const handler: HttpHandler = (event) => this.#answer(event);
    this.#server = createApiServer({
      'party-info': handler,
      'party-status': handler,
      'show-openapi': handler,
      'publish-tender': handler,
      'list-tenders': handler,
      'show-tender': handler,
      'close-tender': handler,
      'submit-bid': handler,
      'show-outcome': handler,
      'vault-access': handler,
    });
  }

  /**
   * The routes of the stack in place of those before.
   * @returns whether it has any
   * @throws Error as `readRoutes`
   */
  deploy(stack: StackTemplate): boolean {
    const { issuers, now } = this.#options;
    const authorisers = new Map<string, JwtAuthoriser>();
    const authoriserOf = ({ id, jwt }: AskedTokens) => {
      const address = issuers.get(jwt.issuer) ?? jwt.issuer;
      const authoriser = authorisers.get(id) ?? new JwtAuthoriser({ jwt, address, now });
      authorisers.set(id, authoriser);
      return authoriser;
    };
    const routes = new Map<string, ServedRoute>();
    for (const [key, route] of readRoutes(stack)) {
      const bucket = new TokenBucket(route.throttle, now());
      routes.set(key, { ...route, bucket, authoriser: route.tokens && authoriserOf(route.tokens) });
    }
    this.#routes = routes;
    return routes.size > 0;
  }

  /** @returns its address */
  async start(): Promise<string> {
    return `http://127.0.0.1:${await listenOnLoopback(this.#server, 0)}`;
  }

  stop(): Promise<void> {
    return closeServer(this.#server);
  }

  async #answer(event: APIGatewayProxyEventV2): Promise<HttpResult> {
    const route = this.#routes.get(event.routeKey);
    if (route === undefined) return message(404, 'Not Found');
    if (!route.bucket.take(this.#options.now())) return message(429, 'Too Many Requests');
    const { authoriser, tokens } = route;
    if (authoriser === undefined) return await this.#pass(route, event);
    const decision = await authoriser.authorise(event.headers['authorization'], tokens?.scopes ?? []);
    if ('refused' in decision) return refused(decision.refused, decision.reason, tokens?.scopes ?? []);
    const requestContext = { ...event.requestContext, authorizer: { jwt: decision.token } };
    return await this.#pass(route, { ...event, requestContext });
  }

  async #pass({ functionArn, sourceArn }: ServedRoute, event: unknown): Promise<HttpResult> {
    if (this.#options.mayInvoke(functionArn, sourceArn) !== 'allowed')
      return message(500, 'Internal Server Error');
    try {
      return z.parse(resultSchema, await this.#options.invoke(functionArn, event));
    } catch (error) {
      this.#options.onFailed(`${functionArn}: ${error}`);
      return message(500, 'Internal Server Error');
    }
  }
}

function message(statusCode: number, text: string): HttpResult {
  return {
    statusCode,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: text }),
  };
}

/** API Gateway says why in a header. */
function refused(status: 401 | 403, reason: string, scopes: readonly string[]): HttpResult {
  const { statusCode, headers, body } = message(status, status === 401 ? 'Unauthorized' : 'Forbidden');
  const error = status === 401 ? 'invalid_token' : 'insufficient_scope';
  const challenge = `Bearer scope="${scopes.join(' ')}" error="${error}" error_description="${reason}"`;
  return { statusCode, headers: { ...headers, 'www-authenticate': challenge }, body };
}
