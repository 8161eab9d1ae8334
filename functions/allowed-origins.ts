/**
 * The allow-list of origins whose pages may read what a party answers (CORS, https://fetch.spec.whatwg.org): for
 * the infrastructure, which hands it to API Gateway, and for the local host, which does what API Gateway does.
 *
 * An absent list allows no page. There is no wildcard: answers are public, but a list says which pages an operator
 * stands behind. Credentials are never allowed; nothing here is read with cookies.
 */

import { FunctionError } from './errors.ts';

/** More than a page for bidders, one for auctioneers and their trials. */
const MAX_ORIGINS = 20;

/** Browsers treat these as secure contexts without TLS (https://w3c.github.io/webappsec-secure-contexts/). */
const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * @param text origins with commas between them, as in `https://bids.example,http://localhost:5173`
 * @throws FunctionError CONFIGURATION_INVALID
 */
export function parseAllowedOrigins(text: string | undefined): readonly string[] {
  if (text === undefined || text.trim() === '') return [];
  const origins = text.split(',').map((origin) => origin.trim());
  if (origins.length > MAX_ORIGINS || !origins.every(isOrigin)) {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      `an allow-list has at most ${MAX_ORIGINS} origins such as https://bids.example, without paths or wildcards`,
    );
  }
  return [...new Set(origins)];
}

/** As a browser sends it: scheme, host and port, in the one spelling that is compared byte by byte. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.origin !== text || text.includes('*')) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}
