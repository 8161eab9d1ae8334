/**
 * Everything a vault's writer remembers between two epochs, and how a committed epoch changes it.
 *
 * `apply` is the only way it changes: the live writer applies the record of its own epoch once it is committed, a
 * cold one replays those since the checkpoint, a warm one those that others committed. So all of them agree.
 */

import type { EpochDelta, EpochRecord } from './epoch-record.ts';
import type { VaultParameters } from './parameters.ts';
import { Pool } from './pool.ts';
import { PositionMap } from './position-map.ts';
import { TreeGeometry } from './tree-geometry.ts';
import { VersionMap } from './version-map.ts';

export class ClientState {
  readonly geometry: TreeGeometry;
  readonly positions: PositionMap;
  readonly versions: VersionMap;
  readonly pool: Pool;
  /** Of the last committed epoch. */
  sequence = 0;
  lastVersion = 0;

  constructor(parameters: VaultParameters) {
    this.geometry = new TreeGeometry(parameters);
    this.positions = new PositionMap(parameters.capacity, parameters.blocksPerRecord);
    this.versions = new VersionMap(this.geometry);
    this.pool = new Pool(this.geometry);
  }

  /** One committed epoch, the next after `sequence`. */
  apply(record: EpochRecord): void {
    const { positions, pool } = this;
    for (const { block } of record.accesses) {
      if (block !== undefined) pool.remove(block, positions.leafOf(block));
    }
    for (const change of record.operations) {
      if (change !== undefined) positions.assign(change.record, change.fingerprint);
    }
    for (const { block, newLeaf, content } of record.accesses) {
      if (block === undefined) continue;
      positions.move(block, newLeaf);
      if (content !== undefined) pool.add({ block, leaf: newLeaf, content });
    }
    const union = this.geometry.union(record.accesses.map(({ leafRead }) => leafRead));
    for (const [index, place] of union.entries()) {
      const count = record.taken[index] ?? 0;
      if (count > 0) pool.take(place, count);
      this.versions.advance(place.index, record.version);
    }
    this.sequence = record.sequence;
    this.lastVersion = record.version;
  }

  /**
   * Brings those places of the maps up to date that were read from pages written before this epoch.
   * @param isOlder whether the page that holds this place of the map was written before it
   */
  patch(
    delta: EpochDelta,
    isOlder: { position(record: number): boolean; version(place: number): boolean },
  ): void {
    const { positions, versions, geometry } = this;
    for (const change of delta.operations) {
      if (change === undefined || !isOlder.position(change.record)) continue;
      positions.low[change.record] = change.fingerprint?.low ?? 0;
      positions.high[change.record] = change.fingerprint?.high ?? 0;
    }
    for (const { block, newLeaf } of delta.accesses) {
      if (block !== undefined && isOlder.position(positions.recordOf(block))) positions.move(block, newLeaf);
    }
    for (const { index } of geometry.union(delta.accesses.map(({ leafRead }) => leafRead))) {
      if (isOlder.version(index - geometry.firstBucket)) versions.advance(index, delta.version);
    }
  }
}
