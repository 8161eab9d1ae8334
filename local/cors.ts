/**
 * What API Gateway does for an HTTP API that has a CORS configuration: answers preflights itself, whatever the path,
 * and adds the allowed origin to answers; an origin that is not on the list gets answers without, which browsers then
 * keep from the page.
 */

import type { HttpResult } from '../functions/http-handler.ts';

/** API Gateway's configuration in `infra/http-api.ts` says the same. */
const ALLOWED_METHODS = 'GET,POST';
const ALLOWED_HEADERS = 'content-type';

/** The result as a page of this origin may read it. @param origin the request's header, where it has one */
export function withCors(
  result: HttpResult,
  origin: string | undefined,
  allowedOrigins: readonly string[],
): HttpResult {
  if (allowedOrigins.length === 0) return result;
  return { ...result, headers: { ...result.headers, vary: 'origin', ...allowing(origin, allowedOrigins) } };
}

/** The answer to an OPTIONS request; undefined where no list was given and OPTIONS is a method like any other. */
export function preflight(
  origin: string | undefined,
  allowedOrigins: readonly string[],
): HttpResult | undefined {
  if (allowedOrigins.length === 0) return undefined;
  const allowed = allowing(origin, allowedOrigins);
  const terms =
    Object.keys(allowed).length === 0
      ? {}
      : { 'access-control-allow-methods': ALLOWED_METHODS, 'access-control-allow-headers': ALLOWED_HEADERS };
  return { statusCode: 204, headers: { vary: 'origin', ...allowed, ...terms } };
}

function allowing(origin: string | undefined, allowedOrigins: readonly string[]): Record<string, string> {
  return origin !== undefined && allowedOrigins.includes(origin)
    ? { 'access-control-allow-origin': origin }
    : {};
}
