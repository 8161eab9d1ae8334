/**
 * Records from a file: JSON lines `{"key", "value"}` or CSV (RFC 4180) under the header `key,value`, read as a stream.
 *
 * A file is one or the other by its name (.jsonl, .ndjson, .json, .csv) or else by its first character. Both are
 * UTF-8, with or without a byte-order mark; blank lines are skipped, nothing is trimmed. What is malformed is
 * refused with its line and field, so that it can be put right in place; a message never quotes the file, since
 * its records are secret.
 */

import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import * as z from 'zod/mini';
import { OramError, type OramErrorCode } from './errors.ts';
import type { VaultRecord } from './vault.ts';

export interface RecordFile {
  /** Shown in errors; its extension decides the format. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface RecordLimits {
  /** Longest value that the vault holds. */
  readonly valueBytes: number;
}

/** The largest value, 1 MB, with every character escaped as six, and room for a key of the same kind. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** What a vault takes as a key; OramError VAULT_RECORD_KEY says the same. */
const MAX_KEY_BYTES = 1024;

const COLUMNS = ['key', 'value'] as const;

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** A column, or the whole line where no column can be told. */
type Field = (typeof COLUMNS)[number] | 'header' | 'record';

interface Place {
  readonly file: string;
  /** From 1; of a record that spans lines the last. */
  readonly line: number;
}

/**
 * The records of the file in their order.
 * @throws OramError VAULT_RECORDS_MALFORMED, VAULT_RECORD_KEY, VAULT_VALUE_TOO_LARGE; facts {file, line, field}
 */
export async function* readRecords(file: RecordFile, limits: RecordLimits): AsyncGenerator<VaultRecord> {
  const { chunks, json } = await detect(file);
  const rows = json ? jsonRows(chunks, file.name) : csvRows(chunks, file.name);
  for await (const { place, key, value } of rows) {
    const keyBytes = bytesOf(key, place, 'key').length;
    if (keyBytes < 1 || keyBytes > MAX_KEY_BYTES) {
      const detail = `a key has 1 to ${MAX_KEY_BYTES} bytes, not ${keyBytes}`;
      throw refusal(place, 'key', detail, 'VAULT_RECORD_KEY');
    }
    const bytes = bytesOf(value, place, 'value');
    if (bytes.length > limits.valueBytes) {
      const detail = `the value has ${bytes.length} bytes, and a record of this vault holds ${limits.valueBytes}`;
      throw refusal(place, 'value', detail, 'VAULT_VALUE_TOO_LARGE');
    }
    yield { key, value: bytes };
  }
}

interface Row {
  readonly place: Place;
  readonly key: string;
  readonly value: string;
}

const jsonRecordSchema = z.strictObject({ key: z.string(), value: z.string() });

async function* jsonRows(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Row> {
  for await (const { place, bytes } of linesOf(chunks, file)) {
    const text = textOf(bytes, place, 'record');
    if (text.trim() === '') continue;
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      // The parser's own error quotes the line.
      throw refusal(place, 'record', 'the line is not a JSON object on a line of its own');
    }
    const parsed = z.safeParse(jsonRecordSchema, document);
    if (!parsed.success) {
      const named = COLUMNS.find((column) => parsed.error.issues.some(({ path }) => path[0] === column));
      const detail =
        named === undefined ? 'the line is not {"key", "value"} and nothing else' : 'it must be a text';
      throw refusal(place, named ?? 'record', detail);
    }
    yield { place, ...parsed.data };
  }
}

/** Lines without their line feeds. */
async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<{ readonly place: Place; readonly bytes: Uint8Array }> {
  let line = 1;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield { place: { file, line }, bytes: Buffer.concat([...pending, chunk.subarray(start, end)]) };
      pending = [];
      pendingBytes = 0;
      line++;
      start = end + 1;
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) {
      throw refusal({ file, line }, 'record', `the line is longer than ${MAX_LINE_BYTES} bytes`);
    }
  }
  yield { place: { file, line }, bytes: Buffer.concat(pending) };
}

const csvRowSchema = z.object({
  record: z.array(z.instanceof(Uint8Array)),
  info: z.object({ lines: z.number() }),
});

const csvErrorSchema = z.object({ code: z.string(), lines: z.number() });

async function* csvRows(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Row> {
  // Cells stay bytes, so that what is no UTF-8 can be told from what is.
  const parser = parse({
    encoding: null,
    info: true,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_BYTES,
  });
  pipeline(Readable.from(chunks), parser, () => {
    // The iteration below throws what went wrong.
  });
  let headerRead = false;
  try {
    for await (const parsed of parser) {
      const { record, info } = z.parse(csvRowSchema, parsed);
      const place = { file, line: info.lines };
      const [first, second, ...others] = record;
      const cells = record.map((cell, index) => textOf(cell, place, COLUMNS[index] ?? 'record'));
      if (!headerRead) {
        if (cells.map((cell) => cell.trim().toLowerCase()).join() !== COLUMNS.join()) {
          throw refusal(place, 'header', `the first line must be ${COLUMNS.join()}`);
        }
        headerRead = true;
      } else if (first === undefined || second === undefined || others.length > 0) {
        throw refusal(place, 'record', `the line has ${record.length} fields instead of ${COLUMNS.length}`);
      } else yield { place, key: cells[0] ?? '', value: cells[1] ?? '' };
    }
  } catch (error) {
    if (error instanceof OramError) throw error;
    // The parser's own error quotes the line: only its code and line are kept.
    const parsed = z.safeParse(csvErrorSchema, error);
    if (!parsed.success) throw error;
    throw refusal({ file, line: parsed.data.lines }, 'record', `the line is not CSV (${parsed.data.code})`);
  }
}

/** @returns which format it is, and all of its bytes but the byte-order mark */
async function detect({
  name,
  chunks,
}: RecordFile): Promise<{ readonly json: boolean; readonly chunks: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  let ended = false;
  while (!ended && head.length < BYTE_ORDER_MARK.length) {
    const { value, done } = await iterator.next();
    if (done === true) ended = true;
    else head = Buffer.concat([head, value]);
  }
  const marked = BYTE_ORDER_MARK.every((byte, index) => head[index] === byte);
  const body = marked ? head.subarray(BYTE_ORDER_MARK.length) : head;
  const extension = /\.(jsonl|ndjson|json|csv)$/i.exec(name)?.[1]?.toLowerCase();
  const json =
    extension === undefined ? /^\s*\{/.test(Buffer.from(body).toString('latin1')) : extension !== 'csv';
  return { json, chunks: withHead(body, iterator) };
}

async function* withHead(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array, place: Place, field: Field): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw refusal(place, field, 'it is not UTF-8 text: save the file in that encoding');
  }
}

/** Half of a surrogate pair, which JSON can spell, has no UTF-8 form. */
function bytesOf(text: string, place: Place, field: Field): Uint8Array {
  if (!text.isWellFormed()) throw refusal(place, field, 'it has half a character (a lone surrogate)');
  return new TextEncoder().encode(text);
}

function refusal(
  { file, line }: Place,
  field: Field,
  detail: string,
  code: OramErrorCode = 'VAULT_RECORDS_MALFORMED',
): OramError {
  return new OramError(code, `${file}, line ${line}, field ${field}: ${detail}`, { file, line, field });
}
