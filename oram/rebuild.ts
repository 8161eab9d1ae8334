/**
 * Placing a whole vault anew: for its creation, for loading records, after a restored backup, on suspicion, and to
 * rotate keys.
 *
 * Everything that is read is read in the order of the buckets, everything is written anew in that order under
 * fresh leaves, keys and places, and one swap of the head puts it in force: the trace depends on the parameters
 * alone, and a process that is stopped leaves the vault as it was. Meanwhile the head says `rebuild`, which others wait
 * for; it is swapped every few seconds as a sign of life, and once more before anything counts.
 *
 * A new generation takes the version of the head that announced it as its number, which no other will ever have; so
 * what an unfinished one left behind is in nobody's way, and the head remembers it for removal (`leftover`).
 *
 * Cost: one read and one write of the tree, and one delete of the old one. All records are in memory meanwhile.
 */

import type { KeyObject } from 'node:crypto';
import { decodeBucket } from './bucket.ts';
import { CheckpointLedger, firstCheckpointItems, stateLayout } from './checkpoint.ts';
import { ClientState } from './client-state.ts';
import { isIntegrityFailure, OramError } from './errors.ts';
import { generationKeys } from './generation-keys.ts';
import type { HeldHead } from './head-store.ts';
import { NO_ID, type RecordId, toBlockId, toRecordId } from './ids.ts';
import { BUCKET_SIZE } from './parameters.ts';
import { placeBlocks } from './placement.ts';
import type { PoolBlock } from './pool.ts';
import { randomLeaves } from './random-leaves.ts';
import type { OpenedState } from './read-state.ts';
import { encodePart, readRecord, requireRecordKey, requireValue } from './record-content.ts';
import { RecordKeys } from './record-keys.ts';
import { bucketKey, openBucket, SealedBuckets } from './sealed-buckets.ts';
import { freeAtOnce } from './sealing.ts';
import type { Item, ItemKey } from './stores/store.ts';
import type { BucketPlace } from './tree-geometry.ts';
import type { TreeWriter } from './tree-writer.ts';
import type { BulkOptions, Progress, VaultRecord } from './vault.ts';

/** Buckets in one go: a few requests of each kind, and memory for them. */
const BUCKETS_AT_ONCE = 500;

/** Well below the patience of others. */
const SIGN_OF_LIFE_MS = 2_000;

/** A record without its key, which the vault does not hold. */
interface HeldRecord {
  readonly check: Uint8Array;
  readonly value: Uint8Array;
}

export interface RebuildRequest extends BulkOptions {
  readonly additions?: Iterable<VaultRecord> | AsyncIterable<VaultRecord>;
  readonly acceptLoss?: boolean;
  readonly newKey?: KeyObject;
}

export interface Rebuilt {
  readonly kept: number;
  readonly lost: number;
}

export class Rebuild {
  readonly #writer: TreeWriter;
  readonly #request: RebuildRequest;
  readonly #generation: number;
  #held: HeldHead;
  #lastSignMs: number;

  /** @param held a head of phase `rebuild` that this writer put */
  constructor(writer: TreeWriter, held: HeldHead, request: RebuildRequest) {
    this.#writer = writer;
    this.#held = held;
    this.#request = request;
    this.#generation = held.head.body.leftover ?? held.head.version;
    this.#lastSignMs = writer.options.clock.now();
  }

  /**
   * @param from what is in force; undefined for a vault that is being made
   * @throws OramError VAULT_BUSY where another process took over; the reason of the signal; the failures of checks
   */
  async run(from: OpenedState | undefined): Promise<Rebuilt> {
    const { options } = this.#writer;
    const announced = this.#held.head;
    const { parameters } = announced.body;
    const generation = this.#generation;
    const state = new ClientState(parameters);
    const records = new Map<RecordId, HeldRecord>();
    const lost = from === undefined ? 0 : await this.#readAll(from, state, records);
    await this.#add(state, records, new RecordKeys(announced.body.digestKey));

    const draw = randomLeaves(state.geometry, options.random);
    const blocks = new Uint32Array(records.size * parameters.blocksPerRecord);
    let next = 0;
    for (const record of records.keys()) {
      for (let part = 0; part < parameters.blocksPerRecord; part++) {
        const block = state.positions.blockOf(record, part);
        state.positions.move(block, draw());
        blocks[next] = block;
        next += 1;
      }
    }
    this.#report('placing', blocks.length, blocks.length);
    const sealer = this.#writer.heads.sealer(announced.vaultId, generation, this.#request.newKey);
    await this.#writeAll(state, blocks, records, sealer, generation);

    const swapped = await this.#writer.heads.swap(
      this.#held,
      {
        phase: 'committed',
        lastVersion: generation,
        checkpoint: { number: 0, version: generation, sequence: announced.body.sequence },
        stashMax: state.pool.stash,
        poisonedBy: null,
        leftover: from === undefined ? null : announced.generation,
      },
      [],
      { number: generation, sealer, key: this.#request.newKey },
    );
    if (swapped === undefined) return await this.#giveUp();
    state.sequence = announced.body.sequence;
    state.lastVersion = generation;
    const ledger = new CheckpointLedger(stateLayout(parameters), generation, announced.body.sequence);
    this.#writer.adopt(swapped, { state, ledger });
    return { kept: records.size, lost };
  }

  /** @returns how many records could not be read */
  async #readAll(from: OpenedState, to: ClientState, records: Map<RecordId, HeldRecord>): Promise<number> {
    const { parameters } = this.#held.head.body;
    const { sealer } = this.#held;
    const { geometry, versions, pool, positions } = from.state;
    const contents = new Map<number, Uint8Array>();
    for (const { block, content } of pool.blocks()) contents.set(block, content);
    const places = allPlaces(from.state);
    for (let first = 0; first < places.length; first += BUCKETS_AT_ONCE) {
      const some = places.slice(first, first + BUCKETS_AT_ONCE);
      const items = await this.#readSome(
        some.map((place) => bucketKey(sealer, place, versions.slot(place.index))),
      );
      for (const [index, place] of some.entries()) {
        this.#open(place, items[index], from.state, contents);
      }
      await this.#step('reading', first + some.length, geometry.bucketCount);
    }
    let lost = 0;
    for (let record = toRecordId(0); record < parameters.capacity; record = toRecordId(record + 1)) {
      if (!positions.isUsed(record)) continue;
      const parts = Array.from({ length: parameters.blocksPerRecord }, (_, part) =>
        contents.get(positions.blockOf(record, part)),
      ).filter((part) => part !== undefined);
      if (parts.length < parameters.blocksPerRecord) {
        if (this.#request.acceptLoss !== true) throw notWhole();
        lost += 1;
        continue;
      }
      records.set(record, readRecord(parts, parameters));
      const fingerprint = { low: positions.low[record] ?? 0, high: positions.high[record] ?? 0 };
      to.positions.assign(record, fingerprint);
    }
    return lost;
  }

  /** Where loss is accepted, an item that is none costs no more than itself. */
  async #readSome(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> {
    const { tree } = this.#writer.options;
    try {
      return await tree.read(keys);
    } catch (error) {
      if (this.#request.acceptLoss !== true || !isIntegrityFailure(error)) throw error;
      if (keys.length === 1) return [undefined];
    }
    const items: (Item | undefined)[] = [];
    for (const key of keys) items.push(...(await this.#readSome([key])));
    return items;
  }

  /** Adds copies of what the bucket holds. */
  #open(
    place: BucketPlace,
    item: Item | undefined,
    state: ClientState,
    contents: Map<number, Uint8Array>,
  ): void {
    const { blockBytes } = this.#held.head.body.parameters;
    try {
      const plain = openBucket(this.#held.sealer, place, state.versions.version(place.index), item);
      for (const { block, content } of decodeBucket(plain, blockBytes, place, state)) {
        contents.set(block, content.slice());
      }
      freeAtOnce(plain);
    } catch (error) {
      if (this.#request.acceptLoss === true && isIntegrityFailure(error)) return;
      throw error;
    }
    if (item !== undefined) freeAtOnce(item.bytes);
  }

  async #add(state: ClientState, records: Map<RecordId, HeldRecord>, keys: RecordKeys): Promise<void> {
    const { parameters } = this.#held.head.body;
    let added = 0;
    for await (const { key, value } of this.#request.additions ?? []) {
      requireRecordKey(key);
      requireValue(value, parameters);
      const digest = keys.digest(key);
      const known = state.positions.find(digest);
      if (
        known !== undefined &&
        Buffer.compare(records.get(known)?.check ?? digest.check, digest.check) !== 0
      ) {
        throw new OramError(
          'VAULT_KEY_COLLISION',
          'two record keys have the same fingerprint; use another key',
        );
      }
      const record = known ?? state.positions.free(new Set());
      if (record === undefined) {
        const detail = `the vault holds ${parameters.capacity} records and there are more; make a larger one`;
        throw new OramError('VAULT_FULL', detail, { capacity: parameters.capacity });
      }
      if (known === undefined) state.positions.assign(record, digest);
      records.set(record, { check: digest.check, value });
      added += 1;
      if (added % BUCKETS_AT_ONCE === 0) await this.#step('reading', records.size, parameters.capacity);
    }
  }

  async #writeAll(
    state: ClientState,
    blocks: Uint32Array,
    records: ReadonlyMap<RecordId, HeldRecord>,
    sealer: HeldHead['sealer'],
    version: number,
  ): Promise<void> {
    const { options } = this.#writer;
    const { parameters } = this.#held.head.body;
    const contentOf = (id: number): PoolBlock => {
      const block = toBlockId(id);
      const record = records.get(state.positions.recordOf(block));
      if (record === undefined) throw notWhole();
      const content = encodePart(record.value, record.check, id % parameters.blocksPerRecord, parameters);
      return { block, leaf: state.positions.leafOf(block), content };
    };
    const placement = placeBlocks(state, blocks);
    for (const block of placement.pool) state.pool.add(contentOf(block));
    const places = allPlaces(state);
    for (let first = 0; first < places.length; first += BUCKETS_AT_ONCE) {
      const some = places.slice(first, first + BUCKETS_AT_ONCE);
      const buckets = new SealedBuckets(sealer, parameters.blockBytes, version, some.length);
      for (const [index, place] of some.entries()) {
        const slot = (first + index) * BUCKET_SIZE;
        const ids = placement.buckets.subarray(slot, slot + BUCKET_SIZE).filter((id) => id !== NO_ID);
        const blocks = Array.from(ids, contentOf);
        buckets.add(place, '0', blocks);
        for (const { content } of blocks) freeAtOnce(content);
        state.versions.begin(place.index, version);
      }
      await options.tree.fill(buckets.items);
      buckets.free();
      await this.#step('writing', first + some.length, places.length);
    }
    await options.state.fill(firstCheckpointItems(state, sealer, parameters, version));
  }

  /** Removes what it wrote, which nobody else would now find, and says that nothing of it is in force. */
  async #giveUp(): Promise<never> {
    try {
      await removeGeneration(this.#writer, this.#held, this.#generation);
    } catch (error) {
      if (!(error instanceof OramError)) throw error;
    }
    throw takenOver();
  }

  /** Progress, a stop where it was asked for, and a sign of life. */
  async #step(phase: Progress['phase'], done: number, total: number): Promise<void> {
    this.#request.signal?.throwIfAborted();
    this.#report(phase, done, total);
    const now = this.#writer.options.clock.now();
    if (now - this.#lastSignMs < SIGN_OF_LIFE_MS) return;
    this.#lastSignMs = now;
    const held = await this.#writer.heads.swap(this.#held, {});
    if (held === undefined) return await this.#giveUp();
    this.#held = held;
  }

  #report(phase: Progress['phase'], done: number, total: number): void {
    this.#request.onProgress?.({ phase, done, total });
  }
}

/** Deletes everything a generation has in both tables. */
export async function removeGeneration(
  writer: TreeWriter,
  held: HeldHead,
  generation: number,
  { onProgress }: BulkOptions = {},
): Promise<void> {
  const sealer = writer.heads.sealer(held.head.vaultId, generation);
  const { tree, state } = generationKeys(sealer, held.head.body.parameters);
  for (let first = 0; first < tree.length; first += BUCKETS_AT_ONCE) {
    await writer.options.tree.remove(tree.slice(first, first + BUCKETS_AT_ONCE));
    onProgress?.({
      phase: 'removing',
      done: Math.min(tree.length, first + BUCKETS_AT_ONCE),
      total: tree.length,
    });
  }
  await writer.options.state.remove(state);
}

function allPlaces({ geometry }: ClientState): BucketPlace[] {
  const places: BucketPlace[] = [];
  for (let level = geometry.cachedLevels; level < geometry.levels; level++) {
    for (let position = 0; position < 2 ** level; position++) places.push(geometry.place(level, position));
  }
  return places;
}

export function takenOver(): OramError {
  return new OramError(
    'VAULT_BUSY',
    'another process took the vault over meanwhile; the vault is as it was: try again',
  );
}

function notWhole(): OramError {
  return new OramError('BUCKET_MALFORMED', 'a record is not whole; the tree was altered');
}
