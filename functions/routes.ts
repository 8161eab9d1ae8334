/**
 * The HTTP resources of one party, as data: the local host dispatches by this table, and the infrastructure
 * declares API Gateway routes from it. Paths are in API Gateway's notation.
 */

export type HttpFunctionName =
  | 'show-openapi'
  | 'party-info'
  | 'party-status'
  | 'publish-tender'
  | 'list-tenders'
  | 'show-tender'
  | 'close-tender'
  | 'submit-bid'
  | 'show-outcome'
  | 'vault-access';

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly functionName: HttpFunctionName;
}

export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/openapi.json', functionName: 'show-openapi' },
  { method: 'GET', path: '/party', functionName: 'party-info' },
  { method: 'GET', path: '/status', functionName: 'party-status' },
  { method: 'POST', path: '/tenders', functionName: 'publish-tender' },
  { method: 'GET', path: '/tenders', functionName: 'list-tenders' },
  { method: 'GET', path: '/tenders/{tenderId}', functionName: 'show-tender' },
  { method: 'POST', path: '/tenders/{tenderId}/close', functionName: 'close-tender' },
  { method: 'POST', path: '/tenders/{tenderId}/submissions', functionName: 'submit-bid' },
  { method: 'GET', path: '/tenders/{tenderId}/outcome', functionName: 'show-outcome' },
  { method: 'POST', path: '/vaults/{vaultName}/operations', functionName: 'vault-access' },
];

export interface RouteMatch {
  readonly route: Route;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** The route of a request; where the path exists with other methods, those. */
export function matchRoute(
  method: string,
  path: string,
): RouteMatch | { readonly allowed: readonly string[] } {
  const allowed: string[] = [];
  for (const route of ROUTES) {
    const pathParameters = matchPath(route.path, path);
    if (pathParameters === undefined) continue;
    if (route.method === method) return { route, pathParameters };
    allowed.push(route.method);
  }
  return { allowed };
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split('/');
  const actual = path.split('/');
  if (expected.length !== actual.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [position, segment] of expected.entries()) {
    const value = actual[position] ?? '';
    if (segment.startsWith('{')) {
      if (value === '') return undefined;
      parameters[segment.slice(1, -1)] = value;
    } else if (segment !== value) {
      return undefined;
    }
  }
  return parameters;
}
