/** The tables and examples of docs/api.md: routes and refusals from `functions/route-contracts.ts`, documents from a recorded auction. */

import { ROUTE_CONTRACTS, refusalOf } from '../../functions/route-contracts.ts';
import { ROUTES } from '../../functions/routes.ts';
import type { Exchange } from './example-exchange.ts';
import { markdownTable } from './markdown-table.ts';

export function routeTable(): string {
  return markdownTable(
    ['request', 'purpose', 'body', 'at most', 'answer'],
    ROUTES.map(({ method, path, functionName }) => {
      const { purpose, body, answer, success } = ROUTE_CONTRACTS[functionName];
      return [
        `\`${method} ${path}\``,
        purpose,
        body?.document ?? 'none',
        body === undefined ? '' : `${body.maxBytes / 1024} KB`,
        `${success}: ${answer}`,
      ];
    }),
  );
}

export function refusalTable(): string {
  const rows = ROUTES.flatMap(({ method, path, functionName }) => {
    const { refusals } = ROUTE_CONTRACTS[functionName];
    return refusals.length === 0
      ? []
      : [
          [
            `\`${method} ${path}\``,
            refusals.map((code) => `\`${code}\` ${refusalOf(code).status}`).join(', '),
          ],
        ];
  });
  return markdownTable(['request', 'refused with'], rows);
}

export function exampleSection(exchanges: readonly Exchange[]): string {
  return exchanges
    .map(({ functionName, title, request, status, type, body }) => {
      const route = ROUTES.find((candidate) => candidate.functionName === functionName);
      return [
        `### ${title}`,
        '',
        `\`${route?.method} ${route?.path}\``,
        ...(request === undefined ? [] : ['', fenced(request)]),
        '',
        `${status}, \`${type}\``,
        '',
        fenced(body),
      ].join('\n');
    })
    .join('\n\n');
}

function fenced(value: unknown): string {
  return ['```json', JSON.stringify(value, undefined, 2), '```'].join('\n');
}

/** The documents of a rendered section, in order. */
export function documentsIn(section: string): readonly unknown[] {
  return [...section.matchAll(/^```json\n([\s\S]*?)\n```$/gm)].map(([, text]): unknown =>
    JSON.parse(text ?? ''),
  );
}

/**
 * What of a document is the same in every run: everything but keys, hashes, signatures and ciphertexts, of which
 * the length stays.
 */
export function shapeOf(value: unknown): unknown {
  if (typeof value === 'string') {
    const text = value.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'UUID');
    return /^[A-Za-z0-9_-]{22,}$/.test(text) ? `${text.length} characters of base64url` : text;
  }
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shapeOf(part)]));
}
