/**
 * The document with which somebody asks a party for records of its vault, signed with an Ed25519 key.
 *
 * The signature covers the vault's name, the party's own signing key, the time and a nonce, so that a request is of
 * no use to anybody at another vault, at another party, later or twice (`vault-access/authorisation.ts` checks it).
 * The canonical text has the same length for the same number of operations, whatever they are: each counts as
 * a put of the longest key and value that the vault takes, and `padding` fills what is missing. So who watches the
 * connection, and sees lengths in spite of TLS, cannot tell a lookup from a change, nor a long key from a short one.
 * A request that is not padded is refused, so that no client forgets it. At 1 KB values an operation takes 2.8 KB.
 *
 * Runs in a browser as well: it needs a signer and a random nonce, nothing else.
 */

import * as z from 'zod/mini';
import { canonicalBytes, fromBase64url, toBase64url } from '../auction/canonical.ts';
import { bytesField, publicKeyField, signatureField, timeField } from '../auction/fields.ts';
import { type Signer, signDocument } from '../auction/signature.ts';
import type { EpochMs } from '../mpc/clock.ts';
import { FunctionError } from './errors.ts';

export type RecordOperation =
  | { readonly kind: 'get' | 'has' | 'delete'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: 'dummy' };

/** What fits one epoch of the vault: more would be told by their number. */
export const MAX_OPERATIONS = 8;

/** 4 MB: the answer must pass Lambda's 6 MB as well; it admits one record of 1 MB or eight of 360 KB. */
export const MAX_VAULT_REQUEST_BYTES = 4 * 1024 * 1024;

/** Bytes of UTF-8 that a vault takes as a record's key (`VAULT_RECORD_KEY`). */
const MAX_KEY_BYTES = 1024;

/** Bytes of a value, 16 blocks of 64 KB. */
export const MAX_VALUE_BYTES = 2 ** 20;

export const NONCE_BYTES = 16;

const keyField = encodedField(MAX_KEY_BYTES);
const operationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('get'), key: keyField }),
  z.strictObject({ kind: z.literal('has'), key: keyField }),
  z.strictObject({ kind: z.literal('put'), key: keyField, value: encodedField(MAX_VALUE_BYTES) }),
  z.strictObject({ kind: z.literal('delete'), key: keyField }),
  z.strictObject({ kind: z.literal('dummy') }),
]);

export const vaultNameField = z.string().check(z.regex(/^[A-Za-z0-9._-]{1,64}$/));

export const vaultRequestSchema = z.strictObject({
  kind: z.literal('tacit/1 vault request'),
  vault: vaultNameField,
  /** Signing key of the party that keeps the vault. */
  party: publicKeyField,
  /** Public key of whoever asks. */
  requester: publicKeyField,
  /** By the requester's clock. */
  issuedAt: timeField,
  nonce: bytesField(NONCE_BYTES),
  operations: z.array(operationSchema).check(z.minLength(1), z.maxLength(MAX_OPERATIONS)),
  padding: z.string().check(z.maxLength(MAX_VAULT_REQUEST_BYTES), z.regex(/^\.*$/)),
  signature: signatureField,
});

/** Keys and values in base64url. */
export type VaultRequest = z.infer<typeof vaultRequestSchema>;

export interface VaultRequestFacts {
  readonly vault: string;
  /** Signing key of the party, base64url. */
  readonly party: string;
  /** 1 to 8. */
  readonly operations: readonly RecordOperation[];
  /** Longest value of the vault. */
  readonly valueBytes: number;
  readonly requester: Signer;
  readonly issuedAt: EpochMs;
  /** 16 bytes from a cryptographic generator. */
  readonly nonce: Uint8Array;
}

/** @throws FunctionError VAULT_REQUEST_MALFORMED, VAULT_REQUEST_LENGTH where an operation does not fit the vault */
export function createVaultRequest(facts: VaultRequestFacts): VaultRequest {
  const { vault, operations, valueBytes, requester } = facts;
  const body: Omit<VaultRequest, 'signature'> = {
    kind: 'tacit/1 vault request',
    vault,
    party: facts.party,
    requester: requester.publicKey,
    issuedAt: facts.issuedAt,
    nonce: toBase64url(facts.nonce),
    operations: operations.map(encodeOperation),
    padding: '',
  };
  const unpadded = requestBytesOf({ ...body, signature: '.'.repeat(SIGNATURE_CHARACTERS) });
  const missing = paddedRequestBytes(vault, operations.length, valueBytes) - unpadded;
  if (missing < 0 || !operations.every((operation) => fits(operation, valueBytes))) {
    throw new FunctionError(
      'VAULT_REQUEST_LENGTH',
      `a key has 1 to ${MAX_KEY_BYTES} bytes and a value of this vault at most ${valueBytes}`,
    );
  }
  const padded = { ...body, padding: '.'.repeat(missing) };
  return parseVaultRequest({ ...padded, signature: signDocument('vault-request', padded, requester) });
}

/** @throws FunctionError VAULT_REQUEST_MALFORMED with the field, never what it holds */
export function parseVaultRequest(json: unknown): VaultRequest {
  const parsed = z.safeParse(vaultRequestSchema, json);
  if (parsed.success) return parsed.data;
  const field = (parsed.error.issues[0]?.path ?? []).map(String).join('.').slice(0, MAX_SHOWN_PATH);
  throw new FunctionError(
    'VAULT_REQUEST_MALFORMED',
    `the request does not have the documented form; correct ${field === '' ? 'it' : `the field ${field}`}`,
  );
}

const MAX_SHOWN_PATH = 64;

/** The operations of a request, decoded. @throws FunctionError VAULT_REQUEST_MALFORMED where a key is no UTF-8 */
export function operationsOf(request: VaultRequest): readonly RecordOperation[] {
  return request.operations.map((operation, index): RecordOperation => {
    if (operation.kind === 'dummy') return operation;
    const key = decodeKey(operation.key, index);
    if (operation.kind !== 'put') return { kind: operation.kind, key };
    return { kind: 'put', key, value: fromBase64url(operation.value) };
  });
}

/** Of the canonical text. */
export function requestBytesOf(request: VaultRequest): number {
  return canonicalBytes(request).length;
}

/** What every request of so many operations has: that of puts with the longest key and value, at the latest time. */
export function paddedRequestBytes(vault: string, operations: number, valueBytes: number): number {
  const empty = requestBytesOf({
    kind: 'tacit/1 vault request',
    vault,
    party: '.'.repeat(KEY_CHARACTERS),
    requester: '.'.repeat(KEY_CHARACTERS),
    issuedAt: Number.MAX_SAFE_INTEGER,
    nonce: '.'.repeat(encodedLength(NONCE_BYTES)),
    operations: [],
    padding: '',
    signature: '.'.repeat(SIGNATURE_CHARACTERS),
  });
  const put = canonicalBytes({ kind: 'put', key: '', value: '' }).length;
  const longest = put + encodedLength(MAX_KEY_BYTES) + encodedLength(valueBytes);
  return empty + operations * longest + operations - 1;
}

const KEY_CHARACTERS = 43;
const SIGNATURE_CHARACTERS = 86;

function encodeOperation(operation: RecordOperation): VaultRequest['operations'][number] {
  if (operation.kind === 'dummy') return operation;
  const key = encodeKey(operation.key);
  if (operation.kind !== 'put') return { kind: operation.kind, key };
  return { kind: 'put', key, value: toBase64url(operation.value) };
}

/** Whether a vault whose longest value is `valueBytes` takes the operation. */
export function fits(operation: RecordOperation, valueBytes: number): boolean {
  if (operation.kind === 'dummy') return true;
  const keyBytes = new TextEncoder().encode(operation.key).length;
  const takesValue = operation.kind !== 'put' || operation.value.length <= valueBytes;
  return keyBytes >= 1 && keyBytes <= MAX_KEY_BYTES && takesValue;
}

/** An encoder would replace half a surrogate pair, and two different keys would become one. */
function encodeKey(key: string): string {
  if (!key.isWellFormed()) {
    throw new FunctionError('VAULT_REQUEST_MALFORMED', 'a key must be well-formed Unicode');
  }
  return toBase64url(new TextEncoder().encode(key));
}

function decodeKey(text: string, index: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fromBase64url(text));
  } catch {
    throw new FunctionError(
      'VAULT_REQUEST_MALFORMED',
      `the request does not have the documented form; the key of operation ${index} is no UTF-8`,
    );
  }
}

/** base64url without padding, in the one spelling whose spare bits are zero. */
function encodedField(maxBytes: number) {
  return z
    .string()
    .check(z.maxLength(encodedLength(maxBytes)), z.regex(/^[A-Za-z0-9_-]*$/), z.refine(isBase64url));
}

function isBase64url(text: string): boolean {
  try {
    fromBase64url(text);
    return true;
  } catch {
    return false;
  }
}

/** Characters of that many bytes in base64url. */
function encodedLength(bytes: number): number {
  return Math.ceil((bytes * 8) / 6);
}
