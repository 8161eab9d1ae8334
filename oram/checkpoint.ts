/**
 * The client state in the reader's own table: a log of epochs, and checkpoints that keep the log short.
 *
 * A checkpoint writes the whole pool, one page (64 KB) of the position and version maps in turn, and a segment: the
 * changes of the maps since the checkpoint before, so that pages written earlier can be brought up to date. It covers
 * everything before the epoch that carries it, and is committed with that epoch. So its cost is spread evenly (a vault of
 * 2^20 blocks never writes its 15 MB of maps at once), and a cold open is one get of the head and then one batch of
 * parallel reads whose keys all follow from the head: pool, pages, segments, log.
 *
 * Every item has a fixed length and one of a fixed set of keys, each used in turn: pool and pages alternate between
 * two slots, segments and log are rings. Which version each of them must have is in the pool (the directory), whose
 * own version is in the head, or in the log's chain: an old item of the state table is noticed like one of the tree.
 */

import type { ClientState } from './client-state.ts';
import { deltaBytes, type EpochDelta, type EpochRecord, encodeDelta } from './epoch-record.ts';
import { NO_ID } from './ids.ts';
import { EPOCH_OPERATIONS, poolCapacity, type VaultParameters } from './parameters.ts';
import type { Sealer } from './sealing.ts';
import { contentBytes, PAGE_BYTES, POOL_CHUNK_BYTES } from './sizes.ts';
import type { Item, ItemKey } from './stores/store.ts';
import { TreeGeometry } from './tree-geometry.ts';

/** How the client state of a vault is cut into items. */
export interface StateLayout {
  readonly recordsPerPage: number;
  /** Plain bytes of a page of the position map. */
  readonly positionPageBytes: number;
  readonly positionPages: number;
  readonly bucketsPerPage: number;
  /** Plain bytes of a page of the version map. */
  readonly versionPageBytes: number;
  readonly pages: number;
  readonly poolBytes: number;
  readonly poolChunks: number;
  readonly segmentBytes: number;
  /** Segments in the ring: one more than are ever needed, so that none that is needed is written over. */
  readonly segmentRing: number;
  /** Log records in the ring: those since a checkpoint, and one epoch under way. */
  readonly logRing: number;
}

export function stateLayout(parameters: VaultParameters): StateLayout {
  const { capacity, blocksPerRecord, blockBytes, checkpointOperations } = parameters;
  const { bucketCount } = new TreeGeometry(parameters);
  const recordsPerPage = Math.min(capacity, Math.floor(PAGE_BYTES / (8 + 4 * blocksPerRecord)));
  const bucketsPerPage = Math.min(bucketCount, PAGE_BYTES / 4);
  const positionPages = Math.ceil(capacity / recordsPerPage);
  const pages = positionPages + Math.ceil(bucketCount / bucketsPerPage);
  const segmentRing = pages + 1;
  const poolBytes = 4 * (1 + pages + segmentRing) + poolCapacity(parameters) * (8 + contentBytes(blockBytes));
  return {
    recordsPerPage,
    positionPageBytes: recordsPerPage * (8 + 4 * blocksPerRecord),
    positionPages,
    bucketsPerPage,
    versionPageBytes: 4 * bucketsPerPage,
    pages,
    poolBytes,
    poolChunks: Math.ceil(poolBytes / POOL_CHUNK_BYTES),
    segmentBytes: deltaBytes(checkpointOperations + EPOCH_OPERATIONS, blocksPerRecord),
    segmentRing,
    logRing: checkpointOperations + EPOCH_OPERATIONS,
  };
}

/** Versions of the items of the client state, and what the next segment will hold. */
export class CheckpointLedger {
  readonly layout: StateLayout;
  number = 0;
  version: number;
  /** The last epoch that the checkpoint covers. */
  sequence: number;
  readonly pageVersions: Uint32Array;
  readonly segmentVersions: Uint32Array;
  deltas: EpochDelta[] = [];
  operations = 0;

  /** Of a generation that begins: all pages and the pool were written under `version`, before epoch `sequence` + 1. */
  constructor(layout: StateLayout, version: number, sequence: number) {
    this.layout = layout;
    this.version = version;
    this.sequence = sequence;
    this.pageVersions = new Uint32Array(layout.pages).fill(version);
    this.segmentVersions = new Uint32Array(layout.segmentRing);
  }

  /** Notes a committed epoch; where it carried a checkpoint, that as well. */
  committed(record: EpochRecord): void {
    if (record.checkpoint) {
      this.number += 1;
      this.version = record.version;
      this.sequence = record.sequence - 1;
      this.pageVersions[pageOfCheckpoint(this.layout, this.number)] = record.version;
      this.segmentVersions[this.number % this.layout.segmentRing] = record.version;
      this.deltas = [];
      this.operations = 0;
    }
    this.deltas.push(withoutContents(record));
    this.operations += record.operations.length;
  }
}

function withoutContents({ version, operations, accesses }: EpochRecord): EpochDelta {
  return {
    version,
    operations,
    accesses: accesses.map(({ block, leafRead, newLeaf }) => ({ block, leafRead, newLeaf })),
  };
}

/** The page that a checkpoint writes. */
export function pageOfCheckpoint({ pages }: StateLayout, checkpoint: number): number {
  return (checkpoint - 1) % pages;
}

/** The checkpoint that wrote a page last, as of checkpoint `now`; 0 is the vault's creation. */
export function checkpointOfPage({ pages }: StateLayout, page: number, now: number): number {
  return now <= page ? 0 : now - ((now - page - 1) % pages);
}

export function pageKey(sealer: Sealer, layout: StateLayout, page: number, checkpoint: number): ItemKey {
  const rounds = checkpoint === 0 ? 0 : 1 + (checkpoint - 1 - page) / layout.pages;
  return { partition: sealer.partition('page', page), sort: rounds % 2 === 0 ? '0' : '1' };
}

export function poolKey(sealer: Sealer, chunk: number, checkpoint: number): ItemKey {
  return { partition: sealer.partition('pool', chunk), sort: checkpoint % 2 === 0 ? '0' : '1' };
}

export function segmentKey(sealer: Sealer, layout: StateLayout, checkpoint: number): ItemKey {
  return { partition: sealer.partition('segment', checkpoint % layout.segmentRing), sort: '0' };
}

export function logKey(sealer: Sealer, layout: StateLayout, sequence: number): ItemKey {
  return { partition: sealer.partition('log', sequence % layout.logRing), sort: '0' };
}

/** The items of the next checkpoint, of the state as it is before the epoch that carries it. */
export function checkpointItems(
  state: ClientState,
  ledger: CheckpointLedger,
  sealer: Sealer,
  parameters: VaultParameters,
  version: number,
): Item[] {
  const { layout } = ledger;
  const number = ledger.number + 1;
  const page = pageOfCheckpoint(layout, number);
  const pageVersions = ledger.pageVersions.slice();
  const segmentVersions = ledger.segmentVersions.slice();
  pageVersions[page] = version;
  segmentVersions[number % layout.segmentRing] = version;
  const segment = new Uint8Array(layout.segmentBytes);
  const view = new DataView(segment.buffer);
  let offset = 0;
  for (const delta of ledger.deltas) offset = encodeDelta(delta, view, offset);
  const pool = encodePool(state, layout, parameters, pageVersions, segmentVersions);
  return [
    ...poolItems(pool, sealer, number, version),
    {
      key: segmentKey(sealer, layout, number),
      version,
      bytes: sealer.seal('segment', number, version, segment),
    },
    pageItem(state, sealer, layout, page, number, version),
  ];
}

/** All pages and the pool, as a generation begins. */
export function firstCheckpointItems(
  state: ClientState,
  sealer: Sealer,
  parameters: VaultParameters,
  version: number,
): Item[] {
  const layout = stateLayout(parameters);
  const pageVersions = new Uint32Array(layout.pages).fill(version);
  const pool = encodePool(state, layout, parameters, pageVersions, new Uint32Array(layout.segmentRing));
  return [
    ...poolItems(pool, sealer, 0, version),
    ...Array.from({ length: layout.pages }, (_, page) => pageItem(state, sealer, layout, page, 0, version)),
  ];
}

function poolItems(pool: Uint8Array, sealer: Sealer, checkpoint: number, version: number): Item[] {
  const items: Item[] = [];
  for (let chunk = 0; chunk * POOL_CHUNK_BYTES < pool.length; chunk++) {
    const plain = pool.subarray(chunk * POOL_CHUNK_BYTES, (chunk + 1) * POOL_CHUNK_BYTES);
    const bytes = sealer.seal('pool', chunk, version, plain);
    items.push({ key: poolKey(sealer, chunk, checkpoint), version, bytes });
  }
  return items;
}

function encodePool(
  state: ClientState,
  layout: StateLayout,
  { blockBytes }: VaultParameters,
  pageVersions: Uint32Array,
  segmentVersions: Uint32Array,
): Uint8Array {
  const bytes = new Uint8Array(layout.poolBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, state.pool.size);
  let offset = 4;
  for (const version of [...pageVersions, ...segmentVersions]) {
    view.setUint32(offset, version);
    offset += 4;
  }
  for (const { block, leaf, content } of state.pool.blocks()) {
    view.setUint32(offset, block);
    view.setUint32(offset + 4, leaf);
    bytes.set(content, offset + 8);
    offset += 8 + contentBytes(blockBytes);
  }
  while (offset < bytes.length) {
    view.setUint32(offset, NO_ID);
    offset += 8 + contentBytes(blockBytes);
  }
  return bytes;
}

function pageItem(
  state: ClientState,
  sealer: Sealer,
  layout: StateLayout,
  page: number,
  checkpoint: number,
  version: number,
): Item {
  const isPosition = page < layout.positionPages;
  const bytes = new Uint8Array(isPosition ? layout.positionPageBytes : layout.versionPageBytes);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  const put = (value: number | undefined) => {
    view.setUint32(offset, value ?? 0);
    offset += 4;
  };
  if (isPosition) {
    const { low, high, leaves, capacity, blocksPerRecord } = state.positions;
    const first = page * layout.recordsPerPage;
    const end = Math.min(capacity, first + layout.recordsPerPage);
    for (let record = first; record < end; record++) {
      put(low[record]);
      put(high[record]);
      for (let part = 0; part < blocksPerRecord; part++) put(leaves[record * blocksPerRecord + part]);
    }
  } else {
    const { entries } = state.versions;
    const first = (page - layout.positionPages) * layout.bucketsPerPage;
    const end = Math.min(entries.length, first + layout.bucketsPerPage);
    for (let place = first; place < end; place++) put(entries[place]);
  }
  return {
    key: pageKey(sealer, layout, page, checkpoint),
    version,
    bytes: sealer.seal('page', page, version, bytes),
  };
}
