/**
 * The fields that the auction's documents are made of, and the one way unknown JSON enters.
 *
 * Every document is a strict object: an unknown field is an error, because a signature would cover it while
 * no check would read it. Strings are bounded before anything is done with them. Names are compared as text,
 * so they must be in one spelling: trimmed, Unicode NFC, and without control, line-separator, invisible and
 * text-direction characters, with which two names would look alike on a screen. Look-alike letters of different
 * scripts remain possible; the bidder's key beside the name tells such names apart.
 */

import * as z from 'zod/mini';
import { AuctionError, type AuctionErrorCode } from './errors.ts';

/** Names and titles of bidders and lots: fits a register entry, and a row of a page. */
export const MAX_NAME_LENGTH = 128;
/** Titles of tenders. */
export const MAX_TITLE_LENGTH = 300;
/** Lot ids are typed in CSV files and addresses. */
export const MAX_LOT_ID_LENGTH = 32;
/** One name bids at most this often in a lot; keeps versions exact in JSON and in 4 bytes. */
export const MAX_VERSION = 2 ** 32 - 1;

/** Text that is compared or shown: 1 to `maximumLength` UTF-16 units. */
export function textField(maximumLength: number) {
  return z.string().check(
    z.minLength(1, 'must not be empty'),
    z.maxLength(maximumLength, `must have at most ${maximumLength} characters`),
    z.refine((text) => text.trim() === text, 'must not begin or end with spaces'),
    z.refine((text) => text.isWellFormed(), 'must be well-formed Unicode'),
    z.refine(
      (text) => !FORBIDDEN_IN_TEXT.test(text),
      'must have no control, invisible or text-direction characters',
    ),
    z.refine((text) => text.normalize('NFC') === text, 'must be in Unicode normal form C'),
  );
}

const FORBIDDEN_IN_TEXT =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/u;

/** Exactly `byteLength` bytes as base64url without padding, in the one spelling with zero spare bits. */
export function bytesField(byteLength: number) {
  const length = Math.ceil((byteLength * 8) / 6);
  const spareBits = length * 6 - byteLength * 8;
  const last =
    spareBits === 0
      ? BASE64URL_ALPHABET
      : [...BASE64URL_ALPHABET].filter((_, value) => value % 2 ** spareBits === 0).join('');
  const pattern = new RegExp(`^[A-Za-z0-9_-]{${length - 1}}[${last.replace('-', '\\-')}]$`);
  return z.string().check(z.regex(pattern, `must be ${byteLength} bytes in base64url without padding`));
}

const BASE64URL_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** A whole number within bounds. */
export function integerField(minimum: number, maximum: number) {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z.int(message).check(z.gte(minimum, message), z.lte(maximum, message));
}

export const hashField = bytesField(32);
export const publicKeyField = bytesField(32);
export const signatureField = bytesField(64);
export const bidderNameField = textField(MAX_NAME_LENGTH);
export const lotIdField = textField(MAX_LOT_ID_LENGTH);
export const versionField = integerField(1, MAX_VERSION);
/** Milliseconds since 1970; branded by the check that reads the document. */
export const timeField = integerField(0, Number.MAX_SAFE_INTEGER);
export const partyField = z.union([z.literal(0), z.literal(1), z.literal(2)], 'must be a party: 0, 1 or 2');

/**
 * The document, or an error that names the first field that is wrong as a path such as `lots[2].id`.
 * @throws AuctionError with `code` and facts {field}
 */
export function parseDocument<Schema extends z.ZodMiniType>(
  schema: Schema,
  json: unknown,
  code: AuctionErrorCode,
  document: string,
): z.output<Schema> {
  const result = z.safeParse(schema, json, { reportInput: true });
  if (result.success) return result.data;
  const issue = tellingIssue(result.error.issues[0]);
  const field = issue === undefined ? '' : fieldPath(issue.path);
  const complaint = issue === undefined ? 'is not valid' : describeIssue(issue);
  const where = field === '' ? document : `${document}: field ${field}`;
  throw new AuctionError(code, `${where} ${complaint}`, { field });
}

/** What fits none of several forms was meant as the one that it comes closest to. */
function tellingIssue(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== 'invalid_union' || issue.message.startsWith('must ')) return issue;
  const [closest] = issue.errors.toSorted((left, right) => left.length - right.length);
  const inner = tellingIssue(closest?.[0]);
  return inner === undefined ? issue : { ...inner, path: [...issue.path, ...inner.path] };
}

/** Longest part of an unknown field's name that is repeated in an error. */
const MAX_QUOTED_KEY_LENGTH = 64;

function fieldPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text;
}

/** Speaks of the expectation alone: the value that was found is never repeated. */
function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.input === undefined) return 'is missing';
  switch (issue.code) {
    case 'unrecognized_keys': {
      const key = (issue.keys[0] ?? '').slice(0, MAX_QUOTED_KEY_LENGTH);
      return `has an unknown field ${JSON.stringify(key)}`;
    }
    case 'invalid_type':
      if (issue.message.startsWith('must ')) return issue.message;
      return `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
    case 'too_big':
      return issue.message.startsWith('must ') ? issue.message : 'has the wrong number of entries';
    default:
      return issue.message.startsWith('must ') ? issue.message : 'is not valid';
  }
}
