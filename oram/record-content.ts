/**
 * A record as the contents of its blocks: each has the value's whole length, the second half of the key's digest
 * and its part of the value, padded with zeros. All records of a vault take the same number of blocks.
 */

import { equalBytes } from '../mpc/bytes.ts';
import { OramError } from './errors.ts';
import type { KeyDigest } from './record-keys.ts';
import { CONTENT_HEADER_BYTES, contentBytes } from './sizes.ts';

interface RecordShape {
  readonly blockBytes: number;
  readonly blocksPerRecord: number;
}

/** Record keys are names, not documents. */
const MAX_KEY_BYTES = 1024;

/** @returns one content for each block of the record */
export function encodeRecord(value: Uint8Array, digest: KeyDigest, shape: RecordShape): Uint8Array[] {
  return Array.from({ length: shape.blocksPerRecord }, (_, part) =>
    encodePart(value, digest.check, part, shape),
  );
}

/** @param check second half of the key's digest */
export function encodePart(
  value: Uint8Array,
  check: Uint8Array,
  part: number,
  { blockBytes }: RecordShape,
): Uint8Array {
  const content = new Uint8Array(contentBytes(blockBytes));
  new DataView(content.buffer).setUint32(0, value.length);
  content.set(check, 4);
  content.set(value.subarray(part * blockBytes, (part + 1) * blockBytes), CONTENT_HEADER_BYTES);
  return content;
}

/**
 * @returns the value, or undefined where the record belongs to another key with the same fingerprint
 * @throws OramError BUCKET_MALFORMED
 */
export function decodeRecord(
  contents: readonly Uint8Array[],
  digest: KeyDigest,
  shape: RecordShape,
): Uint8Array | undefined {
  const { check, value } = readRecord(contents, shape);
  return equalBytes(check, digest.check) ? value : undefined;
}

/** A record whoever's it is: for copying all of them. */
export function readRecord(
  contents: readonly Uint8Array[],
  { blockBytes, blocksPerRecord }: RecordShape,
): { readonly check: Uint8Array; readonly value: Uint8Array } {
  const [first] = contents;
  if (first === undefined) throw malformed();
  const length = new DataView(first.buffer, first.byteOffset).getUint32(0);
  if (length > blockBytes * blocksPerRecord) throw malformed();
  const value = new Uint8Array(length);
  for (const [part, content] of contents.entries()) {
    if (!equalBytes(content.subarray(0, CONTENT_HEADER_BYTES), first.subarray(0, CONTENT_HEADER_BYTES))) {
      throw malformed();
    }
    const end = Math.min(blockBytes, length - part * blockBytes);
    if (end > 0) {
      value.set(content.subarray(CONTENT_HEADER_BYTES, CONTENT_HEADER_BYTES + end), part * blockBytes);
    }
  }
  return { check: first.slice(4, CONTENT_HEADER_BYTES), value };
}

/**
 * Keys are compared as they are, byte for byte in UTF-8. Half of a surrogate pair has no UTF-8 of its own: all such
 * keys would become the same one.
 * @throws OramError VAULT_RECORD_KEY
 */
export function requireRecordKey(key: string): void {
  if (!key.isWellFormed()) {
    throw new OramError('VAULT_RECORD_KEY', 'a record key is text; this one holds half of a surrogate pair');
  }
  const bytes = Buffer.byteLength(key, 'utf8');
  if (bytes === 0 || bytes > MAX_KEY_BYTES) {
    throw new OramError('VAULT_RECORD_KEY', `a record key has 1 to ${MAX_KEY_BYTES} bytes, not ${bytes}`, {
      bytes,
    });
  }
}

/** @throws OramError VAULT_VALUE_TOO_LARGE */
export function requireValue(value: Uint8Array, { blockBytes, blocksPerRecord }: RecordShape): void {
  const bound = blockBytes * blocksPerRecord;
  if (value.length > bound) {
    const detail = `a record of this vault holds ${bound} bytes, and the value has ${value.length}; make a vault with larger blocks`;
    throw new OramError('VAULT_VALUE_TOO_LARGE', detail, { bound, bytes: value.length });
  }
}

function malformed(): OramError {
  return new OramError(
    'BUCKET_MALFORMED',
    'the blocks of a record do not belong together; the vault was altered',
  );
}
