/**
 * What the owner of a vault's tree table sees: every request as it arrives at the table, with its size and the
 * answer's, written down at once, so that a killed process leaves what it showed.
 *
 * A line is one request. Requests become accesses as their owner would group them: an access begins where buckets
 * are read after others were written, or where a process or its work begins. Its leaves are the places, from the
 * left, of the deepest buckets read. What is no access is left out, since it depends on the sizes of the vault
 * alone: filling a whole tree (`create`, `load`, `reshuffle`), and what opening a vault reads of this table without
 * writing. Opening one whose last access was cut off repeats that access; this is shown.
 *
 * The file is bounded: past 16 MB it becomes the older of two, which are at least the last 10,000 accesses of a
 * vault of 2^16 records.
 */

import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { TAG_CHARACTERS } from '../oram/sizes.ts';
import { olderTraceFile, type VaultPlaces } from './vault-directory.ts';

/** Accesses that can be asked for. */
export const MAX_TRACED_ACCESSES = 10_000;

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const FILE_MODE = 0o600;

const READS: readonly string[] = ['GetItem', 'BatchGetItem'];

/** One request to the tree table. */
export interface TableRequest {
  /** DynamoDB's name of the operation. */
  readonly op: string;
  readonly items: number;
  /** Bodies of the request and of its answer together. */
  readonly bytes: number;
  /** Partition keys that it names. */
  readonly partitions: readonly string[];
}

export interface TracedCall {
  readonly op: string;
  readonly items: number;
  /** As sent and received: bodies of the request and of its answer together. */
  readonly bytes: number;
}

export interface TracedAccess {
  readonly calls: readonly TracedCall[];
  /** From the left, ascending; none for a scanned vault, which has no tree. */
  readonly leaves: readonly number[];
}

const lineSchema = z.strictObject({
  op: z.string(),
  items: z.int(),
  bytes: z.int(),
  /** Of buckets read: their index in level order, the root's being 0. */
  buckets: z.optional(z.array(z.int())),
  /** The first request of a process or of its work. */
  first: z.optional(z.literal(true)),
  /** Sent while the vault was being opened. */
  opening: z.optional(z.literal(true)),
});

type Line = z.infer<typeof lineSchema>;

/** Writes requests down; one process at a time (`vault-lock.ts`). */
export class TraceRecorder {
  readonly #path: string;
  #file: number;
  #bytes: number;
  #first = true;
  #opening = false;

  constructor({ traceFile }: VaultPlaces) {
    this.#path = traceFile;
    this.#file = openSync(traceFile, 'a', FILE_MODE);
    this.#bytes = fstatSync(this.#file).size;
  }

  /** What follows belongs to no access before. */
  begin({ opening }: { readonly opening: boolean }): void {
    this.#first = true;
    this.#opening = opening;
  }

  record({ op, items, bytes, partitions }: TableRequest): void {
    if (op === 'BatchWriteItem') return;
    const reads = READS.includes(op);
    const line: Line = {
      op,
      items,
      bytes,
      ...(reads ? { buckets: partitions.flatMap(bucketIndexOf) } : {}),
      ...(this.#first ? { first: true } : {}),
      ...(this.#opening ? { opening: true } : {}),
    };
    this.#first = false;
    if (reads && this.#bytes > MAX_FILE_BYTES) this.#turnOver();
    this.#bytes += writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }

  #turnOver(): void {
    closeSync(this.#file);
    renameSync(this.#path, olderTraceFile(this.#path));
    this.#file = openSync(this.#path, 'a', FILE_MODE);
    this.#bytes = 0;
  }
}

/** The last accesses, oldest first. */
export async function readTrace({ traceFile }: VaultPlaces, last: number): Promise<readonly TracedAccess[]> {
  const lines = linesOf(await textOf(traceFile));
  const recent = accessesOf(lines);
  if (recent.length >= last) return recent.slice(-last);
  return accessesOf([...linesOf(await textOf(olderTraceFile(traceFile))), ...lines]).slice(-last);
}

interface Group {
  readonly calls: TracedCall[];
  readonly buckets: number[];
  readonly opening: boolean;
  written: boolean;
}

function accessesOf(lines: readonly Line[]): readonly TracedAccess[] {
  const groups: Group[] = [];
  for (const { op, items, bytes, buckets, first, opening = false } of lines) {
    let group = groups.at(-1);
    if (group === undefined || first === true || (buckets !== undefined && group.written)) {
      group = { calls: [], buckets: [], opening, written: false };
      groups.push(group);
    }
    group.calls.push({ op, items, bytes });
    group.buckets.push(...(buckets ?? []));
    group.written ||= buckets === undefined;
  }
  return groups
    .filter(({ opening, written }) => written || !opening)
    .map(({ calls, buckets }) => ({ calls, leaves: deepestOf(buckets) }));
}

/** Bucket 2^level - 1 + position is at `position` from the left of its level. */
function deepestOf(buckets: readonly number[]): readonly number[] {
  const level = Math.floor(Math.log2(Math.max(0, ...buckets) + 1));
  const positions = buckets.map((index) => index - (2 ** level - 1)).filter((position) => position >= 0);
  return [...new Set(positions)].sort((a, b) => a - b);
}

/** The owner reads it off the key: a tag, the letter of buckets, eight hexadecimal digits. */
function bucketIndexOf(partition: string): readonly number[] {
  const digits = /^b([0-9a-f]{8})$/.exec(partition.slice(TAG_CHARACTERS))?.[1];
  return digits === undefined ? [] : [Number.parseInt(digits, 16)];
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

/** What is no line of ours, such as a part of one where the disk was full, is no call either. */
function linesOf(text: string): readonly Line[] {
  return text.split('\n').flatMap((line) => {
    const parsed = z.safeParse(lineSchema, parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
