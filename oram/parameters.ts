/**
 * The public parameters of a vault: what everybody who watches it may know.
 *
 * Path ORAM (Stefanov et al., CCS 2013; arXiv 1202.5150) with Z = 4. Two choices differ from the paper:
 * a leaf for every four blocks ("compact", half of all slots filled) instead of one for every block, and the top
 * levels of the tree held by the client, where they are one pool with the stash (pool.ts says why that is the same
 * scheme). Both are justified, with measurements, in docs/oram.md.
 *
 * Sizes are in bytes. The block size is best tuned to what DynamoDB bills (1 KB written, 4 KB read); `tacit vault
 * cost` shows the next edges.
 */

import * as z from 'zod/mini';
import { OramError } from './errors.ts';
import { bucketItemBytes, logItemBytes, scanBytes } from './sizes.ts';
import { MAX_ITEM_BYTES, writeUnits } from './stores/units.ts';

/** Blocks in a bucket: Z of the paper, the smallest for which its simulations show a bounded stash. */
export const BUCKET_SIZE = 4;

/** Slots of the tree for each block that it must hold: one leaf for four blocks makes two. */
const BLOCKS_PER_LEAF = 4;

/**
 * Blocks the stash may hold: exceeded less than once in 2^80 accesses at Z = 4 (Stefanov et al., Journal of the
 * ACM 2018, table of maximal stash sizes).
 */
export const STASH_BOUND = 89;

/** Operations in an epoch that serves several callers or a batch: their paths share about 97 buckets of 2^16 blocks. */
export const EPOCH_OPERATIONS = 8;

/**
 * A record this small would be cheaper as it is in the index. Eight of the largest are in one log record, which is an
 * item of at most 400 KB; larger records belong in an object store.
 */
export const BLOCK_BYTES_BOUNDS = { min: 16, max: 48 * 1024 } as const;

/** 2^24 records: their position map is 200 MB, beyond what one function should carry. */
export const CAPACITY_BOUNDS = { min: 1, max: 2 ** 24 } as const;

/** Public size classes: every record of a vault takes that many blocks, and every operation touches that many. */
export const BLOCKS_PER_RECORD = [1, 2, 4, 8, 16] as const;

/** A sealed item of 64 KB is read and rewritten for 64 write units in two round trips; a tree takes four. */
export const SCAN_MAX_BYTES = 64 * 1024;

/** The largest item DynamoDB takes is 400 KB; a scanned vault beyond this is refused. */
const SCAN_LIMIT_BYTES = 380 * 1024;

/** The pool is written anew at every checkpoint and held in memory: not more than this for the cached levels. */
const POOL_MAX_BYTES = 1280 * 1024;

/** At least so many levels stay in the table: the pool is then at most a sixteenth of the tree. */
const MIN_TREE_LEVELS = 5;

/** A checkpoint is due when the log since the last one has this many bytes or operations: one page of reads at a cold open. */
const LOG_TAIL_BYTES = 1024 * 1024;
const LOG_TAIL_OPERATIONS = { min: 32, max: 512 } as const;

const powerOfTwoUpTo = (max: number) =>
  z.int().check(
    z.minimum(1),
    z.maximum(max),
    z.refine((value) => (value & (value - 1)) === 0),
  );

export const vaultParametersSchema = z.strictObject({
  layout: z.enum(['tree', 'scan']),
  /** Records. */
  capacity: z.int().check(z.minimum(CAPACITY_BOUNDS.min), z.maximum(CAPACITY_BOUNDS.max)),
  /** Bytes of a value that one block carries. */
  blockBytes: z.int().check(z.minimum(BLOCK_BYTES_BOUNDS.min), z.maximum(BLOCK_BYTES_BOUNDS.max)),
  blocksPerRecord: powerOfTwoUpTo(16),
  /** Levels of the whole tree, root and leaves included; 0 for a scanned vault. */
  levels: z.int().check(z.minimum(0), z.maximum(30)),
  /** Levels from the root down that the client holds; fewer than `levels`. */
  cachedLevels: z.int().check(z.minimum(0), z.maximum(20)),
  /** Operations between two checkpoints of the client state. */
  checkpointOperations: z.int().check(z.minimum(1), z.maximum(4096)),
});

export type VaultParameters = z.infer<typeof vaultParametersSchema>;

export interface VaultSizes {
  readonly records: number;
  readonly blockBytes: number;
  /** Default 1. */
  readonly blocksPerRecord?: number;
  /** Default: `scan` where everything fits an item of 64 KB, else `tree`. */
  readonly layout?: 'tree' | 'scan';
  /** Default: what makes an access cheapest in write units. */
  readonly cachedLevels?: number;
}

/**
 * Fills in what follows from the sizes.
 * @throws OramError VAULT_PARAMETERS with the bound that was missed
 */
export function chooseParameters(sizes: VaultSizes): VaultParameters {
  const { records, blockBytes, blocksPerRecord = 1 } = sizes;
  requireBetween('records', records, CAPACITY_BOUNDS);
  requireBetween('block bytes', blockBytes, BLOCK_BYTES_BOUNDS);
  if (!BLOCKS_PER_RECORD.some((count) => count === blocksPerRecord)) {
    throw refusal(`a record takes ${BLOCKS_PER_RECORD.join(', ')} blocks, not ${blocksPerRecord}`);
  }
  const basis = { capacity: records, blockBytes, blocksPerRecord };
  const layout = sizes.layout ?? (scanBytes(basis) <= SCAN_MAX_BYTES ? 'scan' : 'tree');
  if (layout === 'scan') {
    if (scanBytes(basis) > SCAN_LIMIT_BYTES) {
      throw refusal(
        `a scanned vault is one item of at most ${SCAN_LIMIT_BYTES} bytes; this one would have ${scanBytes(basis)}`,
      );
    }
    return { ...basis, layout, levels: 0, cachedLevels: 0, checkpointOperations: 1 };
  }
  const leaves = Math.max(2, Math.ceil((records * blocksPerRecord) / BLOCKS_PER_LEAF));
  const levels = 1 + Math.ceil(Math.log2(leaves));
  if (levels > 25) throw refusal(`${records} records of ${blocksPerRecord} blocks are more than 2^26 blocks`);
  const cachedLevels = sizes.cachedLevels ?? cheapestCachedLevels(levels, blockBytes, blocksPerRecord);
  requireBetween('cached levels', cachedLevels, { min: 0, max: Math.min(20, levels - 1) });
  const treeLevels = levels - cachedLevels;
  const largest = logItemBytes({ operations: EPOCH_OPERATIONS, blockBytes, blocksPerRecord, treeLevels });
  if (largest > MAX_ITEM_BYTES) {
    throw refusal(
      `what an epoch of ${EPOCH_OPERATIONS} records changes is one item of at most ${MAX_ITEM_BYTES} bytes; these would take ${largest}, so make records smaller`,
    );
  }
  const checkpointOperations = operationsPerCheckpoint(blockBytes, blocksPerRecord, treeLevels);
  return { ...basis, layout, levels, cachedLevels, checkpointOperations };
}

/** Blocks that the pool may hold: what the cached buckets could, and the stash. */
export function poolCapacity({ cachedLevels }: Pick<VaultParameters, 'cachedLevels'>): number {
  return BUCKET_SIZE * (2 ** cachedLevels - 1) + STASH_BOUND;
}

/** Longest value of a record, bytes. */
export function valueBytes({ blockBytes, blocksPerRecord }: VaultParameters): number {
  return blockBytes * blocksPerRecord;
}

/** A level more in the client saves a bucket for every access and doubles what every checkpoint writes. */
function cheapestCachedLevels(levels: number, blockBytes: number, blocksPerRecord: number): number {
  const bucketUnits = writeUnits(bucketItemBytes(blockBytes));
  let best = { cachedLevels: 0, units: Number.POSITIVE_INFINITY };
  for (let cachedLevels = 0; cachedLevels <= Math.max(0, levels - MIN_TREE_LEVELS); cachedLevels++) {
    const poolBytes = poolCapacity({ cachedLevels }) * blockBytes;
    if (cachedLevels > 0 && poolBytes > POOL_MAX_BYTES) break;
    const every = operationsPerCheckpoint(blockBytes, blocksPerRecord, levels - cachedLevels);
    const units = (levels - cachedLevels) * bucketUnits * blocksPerRecord + poolBytes / 1024 / every;
    if (units < best.units) best = { cachedLevels, units };
  }
  return best.cachedLevels;
}

function operationsPerCheckpoint(blockBytes: number, blocksPerRecord: number, treeLevels: number): number {
  const fitting = Math.floor(
    LOG_TAIL_BYTES / logItemBytes({ operations: 1, blockBytes, blocksPerRecord, treeLevels }),
  );
  return Math.min(LOG_TAIL_OPERATIONS.max, Math.max(LOG_TAIL_OPERATIONS.min, fitting));
}

function requireBetween(what: string, value: number, { min, max }: { min: number; max: number }): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw refusal(`${what} must be a whole number from ${min} to ${max}, not ${value}`);
  }
}

function refusal(detail: string): OramError {
  return new OramError('VAULT_PARAMETERS', detail);
}
