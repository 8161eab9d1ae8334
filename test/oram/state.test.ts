/**
 * The client state and its items: the position map against a Map, codecs that are exact and of constant length, the
 * arithmetic of checkpoints against brute force, and live, warm and cold states that are the same.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBucket, encodeBucket } from '../../oram/bucket.ts';
import { checkpointOfPage, pageKey, pageOfCheckpoint, stateLayout } from '../../oram/checkpoint.ts';
import { ClientState } from '../../oram/client-state.ts';
import {
  type AccessChange,
  decodeDeltas,
  decodeEpochRecord,
  deltaBytes,
  type EpochRecord,
  encodeDelta,
  encodeEpochRecord,
  type OperationChange,
} from '../../oram/epoch-record.ts';
import { generationKeys } from '../../oram/generation-keys.ts';
import { HeadStore } from '../../oram/head-store.ts';
import { NO_ID, type RecordId, toBlockId, toLeaf, toRecordId } from '../../oram/ids.ts';
import { PositionMap } from '../../oram/position-map.ts';
import { type OpenedState, readState } from '../../oram/read-state.ts';
import { contentBytes, logBytes } from '../../oram/sizes.ts';
import { keyIdentifier } from '../../oram/stores/keys.ts';
import { TreeGeometry } from '../../oram/tree-geometry.ts';
import { TreeWriter } from '../../oram/tree-writer.ts';
import { VersionMap } from '../../oram/version-map.ts';
import { newVault, open, optionsFor, text, treeParameters } from './tree-world.ts';

describe('the position map', () => {
  // Few distinct low halves, so that probes are long and wrap around.
  const fingerprint = fc.record({
    low: fc.constantFrom(0, 1, 2, 6, 7, 8, 15, 0xffff_fff7, 0xffff_ffff),
    high: fc.integer({ min: 1, max: 3 }),
  });

  test('is a Map, whatever is assigned and removed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.record({ fingerprint, remove: fc.boolean(), reindex: fc.nat({ max: 9 }) }), {
          maxLength: 60,
        }),
        (capacity, steps) => {
          const map = new PositionMap(capacity, 2);
          const model = new Map<string, RecordId>();
          for (const { fingerprint, remove, reindex } of steps) {
            const name = `${fingerprint.low}.${fingerprint.high}`;
            const known = map.find(fingerprint);
            expect(known).toBe(model.get(name));
            if (known !== undefined && remove) {
              map.assign(known, undefined);
              model.delete(name);
            } else if (known === undefined && !remove) {
              const record = map.free(new Set());
              expect(record === undefined).toBe(model.size === capacity);
              if (record === undefined) continue;
              expect([...model.values()]).not.toContain(record);
              map.assign(record, fingerprint);
              model.set(name, record);
            }
            if (reindex === 0) map.reindex();
            expect(map.records).toBe(model.size);
            for (const [other, record] of model) {
              const [low, high] = other.split('.').map(Number);
              expect(map.find({ low: low!, high: high! })).toBe(record);
              expect(map.isUsed(record)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('gives out free places, each once while it is reserved', () => {
    const map = new PositionMap(5, 1);
    map.assign(toRecordId(3), { low: 1, high: 1 });
    const reserved = new Set<RecordId>();
    for (let record = map.free(reserved); record !== undefined; record = map.free(reserved))
      reserved.add(record);
    expect([...reserved].sort()).toEqual([0, 1, 2, 4]);
  });

  test('may give a record another fingerprint at once', () => {
    const map = new PositionMap(2, 1);
    map.assign(toRecordId(1), { low: 1, high: 1 });
    map.assign(toRecordId(1), { low: 2, high: 1 });
    expect([map.find({ low: 1, high: 1 }), map.find({ low: 2, high: 1 }), map.records]).toEqual([
      undefined,
      1,
      1,
    ]);
  });
});

describe('the version map', () => {
  test('alternates slots and keeps 31 bits of version', () => {
    const geometry = new TreeGeometry({ levels: 3, cachedLevels: 1 });
    const map = new VersionMap(geometry);
    const { index } = geometry.place(2, 3);
    map.begin(index, 5);
    expect([map.slot(index), map.nextSlot(index), map.version(index)]).toEqual(['0', '1', 5]);
    map.advance(index, 2 ** 31 - 1);
    expect([map.slot(index), map.nextSlot(index), map.version(index)]).toEqual(['1', '0', 2 ** 31 - 1]);
    map.advance(index, 2 ** 31 - 2);
    expect([map.slot(index), map.version(index)]).toEqual(['0', 2 ** 31 - 2]);
    expect(map.version(geometry.place(1, 0).index)).toBe(0);
  });
});

const uint32 = fc.integer({ min: 0, max: NO_ID - 1 });

function recordsOf(blocksPerRecord: number, blockBytes: number) {
  const geometry = new TreeGeometry({ levels: 6, cachedLevels: 2 });
  const operation: fc.Arbitrary<OperationChange | undefined> = fc.option(
    fc.record({
      record: uint32.map(toRecordId),
      fingerprint: fc.option(fc.record({ low: uint32, high: fc.integer({ min: 1, max: NO_ID }) }), {
        nil: undefined,
      }),
    }),
    { nil: undefined },
  );
  const content = fc
    .uint8Array({ minLength: contentBytes(blockBytes), maxLength: contentBytes(blockBytes) })
    .map((bytes) => {
      // The length of a value is far below the mark for "no content".
      bytes[0] = 0;
      return bytes;
    });
  const leaf = fc.nat({ max: 31 }).map(toLeaf);
  const access: fc.Arbitrary<AccessChange> = fc.record({
    leafRead: leaf,
    block: fc.option(uint32.map(toBlockId), { nil: undefined }),
    newLeaf: leaf,
    content: fc.option(content, { nil: undefined }),
  });
  return fc.constantFrom(1, 8).chain((size) =>
    fc
      .record({
        sequence: uint32,
        version: uint32,
        previousVersion: uint32,
        checkpoint: fc.boolean(),
        operations: fc.array(operation, { minLength: size, maxLength: size }),
        accesses: fc.array(access, { minLength: size * blocksPerRecord, maxLength: size * blocksPerRecord }),
      })
      .map((record): EpochRecord => {
        const { length } = geometry.union(record.accesses.map(({ leafRead }) => leafRead));
        return { ...record, taken: Uint8Array.from({ length }, (_, index) => index % 5) };
      }),
  );
}

describe('the log', () => {
  test.each([
    [1, 16],
    [2, 40],
    [4, 16],
  ])(
    'keeps an epoch of records of %i blocks exactly, in a length that says nothing',
    (blocksPerRecord, blockBytes) => {
      const geometry = new TreeGeometry({ levels: 6, cachedLevels: 2 });
      const sizes = { blockBytes, blocksPerRecord, treeLevels: 4 };
      fc.assert(
        fc.property(recordsOf(blocksPerRecord, blockBytes), (record) => {
          const shape = { ...sizes, operations: record.operations.length };
          const bytes = encodeEpochRecord(record, shape);
          expect(bytes.length).toBe(logBytes(shape));
          expect(decodeEpochRecord(bytes, sizes, (leaves) => geometry.union(leaves).length)).toEqual(record);
          for (const wrong of [bytes.subarray(1), new Uint8Array([...bytes, 0]), bytes.subarray(0, 8)]) {
            expect(() => decodeEpochRecord(wrong, sizes, () => 0)).toThrow('STATE_MALFORMED');
          }
        }),
      );
    },
  );

  test('keeps the deltas of a segment exactly, up to its bound', () => {
    fc.assert(
      fc.property(fc.array(recordsOf(2, 16), { maxLength: 6 }), (records) => {
        const deltas = records.map(({ version, operations, accesses }) => ({
          version,
          operations,
          accesses: accesses.map(({ block, leafRead, newLeaf }) => ({ block, leafRead, newLeaf })),
        }));
        const operations = deltas.reduce((sum, delta) => sum + delta.operations.length, 0);
        const segment = new Uint8Array(deltaBytes(operations + 1, 2));
        const view = new DataView(segment.buffer);
        let length = 0;
        for (const delta of deltas) length = encodeDelta(delta, view, length);
        expect(length).toBeLessThanOrEqual(deltaBytes(operations, 2));
        expect(decodeDeltas(segment, 2)).toEqual(deltas);
        if (length > 0)
          expect(() => decodeDeltas(segment.subarray(0, length - 1), 2)).toThrow('STATE_MALFORMED');
      }),
    );
  });
});

describe('a bucket', () => {
  const state = new ClientState({ ...treeParameters({ capacity: 8 }), levels: 3, cachedLevels: 0 });
  for (let record = 0; record < 6; record++) {
    state.positions.assign(toRecordId(record), { low: record, high: 1 });
    state.positions.move(toBlockId(record), toLeaf(record % 4));
  }
  const entry = (block: number) => ({
    block: toBlockId(block),
    leaf: state.positions.leafOf(toBlockId(block)),
    content: new Uint8Array(contentBytes(16)).fill(block),
  });
  const root = state.geometry.place(0, 0);
  const malformed = (bytes: Uint8Array, place = root) =>
    expect(() => decodeBucket(bytes, 16, place, state)).toThrow('BUCKET_MALFORMED');

  test('holds up to four blocks, in a length that does not say how many', () => {
    for (let count = 0; count <= 4; count++) {
      const blocks = Array.from({ length: count }, (_, block) => entry(block));
      const bytes = encodeBucket(blocks, 16);
      expect(bytes.length).toBe(encodeBucket([], 16).length);
      expect(decodeBucket(bytes, 16, root, state)).toEqual(blocks);
    }
  });

  test('is refused with blocks that cannot be there', () => {
    malformed(encodeBucket([entry(1)], 16), state.geometry.place(2, 0));
    malformed(encodeBucket([entry(7)], 16));
    malformed(encodeBucket([entry(8)], 16));
    malformed(encodeBucket([entry(1)], 16).subarray(1));
    malformed(encodeBucket([entry(1)], 17));
  });
});

describe('checkpoints', () => {
  const layouts = [1, 2, 3, 7].map((pages) => ({
    ...stateLayout(treeParameters({ capacity: 12 })),
    pages,
    segmentRing: pages + 1,
  }));

  test.each(layouts)('write $pages pages in turn, and say where each is', (layout) => {
    const { pages, segmentRing } = layout;
    const sealer = new HeadStore(optionsFor({ tree: undefined!, state: undefined! })).sealer(
      new Uint8Array(16),
      1,
    );
    const written = new Array<number>(pages).fill(0);
    const slots = new Map<string, number>();
    const segments = new Array<number>(segmentRing).fill(0);
    for (let page = 0; page < pages; page++) slots.set(keyIdentifier(pageKey(sealer, layout, page, 0)), 0);
    for (let now = 0; now <= 4 * pages + 3; now++) {
      if (now > 0) {
        const page = pageOfCheckpoint(layout, now);
        const key = keyIdentifier(pageKey(sealer, layout, page, now));
        // The page that is in force until this checkpoint is committed stays.
        expect(key).not.toBe(keyIdentifier(pageKey(sealer, layout, page, written[page]!)));
        const oldest = Math.min(...written);
        const overwritten = segments[now % segmentRing]!;
        expect(overwritten === 0 || overwritten <= oldest).toBe(true);
        written[page] = now;
        slots.set(key, now);
        segments[now % segmentRing] = now;
      }
      for (let page = 0; page < pages; page++) {
        const last = checkpointOfPage(layout, page, now);
        expect(last).toBe(written[page]);
        expect(slots.get(keyIdentifier(pageKey(sealer, layout, page, last)))).toBe(last);
      }
      for (let segment = Math.min(...written) + 1; segment <= now; segment++) {
        expect(segments[segment % segmentRing]).toBe(segment);
      }
    }
  });

  test('name every item that a vault puts, and no other', async () => {
    const { tables, vault } = await newVault({ capacity: 20, cachedLevels: 2, checkpointOperations: 2 });
    for (let round = 0; round < 60; round++) await vault.put(`${round % 20}`, text('x'));
    const { head, sealer } = await new HeadStore(optionsFor(tables)).read();
    const { tree, state } = generationKeys(sealer, head.body.parameters);
    const known = (keys: typeof tree) => new Set(keys.map(keyIdentifier));
    for (const { key } of tables.tree.items()) expect(known(tree)).toContain(keyIdentifier(key));
    for (const { key } of tables.state.items()) {
      if (key.partition !== 'vault:records') expect(known(state)).toContain(keyIdentifier(key));
    }
    expect(tables.state.size).toBe(state.length + 1);
  });
});

function everythingOf({ state, ledger }: OpenedState) {
  return {
    positions: [state.positions.low, state.positions.high, state.positions.leaves],
    versions: state.versions.entries,
    pool: [...state.pool.blocks()],
    records: state.positions.records,
    sequence: state.sequence,
    lastVersion: state.lastVersion,
    ledger: {
      number: ledger.number,
      version: ledger.version,
      sequence: ledger.sequence,
      pages: ledger.pageVersions,
      operations: ledger.operations,
      deltas: ledger.deltas,
    },
    neededSegments: [...ledger.segmentVersions].filter((version) => version !== 0).length,
  };
}

describe('the client state', () => {
  test.each([
    { capacity: 12_000, cachedLevels: 5, checkpointOperations: 1 },
    { capacity: 6_000, blocksPerRecord: 2, cachedLevels: 3, checkpointOperations: 4 },
  ])(
    'is the same live, caught up and read cold, over many checkpoints of several pages: %o',
    async (sizes) => {
      const { tables } = await newVault(sizes);
      const writerOf = async () => {
        const options = optionsFor(tables);
        const writer = new TreeWriter(options, new HeadStore(options));
        await writer.settle();
        return writer;
      };
      const live = await writerOf();
      const follower = await writerOf();
      expect(stateLayout(live.current.held.head.body.parameters).pages).toBeGreaterThan(2);
      for (let round = 0; round < 60; round++) {
        const key = `${round % 13}`;
        if (round % 5 === 4) {
          await live.serve(
            Array.from({ length: 5 }, (_, index) => ({
              kind: 'put' as const,
              key: `${round} ${index}`,
              value: text(key),
            })),
            8,
          );
        } else if (round % 5 === 3) await live.serve([{ kind: 'delete', key }], 1);
        else await live.serve([{ kind: 'put', key, value: text(`${round}`) }], 1);
        if (round % 7 !== 0) continue;
        const options = optionsFor(tables);
        const { head, sealer } = await new HeadStore(options).read();
        const cold = everythingOf(await readState(options.state, head, sealer));
        await follower.settle();
        const known = everythingOf(live.current.opened);
        expect(everythingOf(follower.current.opened)).toEqual(known);
        expect(cold).toEqual(known);
      }
      // A follower that missed more than the log holds.
      await follower.settle();
      for (let round = 0; round < 20; round++) await live.serve([{ kind: 'dummy' }], 1);
      await follower.settle();
      expect(everythingOf(follower.current.opened)).toEqual(everythingOf(live.current.opened));
      expect(await (await open(tables)).get('54 1')).toEqual(text('2'));
    },
  );
});
