/**
 * The access protocol: how one epoch of operations reads and writes the tree so that whoever keeps the table learns
 * nothing from it, not even from one that is cut off.
 *
 * Against the table's owner, who sees every request, keeps old versions, and may fail, delay or alter any answer:
 *
 * 1. Intent: the head is swapped for one that names, sealed, the blocks and leaves about to be read. Nothing is read
 *    before this is durable.
 * 2. The buckets on the union of these paths are read; each must be the version committed last and authenticate.
 * 3. New buckets go to the slots that are not current, and with them the epoch's log record and, when it is due, a
 *    checkpoint. What is committed stays untouched.
 * 4. Commit: the head is swapped again. Only now is anything acknowledged, and the client state changed.
 *
 * Four round trips. Cut off before 1, nothing happened. Cut off after, whoever comes next finds the intent and first
 * repeats exactly its paths, with fresh leaves for its blocks (Crooks et al., OSDI 2018, section 8, repeat the logged
 * paths of an aborted epoch in the same way). So which paths are read after a cut depends on what was intended before
 * it, and not on what is asked next: reading optimistically and retrying would show the leaf of the cut-off request
 * again exactly if the same record is asked for.
 *
 * One writer at a time: whoever wins the intent's swap. The others wait until its commit, or take over when the
 * head has not changed for their patience; a writer that was thought dead then fails its own commit, its puts
 * change nothing (version-map.ts), and it begins again with the state that the other left.
 */

import { decodeBucket } from './bucket.ts';
import { checkpointItems, logKey } from './checkpoint.ts';
import { type EpochRecord, encodeEpochRecord } from './epoch-record.ts';
import { OramError } from './errors.ts';
import { planEviction } from './eviction.ts';
import type { IntendedAccess } from './head.ts';
import type { HeadStore, HeldHead } from './head-store.ts';
import type { BlockId, BucketIndex, Leaf } from './ids.ts';
import type { VaultOptions } from './open-vault.ts';
import { applyOperations, type OperationOutcome, type ResolvedOperations } from './operations.ts';
import { poolCapacity } from './parameters.ts';
import type { PoolBlock } from './pool.ts';
import type { OpenedState } from './read-state.ts';
import { bucketKey, openBucket, SealedBuckets } from './sealed-buckets.ts';
import { freeAtOnce, type Sealer } from './sealing.ts';
import type { BucketPlace } from './tree-geometry.ts';

export interface EpochContext {
  readonly options: VaultOptions;
  readonly heads: HeadStore;
  readonly opened: OpenedState;
  readonly holder: string;
  readonly draw: () => Leaf;
}

export interface CommittedEpoch {
  readonly held: HeldHead;
  readonly outcomes: readonly OperationOutcome[];
}

/** Operations of the epoch that an intent announces. */
function sizeOf(accesses: readonly IntendedAccess[], blocksPerRecord: number): number {
  return accesses.length / blocksPerRecord;
}

/**
 * Steps 1 to 4.
 * @param held the head as last seen: committed, or for a recovery the intent that is repeated
 * @returns undefined where another process was first, or took over: nothing of this epoch is in force
 * @throws OramError of the stores, or of a check; the state is then as before, and if step 1 was done the intent
 * stands. A failed check proves nothing where the head went on meanwhile: another process took over, and wrote.
 */
export async function runEpoch(
  context: EpochContext,
  held: HeldHead,
  resolved: ResolvedOperations,
): Promise<CommittedEpoch | undefined> {
  const { options, heads, opened, holder, draw } = context;
  const { state, ledger } = opened;
  const { parameters } = held.head.body;
  const { accesses } = resolved;
  const size = sizeOf(accesses, parameters.blocksPerRecord);

  const intended = await heads.swap(
    held,
    { phase: 'intent', holder, accesses: held.head.body.accesses + resolved.operations.length },
    accesses,
  );
  if (intended === undefined) return undefined;
  const { version } = intended.head;

  const places = state.geometry.union(accesses.map(({ leaf }) => leaf));
  const { read, plaintexts } = await readPaths(context, intended.sealer, parameters.blockBytes, places);

  const found = new Map<BlockId, Uint8Array>();
  for (const blocks of read.values()) {
    for (const { block, content } of blocks) found.set(block, content);
  }
  const current = (block: BlockId): Uint8Array => {
    const content = found.get(block) ?? state.pool.find(block, state.positions.leafOf(block))?.content;
    if (content === undefined) {
      throw new OramError(
        'BUCKET_MALFORMED',
        'a block is neither on its path nor in the pool; the tree was altered',
      );
    }
    return content;
  };
  const applied = applyOperations(resolved, size, parameters, state, current, draw);
  const accessed = new Map<BlockId, Leaf>();
  const kept: PoolBlock[] = [];
  for (const { block, newLeaf, content } of applied.accesses) {
    if (block === undefined) continue;
    accessed.set(block, state.positions.leafOf(block));
    if (content !== undefined) kept.push({ block, leaf: newLeaf, content });
  }
  const eviction = planEviction({ geometry: state.geometry, pool: state.pool, places, read, accessed, kept });
  if (eviction.poolSize > poolCapacity(parameters)) {
    throw new OramError(
      'STASH_OVERFLOW',
      'the pool would exceed its bound; by chance this never happens: report it',
    );
  }

  const due = ledger.operations >= parameters.checkpointOperations;
  const record: EpochRecord = {
    sequence: state.sequence + 1,
    version,
    previousVersion: state.lastVersion,
    checkpoint: due,
    operations: applied.changes,
    accesses: applied.accesses,
    taken: eviction.taken,
  };
  const { sealer } = intended;
  const treeLevels = parameters.levels - parameters.cachedLevels;
  const log = {
    key: logKey(sealer, ledger.layout, record.sequence),
    version,
    bytes: sealer.seal(
      'log',
      record.sequence,
      version,
      encodeEpochRecord(record, { ...parameters, treeLevels, operations: size }),
    ),
  };
  const buckets = new SealedBuckets(sealer, parameters.blockBytes, version, places.length);
  for (const [index, place] of places.entries()) {
    buckets.add(place, state.versions.nextSlot(place.index), eviction.buckets[index] ?? []);
  }
  // Whatever stays of them was copied: into the new buckets, the log record and the answers.
  for (const bytes of plaintexts) freeAtOnce(bytes);
  const checkpoint = due ? checkpointItems(state, ledger, sealer, parameters, version) : [];
  const [treeWritten, stateWritten] = await Promise.all([
    options.tree.write(buckets.items),
    options.state.write([log, ...checkpoint]),
  ]);
  // Only now that both calls are over: where one failed, the other may still be under way.
  buckets.free();
  for (const { bytes } of [log, ...checkpoint]) freeAtOnce(bytes);
  if (!treeWritten) throw slotsAhead('BUCKET_STALE', 'tree');
  if (!stateWritten) throw slotsAhead('STATE_STALE', 'state');

  const stashMax = Math.max(held.head.body.stashMax, state.pool.stash);
  const committed = await heads.swap(intended, {
    phase: 'committed',
    sequence: record.sequence,
    lastVersion: version,
    stashMax,
    ...(due ? { checkpoint: { number: ledger.number + 1, version, sequence: record.sequence - 1 } } : {}),
  });
  if (committed === undefined) return undefined;
  state.apply(record);
  ledger.committed(record);
  return { held: committed, outcomes: applied.outcomes };
}

/** A put was refused: another process took over, or the table makes up versions. */
function slotsAhead(code: 'BUCKET_STALE' | 'STATE_STALE', table: string): OramError {
  return new OramError(code, `the ${table} table holds a later version of an item than anybody wrote`);
}

interface PathsRead {
  /** The contents are views of the plaintexts. */
  readonly read: ReadonlyMap<BucketIndex, readonly PoolBlock[]>;
  readonly plaintexts: readonly Uint8Array[];
}

async function readPaths(
  { options, opened: { state } }: EpochContext,
  sealer: Sealer,
  blockBytes: number,
  places: readonly BucketPlace[],
): Promise<PathsRead> {
  const items = await options.tree.read(
    places.map((place) => bucketKey(sealer, place, state.versions.slot(place.index))),
  );
  const read = new Map<BucketIndex, readonly PoolBlock[]>();
  const plaintexts: Uint8Array[] = [];
  for (const [index, place] of places.entries()) {
    const item = items[index];
    const plain = openBucket(sealer, place, state.versions.version(place.index), item);
    plaintexts.push(plain);
    read.set(place.index, decodeBucket(plain, blockBytes, place, state));
    // At once: the next plaintext goes where this ciphertext was.
    if (item !== undefined) freeAtOnce(item.bytes);
  }
  return { read, plaintexts };
}
