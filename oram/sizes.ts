/**
 * Exact sizes of everything a vault stores, from its parameters alone: what the codecs lay out, what the cost model
 * charges, what the trace shows. A size here never depends on what a vault holds.
 */

import { itemBytes } from './stores/units.ts';

/** AES-256-GCM: 12 bytes of nonce before, 16 of tag after (NIST SP 800-38D). */
export const SEAL_BYTES = 28;

/** Of a block's content: 4 bytes of length, 8 of the record key's digest; then the payload. */
export const CONTENT_HEADER_BYTES = 12;

/** In a bucket each block has its identifier before its content. */
export const BLOCK_ID_BYTES = 4;

const BUCKET_SLOTS = 4;

/** Text before the kind and index of a key: 12 characters of base64url, drawn for each generation of a vault. */
export const TAG_CHARACTERS = 12;

/** One letter for the kind and 8 hexadecimal digits for the index follow the tag. */
export const PARTITION_CHARACTERS = TAG_CHARACTERS + 9;

/** Which of two alternating slots. */
const SORT_CHARACTERS = 1;

/** Sequence, version and previous version (4 bytes each), operations (4). */
export const LOG_HEADER_BYTES = 16;

/** Record identifier (4), fingerprint (8). */
export const LOG_OPERATION_BYTES = 12;

/** Block identifier, leaf read, new leaf (4 each); the block's content follows. */
export const LOG_ACCESS_BYTES = 12;

export function contentBytes(blockBytes: number): number {
  return CONTENT_HEADER_BYTES + blockBytes;
}

/** Of a bucket before sealing. */
export function bucketBytes(blockBytes: number): number {
  return BUCKET_SLOTS * (BLOCK_ID_BYTES + contentBytes(blockBytes));
}

/** Billed bytes of an item whose data are `plainBytes` sealed. */
export function sealedItemBytes(plainBytes: number): number {
  return itemBytes(
    { partition: '.'.repeat(PARTITION_CHARACTERS), sort: '.'.repeat(SORT_CHARACTERS) },
    plainBytes + SEAL_BYTES,
  );
}

export function bucketItemBytes(blockBytes: number): number {
  return sealedItemBytes(bucketBytes(blockBytes));
}

export interface LogShape {
  readonly operations: number;
  readonly blockBytes: number;
  readonly blocksPerRecord: number;
  /** Levels of the tree that are in the table. */
  readonly treeLevels: number;
}

/** Of the log record of one epoch before sealing: one new block and one count for each bucket, padded to the most. */
export function logBytes({ operations, blockBytes, blocksPerRecord, treeLevels }: LogShape): number {
  const accesses = operations * blocksPerRecord;
  return (
    LOG_HEADER_BYTES +
    operations * LOG_OPERATION_BYTES +
    accesses * (LOG_ACCESS_BYTES + contentBytes(blockBytes) + treeLevels)
  );
}

export function logItemBytes(shape: LogShape): number {
  return sealedItemBytes(logBytes(shape));
}

/** Of a scanned vault's only item: every record padded, its key's digest (16), length (4) and payload. */
export function scanBytes(sizes: { capacity: number; blockBytes: number; blocksPerRecord: number }): number {
  const { capacity, blockBytes, blocksPerRecord } = sizes;
  return sealedItemBytes(SCAN_HEADER_BYTES + capacity * (SCAN_RECORD_BYTES + blockBytes * blocksPerRecord));
}

/** How many records there are. */
export const SCAN_HEADER_BYTES = 4;

/** Digest of the record key (16) and length of the value (4); all zero where no record is. */
export const SCAN_RECORD_BYTES = 20;

/** The head in JSON, padded: parameters, counters and where the checkpoint is. */
export const HEAD_JSON_BYTES = 640;

/** Before the sealed part: layout (1), vault (16), generation (4), key check (8). */
export const HEAD_CLEAR_BYTES = 29;

/** A block identifier and a leaf for each access of the largest epoch, and how many operations it has. */
export function headBytes(blocksPerRecord: number): number {
  return HEAD_CLEAR_BYTES + SEAL_BYTES + HEAD_JSON_BYTES + 4 + 8 * MOST_OPERATIONS * blocksPerRecord;
}

/** Operations of the largest epoch. */
export const MOST_OPERATIONS = 8;

/** Plain bytes of a page of the position or version map at most; a smaller map is one smaller page. */
export const PAGE_BYTES = 65_536;

/** Plain bytes of a part of the pool; DynamoDB takes items of 400 KB. */
export const POOL_CHUNK_BYTES = 307_200;
