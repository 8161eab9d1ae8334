/**
 * What every ItemStore does, whatever it is made of. Units are compared with sums written out here and, in a random
 * run, with the memory store; a table that reports what it consumed is compared as well.
 */

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../oram/stores/memory.ts';
import type { Item, ItemKey, ItemStore, StoreUnits } from '../../../oram/stores/store.ts';
import {
  BATCH_READ_KEYS,
  BATCH_WRITE_ITEMS,
  billedBytes,
  itemBytes,
  MAX_ITEM_BYTES,
  readUnits,
  writeUnits,
} from '../../../oram/stores/units.ts';

export interface StoreUnderTest {
  readonly store: ItemStore;
  /** Units that the table says it consumed since the store was made; absent where nothing reports them. */
  readonly reported?: () => Pick<StoreUnits, 'readUnits' | 'writeUnits'>;
}

export interface ConformanceOptions {
  /** A new store, counting from zero, over the table of the test file. */
  readonly open: () => StoreUnderTest;
  /** Bytes after which the table stops answering a batch of reads; more requests are then sent than the least. */
  readonly readBatchBytes?: number;
  /** Whether the table hands over the item on which a condition failed, whose size is charged; default true. */
  readonly tellsWhatRefused?: boolean;
  /** What the table charges for deleting what is not there: 1 (DynamoDB Developer Guide), but 2 by DynamoDB Local. */
  readonly absentDeleteUnits?: number;
  /** What the table reports for a key without an item in a batch of reads: 1 (same place), but 0 by DynamoDB Local. */
  readonly reportedMissUnits?: number;
}

let runs = 0;

export function storeConformance(
  name: string,
  {
    open,
    readBatchBytes,
    tellsWhatRefused = true,
    absentDeleteUnits = 1,
    reportedMissUnits = 1,
  }: ConformanceOptions,
): void {
  describe(`${name} is an item store`, () => {
    let store: ItemStore;
    let reported: StoreUnderTest['reported'];
    let partition: string;

    const keyOf = (sort: number | string): ItemKey => ({ partition, sort: String(sort) });
    const itemOf = (
      sort: number | string,
      version: number,
      bytes: Uint8Array = bytesOf(20, version),
    ): Item => ({
      key: keyOf(sort),
      version,
      bytes,
    });
    const held = async (sort: number | string) => plain((await store.read([keyOf(sort)]))[0]);

    beforeEach(() => {
      runs += 1;
      partition = `partition-${runs}`;
      ({ store, reported } = open());
    });

    test('what was written is read, in the order of the keys, with gaps for what is not there', async () => {
      const items = range(250).map((index) => itemOf(index, index, bytesOf(index, index)));
      await store.fill(items);
      const order = range(300).map((index) => (index * 77) % 300);
      const answers = await store.read(order.map(keyOf));
      expect(answers.map(plain)).toEqual(order.map((index) => plain(items[index])));
    });

    test('keys differ in either part', async () => {
      const items = ['a', 'b'].flatMap((first) =>
        ['0', '1'].map((sort) => ({
          key: { partition: `${partition}-${first}`, sort },
          version: 1,
          bytes: bytesOf(9, first.charCodeAt(0) + Number(sort)),
        })),
      );
      expect(await store.write(items)).toBe(true);
      expect((await store.read(items.map(({ key }) => key))).map(plain)).toEqual(items.map(plain));
    });

    test('bytes belong to the caller before and after a call: what is done to them changes nothing', async () => {
      const page = bytesOf(300, 5);
      const put = range(3).map((index) => itemOf(index, 1, page.subarray(100 * index, 100 * index + 100)));
      const expected = put.map(plain);
      expect(await store.write(put.slice(0, 1))).toBe(true);
      await store.fill(put.slice(1, 2));
      expect(await store.replace(put[2]!, undefined)).toBe(true);
      page.buffer.transfer(0);
      for (const _ of range(2)) {
        const answers = await store.read(range(3).map(keyOf));
        expect(answers.map(plain)).toEqual(expected);
        for (const item of answers) item?.bytes.fill(0);
      }
    });

    test('more than a megabyte is read in one call', async () => {
      const items = range(40).map((index) => itemOf(index, 1, bytesOf(60_000, index)));
      await store.fill(items);
      const answers = await store.read(items.map(({ key }) => key));
      expect(answers.map(plain)).toEqual(items.map(plain));
      expect(store.units().readUnits).toBe(40 * readUnits(billedBytes(items[0]!)));
    });

    test('items of 350 KB are taken', async () => {
      const items = range(4).map((index) => itemOf(index, 3, bytesOf(350 * 1024, index)));
      expect(await store.write(items)).toBe(true);
      expect((await store.read(items.map(({ key }) => key))).map(plain)).toEqual(items.map(plain));
      expect(store.units()).toMatchObject({ writeUnits: 4 * 351, readUnits: 4 * 88 });
    });

    test('an item of exactly the largest size is taken and none larger', async () => {
      const room = MAX_ITEM_BYTES - itemBytes(keyOf('x'), 0);
      expect(await store.write([itemOf('x', 1, bytesOf(room, 1))])).toBe(true);
      const tooLarge = itemOf('x', 2, bytesOf(room + 1, 2));
      await expect(store.write([tooLarge])).rejects.toMatchObject({ code: 'STORE_REFUSED' });
      await expect(store.replace(tooLarge, 1)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
      expect(await held('x')).toMatchObject({ version: 1 });
    });

    test('versions go up to 2^32 - 1 and are compared as numbers', async () => {
      for (const version of [0, 9, 10, 255, 256, 2 ** 31, 2 ** 32 - 1]) {
        expect(await store.write([itemOf('x', version)])).toBe(true);
        expect(await held('x')).toEqual(plain(itemOf('x', version)));
      }
      for (const version of [2 ** 32 - 2, 2 ** 31, 256, 9, 0]) {
        expect(await store.write([itemOf('x', version)])).toBe(false);
      }
      expect(await held('x')).toEqual(plain(itemOf('x', 2 ** 32 - 1)));
    });

    test('a write of the same version replaces, one of an earlier version changes nothing', async () => {
      await store.write([itemOf('x', 5, bytesOf(30, 1))]);
      expect(await store.write([itemOf('x', 5, bytesOf(30, 2))])).toBe(true);
      expect(await held('x')).toEqual(plain(itemOf('x', 5, bytesOf(30, 2))));
      expect(await store.write([itemOf('x', 4, bytesOf(30, 3))])).toBe(false);
      expect(await held('x')).toEqual(plain(itemOf('x', 5, bytesOf(30, 2))));
    });

    test('one later version makes a write false, and all its other items arrive', async () => {
      await store.write([itemOf(60, 7)]);
      const items = range(120).map((index) => itemOf(index, 6));
      expect(await store.write(items)).toBe(false);
      const answers = await store.read(items.map(({ key }) => key));
      expect(answers.map((item) => item?.version)).toEqual(range(120).map((index) => (index === 60 ? 7 : 6)));
    });

    test('writers in parallel leave the latest version', async () => {
      const answers = await Promise.all(range(12).map((version) => store.write([itemOf('x', version)])));
      expect(answers[11]).toBe(true);
      expect(await held('x')).toEqual(plain(itemOf('x', 11)));
    });

    test('replace puts over exactly the version expected', async () => {
      expect(await store.replace(itemOf('x', 1), 0)).toBe(false);
      expect(await held('x')).toBeUndefined();
      expect(await store.replace(itemOf('x', 1), undefined)).toBe(true);
      expect(await store.replace(itemOf('x', 2), undefined)).toBe(false);
      expect(await store.replace(itemOf('x', 3), 2)).toBe(false);
      expect(await store.replace(itemOf('x', 3), 1)).toBe(true);
      expect(await store.replace(itemOf('x', 2), 3)).toBe(true);
      expect(await held('x')).toEqual(plain(itemOf('x', 2)));
    });

    test('replace is not fooled by its own bytes: somebody else may have put the same ones', async () => {
      expect(await store.replace(itemOf('x', 1), undefined)).toBe(true);
      expect(await store.replace(itemOf('x', 1), undefined)).toBe(false);
    });

    test.each([undefined, 4])('of those who compare with %s and swap, one wins', async (expected) => {
      if (expected !== undefined) await store.write([itemOf('x', expected)]);
      const rivals = range(16).map((index) => itemOf('x', 5 + (index % 2), bytesOf(30, index)));
      const answers = await Promise.all(rivals.map((rival) => store.replace(rival, expected)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await held('x')).toEqual(plain(rivals[answers.indexOf(true)]));
    });

    test('fill puts, and remove deletes what is there', async () => {
      const items = range(60).map((index) => itemOf(index, 1));
      await store.fill(items);
      await store.remove(range(55).map((index) => keyOf(index + 10)));
      const answers = await store.read(range(65).map(keyOf));
      expect(answers.map((item) => item !== undefined)).toEqual(range(65).map((index) => index < 10));
      expect(await store.write([itemOf(30, 0)])).toBe(true);
    });

    test('nothing asked, nothing sent', async () => {
      expect(await store.read([])).toEqual([]);
      expect(await store.write([])).toBe(true);
      await store.fill([]);
      await store.remove([]);
      expect(store.units()).toEqual({ requests: 0, readUnits: 0, writeUnits: 0 });
    });

    test('a call that names a key twice is refused and does nothing', async () => {
      const twice = [itemOf('x', 1), itemOf('y', 1), itemOf('x', 2)];
      const keys = twice.map(({ key }) => key);
      const refused = { code: 'STORE_REFUSED' };
      await expect(store.read(keys)).rejects.toMatchObject(refused);
      await expect(store.write(twice)).rejects.toMatchObject(refused);
      await expect(store.fill(twice)).rejects.toMatchObject(refused);
      await expect(store.remove(keys)).rejects.toMatchObject(refused);
      expect(store.units()).toEqual({ requests: 0, readUnits: 0, writeUnits: 0 });
    });

    test('units are those of the sizes, rounded for each item', async () => {
      const sized = (sort: string, billed: number, version = 1) =>
        itemOf(sort, version, bytesOf(billed - itemBytes(keyOf(sort), 0), 1));
      const spent = async (call: () => Promise<unknown>) => {
        const before = store.units();
        await call();
        const after = store.units();
        return [
          after.requests - before.requests,
          after.readUnits - before.readUnits,
          after.writeUnits - before.writeUnits,
        ];
      };
      // One KB exactly, one byte more, and the same around the 4 KB of a read.
      const items = [sized('a', 1024), sized('b', 1025), sized('c', 4096), sized('d', 4097)];
      const keys = items.map(({ key }) => key);
      expect(await spent(() => store.write(items))).toEqual([4, 0, 1 + 2 + 4 + 5]);
      expect(await spent(() => store.read(keys))).toEqual([1, 1 + 1 + 1 + 2, 0]);
      expect(await spent(() => store.read([keyOf('e'), ...keys, keyOf('f')]))).toEqual([1, 7, 0]);
      // The larger of the old and the new item is charged, whichever it is.
      expect(await spent(() => store.write([sized('d', 100, 2), sized('a', 2000, 2)]))).toEqual([
        2,
        0,
        5 + 2,
      ]);
      expect(await spent(() => store.replace(sized('d', 3000, 3), 2))).toEqual([1, 0, 3]);
      expect(await spent(() => store.remove([...keys, keyOf('e')]))).toEqual([
        1,
        0,
        2 + 2 + 4 + 3 + absentDeleteUnits,
      ]);
      expect(await spent(() => store.fill(items))).toEqual([1, 0, 12]);
      if (reported !== undefined) {
        const { readUnits: read, writeUnits: written } = store.units();
        const misses = 2;
        expect(reported()).toEqual({
          readUnits: read - misses * (1 - reportedMissUnits),
          writeUnits: written,
        });
      }
    });

    test('a write that is refused is charged', async () => {
      await store.write([itemOf('x', 5, bytesOf(3000, 1))]);
      const before = store.units();
      expect(await store.write([itemOf('x', 4, bytesOf(5000, 1))])).toBe(false);
      expect(await store.replace(itemOf('x', 6, bytesOf(4000, 1)), 4)).toBe(false);
      const { requests, writeUnits: units } = store.units();
      expect([requests - before.requests, units - before.writeUnits]).toEqual([2, 5 + 4]);
      if (!tellsWhatRefused) return;
      expect(await store.write([itemOf('x', 4, bytesOf(10, 1))])).toBe(false);
      expect(store.units().writeUnits - units).toBe(3);
    });

    test('batches are as large as the service takes them', async () => {
      await store.fill(range(BATCH_WRITE_ITEMS * 2 + 1).map((index) => itemOf(index, 1)));
      expect(store.units().requests).toBe(3);
      await store.read(range(BATCH_READ_KEYS * 2 + 1).map(keyOf));
      expect(store.units().requests).toBe(6);
      await store.remove(range(BATCH_WRITE_ITEMS + 1).map(keyOf));
      expect(store.units().requests).toBe(8);
    });

    test('any calls answer and cost what they do in memory', async () => {
      const sort = fc.integer({ min: 0, max: 5 }).map(String);
      const version = fc.integer({ min: 0, max: 4 });
      const entry = fc.record({
        sort,
        version,
        size: fc.constantFrom(0, 900, 1100, 5000),
        salt: fc.nat(255),
      });
      const entries = fc.uniqueArray(entry, { selector: (each) => each.sort, minLength: 1, maxLength: 5 });
      const call = fc.oneof(
        fc.record({ op: fc.constant('read' as const), entries }),
        fc.record({ op: fc.constant('write' as const), entries }),
        fc.record({ op: fc.constant('fill' as const), entries }),
        fc.record({ op: fc.constant('remove' as const), entries }),
        fc.record({
          op: fc.constant('replace' as const),
          entries,
          expected: fc.option(version, { nil: undefined }),
        }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
          runs += 1;
          partition = `partition-${runs}`;
          const { store: tested } = open();
          const memory = createMemoryStore();
          let absentDeletes = 0;
          for (const each of calls) {
            const items = each.entries.map(({ sort: name, version: of, size, salt }) =>
              itemOf(name, of, bytesOf(size, salt)),
            );
            const run = async (on: ItemStore) => {
              if (each.op === 'read') return (await on.read(items.map(({ key }) => key))).map(plain);
              if (each.op === 'write') return on.write(items);
              if (each.op === 'fill') return on.fill(items);
              if (each.op === 'remove') return on.remove(items.map(({ key }) => key));
              return on.replace(items[0]!, each.expected);
            };
            const answer = await run(tested);
            const size = memory.size;
            expect(answer).toEqual(await run(memory));
            if (each.op === 'remove') absentDeletes += items.length - (size - memory.size);
          }
          const { readUnits: read, writeUnits, requests } = memory.units();
          const written = writeUnits + absentDeletes * (absentDeleteUnits - 1);
          expect(tested.units()).toMatchObject({ readUnits: read, requests });
          if (tellsWhatRefused) expect(tested.units().writeUnits).toBe(written);
          else expect(tested.units().writeUnits).toBeLessThanOrEqual(written);
        }),
        { numRuns: 25 },
      );
    });

    if (readBatchBytes !== undefined) {
      test('a table that answers a batch in parts is asked for the rest', async () => {
        const count = Math.ceil((1.2 * (readBatchBytes + MAX_ITEM_BYTES)) / 390_000);
        const items = range(count).map((index) => itemOf(index, 1, bytesOf(390_000, index)));
        await store.fill(items);
        const before = store.units();
        const answers = await store.read(items.map(({ key }) => key));
        expect(answers.map(plain)).toEqual(items.map(plain));
        expect(store.units().readUnits - before.readUnits).toBe(count * 96);
        expect(store.units().requests - before.requests).toBeGreaterThan(1);
      });
    }

    test('the sums above are those of the arithmetic', () => {
      expect(itemBytes({ partition: 'abc', sort: '01' }, 10)).toBe(2 + 3 + 2 + 2 + 1 + 8 + 1 + 10);
      expect([0, 1, 1024, 1025].map(writeUnits)).toEqual([1, 1, 1, 2]);
      expect([0, 1, 4096, 4097].map(readUnits)).toEqual([1, 1, 1, 2]);
    });
  });
}

/** Comparable whatever class the bytes are of. */
function plain(item: Item | undefined) {
  if (item === undefined) return undefined;
  return { key: item.key, version: item.version, bytes: Buffer.from(item.bytes).toString('base64') };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** Bytes that depend on the salt and on the position. */
function bytesOf(length: number, salt: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + salt * 7 + (index >> 8)) & 255;
  return bytes;
}
