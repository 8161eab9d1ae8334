/**
 * Turns HTTP requests into the API Gateway HTTP API events that Lambda handlers get (payload version 2.0), and
 * their results into responses, so that the same handlers run here and there.
 *
 * Fidelity that matters: an event is JSON and nothing else (it passes through text, so no handler can receive an
 * object of the host), payloads over 6 MB are refused (Lambda's bound of a synchronous invocation), the context
 * counts down the remaining time, and a result without a status is a JSON body with 200. Not copied: stages,
 * cookies, API Gateway's own 10 MB bound and throttling.
 */

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { AuctionError } from '../auction/errors.ts';
import { FunctionError } from '../functions/errors.ts';
import type { HttpHandler, HttpResult } from '../functions/http-handler.ts';
import { problemOf, problemResult } from '../functions/problem-details.ts';
import { type HttpFunctionName, matchRoute } from '../functions/routes.ts';
import { preflight, withCors } from './cors.ts';
import { invocationContext } from './invocation-context.ts';
import { readBody } from './read-body.ts';

/** Lambda's bound of a synchronous request or response. */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** API Gateway gives up on an HTTP API integration after 30 s. */
const HTTP_FUNCTION_TIMEOUT_MS = 30_000;

export type HttpHandlers = Readonly<Record<HttpFunctionName, HttpHandler>>;

/** @param allowedOrigins as `parseAllowedOrigins` gives them */
export function createApiServer(handlers: HttpHandlers, allowedOrigins: readonly string[] = []): Server {
  return createServer((request, response) => {
    const { origin } = request.headers;
    const answered = request.method === 'OPTIONS' ? preflight(origin, allowedOrigins) : undefined;
    Promise.resolve(answered ?? answer(handlers, request))
      .then((result) => send(response, withCors(result, origin, allowedOrigins)))
      .catch(() => response.destroy());
  });
}

async function answer(handlers: HttpHandlers, request: IncomingMessage): Promise<HttpResult> {
  const method = request.method ?? 'GET';
  const url = new URL(request.url ?? '/', 'http://localhost');
  const match = matchRoute(method, url.pathname);
  if (!('route' in match)) return refuseRoute(method, url.pathname, match.allowed);
  const body = await readBody(request, MAX_PAYLOAD_BYTES);
  if (body === undefined) return refuseSize();
  const { route, pathParameters } = match;
  const context = invocationContext(route.functionName, HTTP_FUNCTION_TIMEOUT_MS);
  const event = toEvent(
    request,
    url,
    body,
    `${route.method} ${route.path}`,
    pathParameters,
    context.awsRequestId,
  );
  return await handlers[route.functionName](asJson(event), context);
}

function refuseSize(): HttpResult {
  const detail = `a request holds at most ${MAX_PAYLOAD_BYTES} bytes`;
  return problemResult(problemOf(new AuctionError('BODY_TOO_LARGE', detail), randomUUID()));
}

function toEvent(
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  routeKey: string,
  pathParameters: Readonly<Record<string, string>>,
  requestId: string,
): APIGatewayProxyEventV2 {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const now = new Date();
  const text = isText(headers['content-type']);
  return {
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    ...(url.search === '' ? {} : { queryStringParameters: Object.fromEntries(url.searchParams) }),
    ...(Object.keys(pathParameters).length === 0 ? {} : { pathParameters: { ...pathParameters } }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers['host'] ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method: request.method ?? 'GET',
        path: url.pathname,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage: '$default',
      time: now.toISOString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length === 0 ? {} : { body: body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !text,
  };
}

/** API Gateway passes these types as text and everything else in base64. */
function isText(contentType = ''): boolean {
  return /^(text\/|application\/(json|javascript|xml|[a-z0-9.+-]+\+(json|xml)))/i.test(contentType);
}

/** What a handler gets has been text once: no shared object, no undefined, no class. */
function asJson(event: APIGatewayProxyEventV2): APIGatewayProxyEventV2 {
  return JSON.parse(JSON.stringify(event)) as APIGatewayProxyEventV2;
}

/** API Gateway answers unknown paths itself; here they are problem documents like everything else. */
function refuseRoute(method: string, path: string, allowed: readonly string[]): HttpResult {
  const requestId = randomUUID();
  if (allowed.length === 0) {
    return problemResult(problemOf(new FunctionError('ROUTE_UNKNOWN', `nothing is at ${path}`), requestId));
  }
  const error = new FunctionError(
    'METHOD_NOT_ALLOWED',
    `${path} answers ${allowed.join(', ')}, not ${method}`,
  );
  const result = problemResult(problemOf(error, requestId));
  return { ...result, headers: { ...result.headers, allow: allowed.join(', ') } };
}

function send(response: ServerResponse, result: HttpResult): void {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(result.headers ?? {})) headers[name] = String(value);
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8');
  response.writeHead(result.statusCode ?? 200, { ...headers, 'content-length': body.length }).end(body);
}
