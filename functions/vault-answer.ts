/**
 * What a vault answers: for each operation one text of the same length, whatever was asked and found.
 *
 * A result is 1 byte (1 where the record was there before the operation, else 0), 4 bytes with the length of the
 * value (big-endian) and the longest value of the vault, filled up with zeros; all of it in base64url. Only a get gives
 * a value back. So who watches the connection learns the number of operations and the public sizes of the vault.
 * Zeros compress: nothing that compresses answers may stand between a party and those who ask it.
 */

import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from '../auction/canonical.ts';
import type { RecordOperation } from './vault-request.ts';

export interface RecordResult {
  readonly found: boolean;
  /** Of a get that found its record. */
  readonly value: Uint8Array | undefined;
}

const HEADER_BYTES = 5;

export const vaultAnswerSchema = z.object({ results: z.array(z.string()) });

export type VaultAnswer = z.infer<typeof vaultAnswerSchema>;

/** @param valueBytes longest value of the vault */
export function vaultAnswer(
  operations: readonly RecordOperation[],
  results: readonly RecordResult[],
  valueBytes: number,
): VaultAnswer {
  return {
    results: operations.map(({ kind }, index) => {
      const { found = false, value } = results[index] ?? {};
      const padded = new Uint8Array(HEADER_BYTES + valueBytes);
      padded[0] = found && kind !== 'dummy' ? 1 : 0;
      if (kind === 'get' && value !== undefined) {
        new DataView(padded.buffer).setUint32(1, value.length);
        padded.set(value, HEADER_BYTES);
      }
      return toBase64url(padded);
    }),
  };
}

/** @returns undefined where the answer is none to that many operations of such a vault */
export function readVaultAnswer(
  json: unknown,
  operations: readonly RecordOperation[],
  valueBytes: number,
): readonly RecordResult[] | undefined {
  const parsed = z.safeParse(vaultAnswerSchema, json);
  if (!parsed.success || parsed.data.results.length !== operations.length) return undefined;
  const results = parsed.data.results.map((text, index) =>
    readResult(text, operations[index]?.kind === 'get', valueBytes),
  );
  const read = results.filter((result) => result !== undefined);
  return read.length === operations.length ? read : undefined;
}

function readResult(text: string, isGet: boolean, valueBytes: number): RecordResult | undefined {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = fromBase64url(text);
  } catch {
    return undefined;
  }
  const [flag = 2] = bytes;
  if (bytes.length !== HEADER_BYTES + valueBytes || flag > 1) return undefined;
  const length = new DataView(bytes.buffer).getUint32(1);
  if (length > valueBytes) return undefined;
  const found = flag === 1;
  return { found, value: found && isGet ? bytes.slice(HEADER_BYTES, HEADER_BYTES + length) : undefined };
}
