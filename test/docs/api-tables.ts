/** The tables and examples of docs/api.md: routes from `functions/routes.ts`, documents from a recorded auction. */

import { AUCTION_ERRORS } from '../../auction/errors.ts';
import { FUNCTION_ERRORS } from '../../functions/errors.ts';
import { MAX_SUBMISSION_BYTES, MAX_TENDER_BYTES } from '../../functions/http-handler.ts';
import { type HttpFunctionName, ROUTES } from '../../functions/routes.ts';
import type { Exchange } from './example-exchange.ts';
import { markdownTable } from './markdown-table.ts';

interface RouteFacts {
  readonly purpose: string;
  /** What the body of a request is; none for GET. */
  readonly body?: { readonly document: string; readonly maxBytes: number };
  readonly answer: string;
  readonly success: 200 | 201;
  /** Beside those that every route may answer with. */
  readonly refusals: readonly string[];
}

const TENDER_CODES = ['TENDER_ID_MALFORMED', 'TENDER_UNKNOWN'];

/** The order of the routes comes from `ROUTES`; a route without an entry here does not compile. */
export const ROUTE_FACTS: Readonly<Record<HttpFunctionName, RouteFacts>> = {
  'party-info': {
    purpose: 'index and public keys of the party; proves nothing by itself',
    answer: '`protocol` and the party record',
    success: 200,
    refusals: [],
  },
  'publish-tender': {
    purpose: 'publishes a signed tender; again is accepted',
    body: { document: 'signed tender', maxBytes: MAX_TENDER_BYTES },
    answer: '`id`, and the `record` of the party',
    success: 201,
    refusals: [
      'TENDER_MALFORMED',
      'LOT_DUPLICATE',
      'AMOUNT_MALFORMED',
      'AMOUNT_NEGATIVE',
      'AMOUNT_TOO_PRECISE',
      'AMOUNT_TOO_LARGE',
      'TENDER_SIGNATURE',
      'TENDER_PARTIES_MISMATCH',
    ],
  },
  'list-tenders': {
    purpose: 'ids of all tenders published here, in no particular order, not paged',
    answer: '`tenders`: ids',
    success: 200,
    refusals: [],
  },
  'show-tender': {
    purpose: 'the tender, and its state at this party',
    answer: '`id`, `signed`, `state`',
    success: 200,
    refusals: TENDER_CODES,
  },
  'close-tender': {
    purpose: 'closes the tender and has its clearing started; again is accepted and starts it again',
    body: { document: 'close order', maxBytes: MAX_SUBMISSION_BYTES },
    answer: '`id`, `state`',
    success: 200,
    refusals: [
      ...TENDER_CODES,
      'CLOSE_MALFORMED',
      'CLOSE_OTHER_TENDER',
      'CLOSE_UNAUTHORISED',
      'STATE_CONFLICT',
    ],
  },
  'submit-bid': {
    purpose: 'takes a sealed bid or a withdrawal; the same again gets the same receipt',
    body: { document: 'sealed bid or withdrawal', maxBytes: MAX_SUBMISSION_BYTES },
    answer: 'receipt',
    success: 201,
    refusals: [
      ...TENDER_CODES,
      'BID_MALFORMED',
      'BID_OTHER_TENDER',
      'LOT_UNKNOWN',
      'BIDDER_NOT_ELIGIBLE',
      'BID_SIGNATURE',
      'BID_AFTER_DEADLINE',
      'ENVELOPE_UNREADABLE',
      'SHARE_MALFORMED',
      'COMMITMENT_MISMATCH',
      'BIDDER_NAME_TAKEN',
      'BID_VERSION_REPLAYED',
      'WITHDRAWAL_WITHOUT_BID',
    ],
  },
  'show-outcome': {
    purpose: 'the outcome with every signature that this party knows',
    answer: 'signed outcome',
    success: 200,
    refusals: [...TENDER_CODES, 'OUTCOME_NOT_READY'],
  },
};

export function routeTable(): string {
  return markdownTable(
    ['request', 'purpose', 'body', 'at most', 'answer'],
    ROUTES.map(({ method, path, functionName }) => {
      const { purpose, body, answer, success } = ROUTE_FACTS[functionName];
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
    const { refusals } = ROUTE_FACTS[functionName];
    return refusals.length === 0
      ? []
      : [[`\`${method} ${path}\``, refusals.map((code) => `\`${code}\` ${statusOf(code)}`).join(', ')]];
  });
  return markdownTable(['request', 'refused with'], rows);
}

function statusOf(code: string): number {
  const entry = Object.entries({ ...AUCTION_ERRORS, ...FUNCTION_ERRORS }).find(([name]) => name === code);
  if (entry === undefined) throw new Error(`${code} is no code of an answer`);
  return entry[1].status;
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
