/**
 * Reading the client state: cold from its checkpoint and the log since, warm from the log alone.
 *
 * After the head, one batch of parallel reads. Every item must have the version that the head, the directory in the
 * pool or the chain of the log says, so that a state table that answers with old items is noticed.
 */

import { concatBytes } from '../mpc/bytes.ts';
import {
  CheckpointLedger,
  checkpointOfPage,
  logKey,
  pageKey,
  poolKey,
  type StateLayout,
  segmentKey,
  stateLayout,
} from './checkpoint.ts';
import { ClientState } from './client-state.ts';
import { decodeDeltas, decodeEpochRecord, type EpochDelta, type EpochRecord } from './epoch-record.ts';
import { OramError } from './errors.ts';
import type { Head } from './head.ts';
import { NO_ID, toBlockId, toLeaf } from './ids.ts';
import type { VaultParameters } from './parameters.ts';
import type { ItemKind, Sealer } from './sealing.ts';
import { contentBytes } from './sizes.ts';
import type { Item, ItemKey, ItemStore } from './stores/store.ts';

export interface OpenedState {
  readonly state: ClientState;
  readonly ledger: CheckpointLedger;
}

/**
 * The state as of the last committed epoch.
 * @throws OramError STATE_MISSING, STATE_STALE, STATE_FORGED, STATE_MALFORMED
 */
export async function readState(store: ItemStore, head: Head, sealer: Sealer): Promise<OpenedState> {
  const { parameters, checkpoint, sequence } = head.body;
  const layout = stateLayout(parameters);
  const pages = Array.from({ length: layout.pages }, (_, page) =>
    checkpointOfPage(layout, page, checkpoint.number),
  );
  const firstSegment = Math.min(...pages) + 1;
  const segmentNumbers = range(firstSegment, checkpoint.number);
  const sequences = range(checkpoint.sequence + 1, sequence);
  const [pool, pageItems, segments, log] = await readGroups(store, [
    range(0, layout.poolChunks - 1).map((chunk) => poolKey(sealer, chunk, checkpoint.number)),
    pages.map((written, page) => pageKey(sealer, layout, page, written)),
    segmentNumbers.map((number) => segmentKey(sealer, layout, number)),
    sequences.map((number) => logKey(sealer, layout, number)),
  ]);
  const open = (kind: ItemKind, index: number, version: number, item: Item | undefined) =>
    openItem(sealer, kind, index, version, item);

  const poolBytes = concatBytes(
    (pool ?? []).map((item, chunk) => open('pool', chunk, checkpoint.version, item)),
  );
  const state = new ClientState(parameters);
  const ledger = new CheckpointLedger(layout, checkpoint.version, checkpoint.sequence);
  ledger.number = checkpoint.number;
  decodePool(poolBytes, state, ledger, parameters);
  for (const [page, item] of (pageItems ?? []).entries()) {
    decodePage(open('page', page, ledger.pageVersions[page] ?? 0, item), page, state, layout);
  }
  for (const [index, item] of (segments ?? []).entries()) {
    const number = firstSegment + index;
    const version = ledger.segmentVersions[number % layout.segmentRing] ?? 0;
    for (const delta of decodeDeltas(open('segment', number, version, item), parameters.blocksPerRecord)) {
      patchOlderPages(state, delta, layout, pages, number);
    }
  }
  state.positions.reindex();
  state.sequence = checkpoint.sequence;
  for (const record of chain(log ?? [], head, sealer, state).records) {
    state.apply(record);
    // The epoch that carried the checkpoint is the first of the log; its checkpoint is what was just read.
    ledger.committed({ ...record, checkpoint: false });
  }
  state.lastVersion = head.body.lastVersion;
  return { state, ledger };
}

/**
 * Brings a warm state up to a later head.
 * @returns false where the log no longer reaches back so far: read it cold
 * @throws OramError STATE_MISSING, STATE_STALE, STATE_FORGED, STATE_MALFORMED
 */
export async function catchUp(
  store: ItemStore,
  head: Head,
  sealer: Sealer,
  { state, ledger }: OpenedState,
): Promise<boolean> {
  const sequences = range(state.sequence + 1, head.body.sequence);
  if (sequences.length >= ledger.layout.logRing) return false;
  const items = await store.read(sequences.map((number) => logKey(sealer, ledger.layout, number)));
  const { records, before } = chain(items, head, sealer, state);
  if (before !== state.lastVersion) {
    throw new OramError(
      'STATE_STALE',
      'the state table went on from another past than this process has seen; it was rolled back',
    );
  }
  for (const record of records) {
    state.apply(record);
    ledger.committed(record);
  }
  return true;
}

/**
 * The log records after `state.sequence`, checked as a chain from the head backwards.
 * @returns `before`: the version of the epoch that they follow
 */
function chain(
  items: readonly (Item | undefined)[],
  head: Head,
  sealer: Sealer,
  state: ClientState,
): { readonly records: readonly EpochRecord[]; readonly before: number } {
  const { parameters } = head.body;
  const sizes = { ...parameters, treeLevels: parameters.levels - parameters.cachedLevels };
  const records: EpochRecord[] = [];
  let version = head.body.lastVersion;
  for (let index = items.length - 1; index >= 0; index--) {
    const sequence = head.body.sequence - (items.length - 1 - index);
    const plain = openItem(sealer, 'log', sequence, version, items[index]);
    const record = decodeEpochRecord(plain, sizes, (leaves) => state.geometry.union(leaves).length);
    records.push(record);
    version = record.previousVersion;
  }
  return { records: records.reverse(), before: version };
}

function openItem(
  sealer: Sealer,
  kind: ItemKind,
  index: number,
  version: number,
  item: Item | undefined,
): Uint8Array {
  const facts = { kind, index };
  if (item === undefined) {
    throw new OramError(
      'STATE_MISSING',
      `the state table no longer holds ${kind} ${index}; restore the table`,
      facts,
    );
  }
  if (item.version !== version) {
    const detail = `the state table holds another version of ${kind} ${index} than was committed last`;
    throw new OramError('STATE_STALE', detail, facts);
  }
  const plain = sealer.open(kind, index, version, item.bytes);
  if (plain === undefined) {
    throw new OramError('STATE_FORGED', `${kind} ${index} of the client state did not authenticate`, facts);
  }
  return plain;
}

async function readGroups(
  store: ItemStore,
  groups: readonly (readonly ItemKey[])[],
): Promise<(readonly (Item | undefined)[])[]> {
  const items = await store.read(groups.flat());
  let start = 0;
  return groups.map((group) => {
    start += group.length;
    return items.slice(start - group.length, start);
  });
}

function decodePool(
  bytes: Uint8Array,
  state: ClientState,
  ledger: CheckpointLedger,
  parameters: VaultParameters,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length !== ledger.layout.poolBytes) throw malformed('the pool has the wrong length');
  const size = view.getUint32(0);
  let offset = 4;
  for (const versions of [ledger.pageVersions, ledger.segmentVersions]) {
    for (let index = 0; index < versions.length; index++, offset += 4)
      versions[index] = view.getUint32(offset);
  }
  const step = 8 + contentBytes(parameters.blockBytes);
  for (let entry = 0; entry < size; entry++, offset += step) {
    const block = offset + step <= bytes.length ? view.getUint32(offset) : NO_ID;
    if (block >= state.positions.leaves.length) throw malformed('the pool holds a block that does not exist');
    const leaf = toLeaf(view.getUint32(offset + 4));
    state.pool.add({ block: toBlockId(block), leaf, content: bytes.slice(offset + 8, offset + step) });
  }
}

function decodePage(bytes: Uint8Array, page: number, state: ClientState, layout: StateLayout): void {
  const expected = page < layout.positionPages ? layout.positionPageBytes : layout.versionPageBytes;
  if (bytes.length !== expected) throw malformed(`page ${page} has the wrong length`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = 0;
  const next = () => {
    offset += 4;
    return view.getUint32(offset - 4);
  };
  if (page < layout.positionPages) {
    const { low, high, leaves, capacity, blocksPerRecord } = state.positions;
    const first = page * layout.recordsPerPage;
    const end = Math.min(capacity, first + layout.recordsPerPage);
    for (let record = first; record < end; record++) {
      low[record] = next();
      high[record] = next();
      for (let part = 0; part < blocksPerRecord; part++) leaves[record * blocksPerRecord + part] = next();
    }
    return;
  }
  const { entries } = state.versions;
  const first = (page - layout.positionPages) * layout.bucketsPerPage;
  const end = Math.min(entries.length, first + layout.bucketsPerPage);
  for (let place = first; place < end; place++) entries[place] = next();
}

/** A page that checkpoint c wrote contains everything up to segment c. */
function patchOlderPages(
  state: ClientState,
  delta: EpochDelta,
  layout: StateLayout,
  written: readonly number[],
  segment: number,
): void {
  state.patch(delta, {
    position: (record) => (written[Math.floor(record / layout.recordsPerPage)] ?? 0) < segment,
    version: (place) =>
      (written[layout.positionPages + Math.floor(place / layout.bucketsPerPage)] ?? 0) < segment,
  });
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function malformed(detail: string): OramError {
  return new OramError(
    'STATE_MALFORMED',
    `${detail}; the state table was altered or belongs to another version`,
  );
}
