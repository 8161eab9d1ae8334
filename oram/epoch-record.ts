/**
 * What one epoch changed in the client state, and its layout in the log: the same number of bytes for any epoch of
 * as many operations, whatever they were.
 *
 * Replaying the records in order from a checkpoint gives the client state exactly, pool contents included: a record
 * carries the content of each block that was accessed (the only blocks that can newly enter the pool), and for each
 * bucket how many blocks went there from the pool. Versions and slots of buckets follow from the leaves read.
 */

import { OramError } from './errors.ts';
import { type BlockId, type Leaf, NO_ID, type RecordId, toBlockId, toLeaf, toRecordId } from './ids.ts';
import type { Fingerprint } from './position-map.ts';
import {
  contentBytes,
  LOG_ACCESS_BYTES,
  LOG_HEADER_BYTES,
  LOG_OPERATION_BYTES,
  type LogShape,
  logBytes,
} from './sizes.ts';

/** Stands in a content's length field for "this block is not kept". */
const NO_CONTENT = 0xffff_ffff;
const CHECKPOINT_FLAG = 1;

/** How one operation changed the index; undefined where it changed nothing. */
export interface OperationChange {
  readonly record: RecordId;
  /** Undefined: the record is gone. */
  readonly fingerprint: Fingerprint | undefined;
}

/** One path read, and what became of the block it was read for. */
export interface AccessChange {
  readonly leafRead: Leaf;
  /** Undefined for a dummy. */
  readonly block: BlockId | undefined;
  readonly newLeaf: Leaf;
  /** Undefined where there is no block, or it is gone. */
  readonly content: Uint8Array | undefined;
}

export interface EpochRecord {
  /** 1, 2, 3, ... */
  readonly sequence: number;
  /** Of the intent; buckets and log record were written under it. */
  readonly version: number;
  /** Of the epoch before: a chain to the checkpoint. */
  readonly previousVersion: number;
  /** Whether the state before this epoch was checkpointed along with it. */
  readonly checkpoint: boolean;
  readonly operations: readonly (OperationChange | undefined)[];
  readonly accesses: readonly AccessChange[];
  /** Blocks that each bucket took from the pool, in the order of `TreeGeometry.union`. */
  readonly taken: Uint8Array;
}

export function encodeEpochRecord(record: EpochRecord, shape: LogShape): Uint8Array {
  const bytes = new Uint8Array(logBytes(shape));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, record.sequence);
  view.setUint32(4, record.version);
  view.setUint32(8, record.previousVersion);
  view.setUint16(12, record.operations.length);
  view.setUint16(14, record.checkpoint ? CHECKPOINT_FLAG : 0);
  let offset = LOG_HEADER_BYTES;
  for (const operation of record.operations) {
    view.setUint32(offset, operation?.record ?? NO_ID);
    view.setUint32(offset + 4, operation?.fingerprint?.low ?? 0);
    view.setUint32(offset + 8, operation?.fingerprint?.high ?? 0);
    offset += LOG_OPERATION_BYTES;
  }
  const step = LOG_ACCESS_BYTES + contentBytes(shape.blockBytes);
  for (const access of record.accesses) {
    view.setUint32(offset, access.block ?? NO_ID);
    view.setUint32(offset + 4, access.leafRead);
    view.setUint32(offset + 8, access.newLeaf);
    if (access.content === undefined) view.setUint32(offset + LOG_ACCESS_BYTES, NO_CONTENT);
    else bytes.set(access.content, offset + LOG_ACCESS_BYTES);
    offset += step;
  }
  bytes.set(record.taken, offset);
  return bytes;
}

/**
 * @param countTaken how many buckets the paths to these leaves have
 * @throws OramError STATE_MALFORMED
 */
export function decodeEpochRecord(
  bytes: Uint8Array,
  sizes: Omit<LogShape, 'operations'>,
  countTaken: (leaves: readonly Leaf[]) => number,
): EpochRecord {
  if (bytes.length < LOG_HEADER_BYTES) throw malformed('a log record is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const operationCount = view.getUint16(12);
  const shape = { ...sizes, operations: operationCount };
  if (bytes.length !== logBytes(shape)) throw malformed('a log record has the wrong length');
  let offset = LOG_HEADER_BYTES;
  const operations: (OperationChange | undefined)[] = [];
  for (let index = 0; index < operationCount; index++) {
    operations.push(decodeOperation(view, offset));
    offset += LOG_OPERATION_BYTES;
  }
  const accesses: AccessChange[] = [];
  for (let index = 0; index < operationCount * sizes.blocksPerRecord; index++) {
    const block = view.getUint32(offset);
    const start = offset + LOG_ACCESS_BYTES;
    const end = start + contentBytes(sizes.blockBytes);
    accesses.push({
      block: block === NO_ID ? undefined : toBlockId(block),
      leafRead: toLeaf(view.getUint32(offset + 4)),
      newLeaf: toLeaf(view.getUint32(offset + 8)),
      content: view.getUint32(start) === NO_CONTENT ? undefined : bytes.slice(start, end),
    });
    offset = end;
  }
  return {
    sequence: view.getUint32(0),
    version: view.getUint32(4),
    previousVersion: view.getUint32(8),
    checkpoint: (view.getUint16(14) & CHECKPOINT_FLAG) !== 0,
    operations,
    accesses,
    taken: bytes.slice(offset, offset + countTaken(accesses.map(({ leafRead }) => leafRead))),
  };
}

/** What a page of the position or version map needs of an epoch: no contents, no counts. */
export type EpochDelta = Pick<EpochRecord, 'version' | 'operations'> & {
  readonly accesses: readonly Omit<AccessChange, 'content'>[];
};

const DELTA_HEADER_BYTES = 8;
const DELTA_STEP_BYTES = 12;

/** Most bytes that the deltas of so many operations take, if each is an epoch of its own. */
export function deltaBytes(operations: number, blocksPerRecord: number): number {
  return operations * (DELTA_HEADER_BYTES + DELTA_STEP_BYTES * (1 + blocksPerRecord));
}

/**
 * Writes the delta at `offset`.
 * @returns where the next one begins
 */
export function encodeDelta(delta: EpochDelta, view: DataView, offset: number): number {
  view.setUint32(offset, delta.version);
  view.setUint32(offset + 4, delta.operations.length);
  let next = offset + DELTA_HEADER_BYTES;
  for (const operation of delta.operations) {
    view.setUint32(next, operation?.record ?? NO_ID);
    view.setUint32(next + 4, operation?.fingerprint?.low ?? 0);
    view.setUint32(next + 8, operation?.fingerprint?.high ?? 0);
    next += DELTA_STEP_BYTES;
  }
  for (const access of delta.accesses) {
    view.setUint32(next, access.block ?? NO_ID);
    view.setUint32(next + 4, access.leafRead);
    view.setUint32(next + 8, access.newLeaf);
    next += DELTA_STEP_BYTES;
  }
  return next;
}

/**
 * @param bytes deltas one after the other, then zeros
 * @throws OramError STATE_MALFORMED
 */
export function decodeDeltas(bytes: Uint8Array, blocksPerRecord: number): EpochDelta[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const deltas: EpochDelta[] = [];
  let offset = 0;
  while (offset + DELTA_HEADER_BYTES <= bytes.length) {
    const version = view.getUint32(offset);
    const operationCount = view.getUint32(offset + 4);
    if (operationCount === 0) break;
    offset += DELTA_HEADER_BYTES;
    const accessCount = operationCount * blocksPerRecord;
    if (offset + DELTA_STEP_BYTES * (operationCount + accessCount) > bytes.length) {
      throw malformed('a delta segment ends within an epoch');
    }
    const operations: (OperationChange | undefined)[] = [];
    for (let index = 0; index < operationCount; index++, offset += DELTA_STEP_BYTES) {
      operations.push(decodeOperation(view, offset));
    }
    const accesses: Omit<AccessChange, 'content'>[] = [];
    for (let index = 0; index < accessCount; index++, offset += DELTA_STEP_BYTES) {
      const block = view.getUint32(offset);
      accesses.push({
        block: block === NO_ID ? undefined : toBlockId(block),
        leafRead: toLeaf(view.getUint32(offset + 4)),
        newLeaf: toLeaf(view.getUint32(offset + 8)),
      });
    }
    deltas.push({ version, operations, accesses });
  }
  return deltas;
}

function decodeOperation(view: DataView, offset: number): OperationChange | undefined {
  const record = view.getUint32(offset);
  if (record === NO_ID) return undefined;
  const low = view.getUint32(offset + 4);
  const high = view.getUint32(offset + 8);
  const fingerprint = low === 0 && high === 0 ? undefined : { low, high };
  return { record: toRecordId(record), fingerprint };
}

function malformed(detail: string): OramError {
  return new OramError('STATE_MALFORMED', detail);
}
