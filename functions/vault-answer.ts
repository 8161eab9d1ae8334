/**
 * What a vault answers: for each operation one text of the same length, whatever was asked and found.
 *
 * A result is 1 byte of status, 4 bytes with the length of the value (big-endian) and the longest value of the
 * vault, filled up with zeros; all of it in base64url. The status is 1 where a get or has found its record or a delete
 * deleted it, 2 and 3 where a put was refused, else 0. Only a get gives a value back. A refusal that depends on
 * what is asked is a status and no problem document, so who watches the connection learns the number of operations
 * and the public sizes of the vault. Zeros compress: nothing that compresses answers may stand between a party and
 * those who ask it.
 */

import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from '../auction/canonical.ts';
import type { OramErrorCode } from '../oram/errors.ts';
import type { RecordOperation } from './vault-request.ts';

/** What a put may be refused for, by status. */
export const PUT_REFUSALS = { VAULT_FULL: 2, VAULT_KEY_COLLISION: 3 } as const satisfies Partial<
  Record<OramErrorCode, number>
>;

export type PutRefusal = keyof typeof PUT_REFUSALS;

export interface RecordResult {
  readonly found: boolean;
  /** Of a get that found its record. */
  readonly value?: Uint8Array | undefined;
  /** Why nothing was stored. */
  readonly refused?: PutRefusal | undefined;
}

const HEADER_BYTES = 5;

const PUT_REFUSAL_OF_STATUS: ReadonlyMap<number, PutRefusal> = new Map([
  [PUT_REFUSALS.VAULT_FULL, 'VAULT_FULL'],
  [PUT_REFUSALS.VAULT_KEY_COLLISION, 'VAULT_KEY_COLLISION'],
]);

export const vaultAnswerSchema = z.object({ results: z.array(z.string()) });

export type VaultAnswer = z.infer<typeof vaultAnswerSchema>;

/** @param valueBytes longest value of the vault */
export function vaultAnswer(results: readonly RecordResult[], valueBytes: number): VaultAnswer {
  return {
    results: results.map(({ found, value, refused }) => {
      const padded = new Uint8Array(HEADER_BYTES + valueBytes);
      padded[0] = refused === undefined ? Number(found) : PUT_REFUSALS[refused];
      if (value !== undefined) {
        new DataView(padded.buffer).setUint32(1, value.length);
        padded.set(value, HEADER_BYTES);
      }
      return toBase64url(padded);
    }),
  };
}

/** @returns undefined where the answer is none to these operations on such a vault */
export function readVaultAnswer(
  json: unknown,
  operations: readonly RecordOperation[],
  valueBytes: number,
): readonly RecordResult[] | undefined {
  const parsed = z.safeParse(vaultAnswerSchema, json);
  if (!parsed.success || parsed.data.results.length !== operations.length) return undefined;
  const results = parsed.data.results.map((text, index) =>
    readResult(text, operations[index]?.kind, valueBytes),
  );
  const read = results.filter((result) => result !== undefined);
  return read.length === operations.length ? read : undefined;
}

function readResult(
  text: string,
  kind: RecordOperation['kind'] | undefined,
  valueBytes: number,
): RecordResult | undefined {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = fromBase64url(text);
  } catch {
    return undefined;
  }
  if (bytes.length !== HEADER_BYTES + valueBytes) return undefined;
  const status = bytes[0] ?? 0;
  const length = new DataView(bytes.buffer).getUint32(1);
  if (length > valueBytes) return undefined;
  if (status > 1) {
    const refused = kind === 'put' ? PUT_REFUSAL_OF_STATUS.get(status) : undefined;
    return refused === undefined ? undefined : { found: false, refused };
  }
  if (kind !== 'get' || status === 0) return { found: status === 1 };
  return { found: true, value: bytes.slice(HEADER_BYTES, HEADER_BYTES + length) };
}
