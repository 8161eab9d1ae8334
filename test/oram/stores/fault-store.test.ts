import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../oram/stores/memory.ts';
import { storeConformance } from './conformance.ts';
import {
  bitFlipped,
  CrashSignal,
  contentOf,
  FaultyProcess,
  missing,
  older,
  truncatedBy,
  versionMoved,
} from './fault-store.ts';

storeConformance('a store of a process without faults', {
  open: () => ({ store: new FaultyProcess().attach(createMemoryStore()) }),
});

const key = (sort: string) => ({ partition: 'p', sort });
const item = (sort: string, version: number) => ({
  key: key(sort),
  version,
  bytes: new Uint8Array(8).fill(version),
});
const items = [item('a', 1), item('b', 1), item('c', 1)];

test('a crash before, after and in the middle of a call', async () => {
  for (const [moment, arrived] of [
    ['before', ['x']],
    ['after', ['x', 'a', 'b', 'c']],
    [
      [0, 2],
      ['x', 'a', 'c'],
    ],
  ] as const) {
    const table = createMemoryStore();
    const process = new FaultyProcess();
    const tree = process.attach(table, 'tree');
    const state = process.attach(table, 'state');
    process.crashAt(2, moment);
    await state.fill([item('x', 1)]);
    await expect(tree.write(items)).rejects.toBeInstanceOf(CrashSignal);
    await expect(state.read([key('a')])).rejects.toBeInstanceOf(CrashSignal);
    await expect(state.replace(item('y', 1), undefined)).rejects.toBeInstanceOf(CrashSignal);
    expect(process.crashed).toBe(true);
    expect([...table.items()].map(({ key: { sort } }) => sort)).toEqual(arrived);
    expect(process.calls.map(({ number, store, op }) => [number, store, op])).toEqual([
      [1, 'state', 'fill'],
      [2, 'tree', 'write'],
    ]);
  }
});

test('a crash lets a later call of the same moment arrive where told, and no call under way is answered', async () => {
  const table = createMemoryStore();
  const process = new FaultyProcess();
  const store = process.attach(table);
  process.crashAt(2, 'before', { stillArriving: 1 });
  const answers = await Promise.allSettled(items.map((each) => store.replace(each, undefined)));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect([...table.items()].map(({ key: { sort } }) => sort)).toEqual(['a', 'c']);
  await expect(store.read([key('a')])).rejects.toBeInstanceOf(CrashSignal);
});

test('a paused writer goes on late, dead or alive', async () => {
  const table = createMemoryStore();
  const process = new FaultyProcess();
  const store = process.attach(table);
  const before = process.hold(({ op }) => op === 'write');
  const late = store.write([item('a', 2)]);
  expect((await before.reached).keys).toEqual([key('a')]);
  await table.write([item('a', 3)]);
  before.release();
  expect(await late).toBe(false);

  const after = process.hold(({ op }) => op === 'replace', 'after');
  const unanswered = store.replace(item('b', 1), undefined);
  await after.reached;
  expect(table.size).toBe(2);
  const dying = process.hold(() => true);
  const posthumous = store.write([item('c', 1)]);
  await dying.reached;
  process.kill();
  after.release();
  dying.release();
  await expect(unanswered).rejects.toBeInstanceOf(CrashSignal);
  await expect(posthumous).rejects.toBeInstanceOf(CrashSignal);
  expect(table.size).toBe(3);
});

test('reads lie as told, until told to stop', async () => {
  const table = createMemoryStore();
  const process = new FaultyProcess();
  const store = process.attach(table, 'tree');
  for (const version of [1, 2, 3]) await store.write([item('a', version), item('b', version + 10)]);
  const lying = async (change: ReturnType<typeof missing>) => {
    const stop = process.tamper(({ sort }, name) => sort === 'a' && name === 'tree', change);
    const answers = await store.read([key('a'), key('b')]);
    stop();
    expect(answers[1]).toEqual(item('b', 13));
    return answers[0];
  };
  expect(await lying(missing())).toBeUndefined();
  expect(await lying(older())).toEqual(item('a', 2));
  expect(await lying(older(2))).toEqual(item('a', 1));
  expect(await lying(older(3))).toBeUndefined();
  expect(await lying(contentOf(key('b')))).toEqual({ ...item('b', 13), key: key('a') });
  expect((await lying(truncatedBy(3)))?.bytes).toEqual(new Uint8Array(5).fill(3));
  expect((await lying(bitFlipped(-1)))?.bytes[7]).toBe(3 ^ 128);
  expect((await lying(bitFlipped(8)))?.bytes[1]).toBe(2);
  expect(await lying(versionMoved(2))).toMatchObject({ version: 5, bytes: item('a', 3).bytes });
  expect((await store.read([key('a')]))[0]).toEqual(item('a', 3));
});

test('writes are acknowledged and dropped as told', async () => {
  const table = createMemoryStore();
  const process = new FaultyProcess();
  const store = process.attach(table);
  const stop = process.dropWrites(({ sort }) => sort === 'b');
  expect(await store.write(items)).toBe(true);
  expect(await store.replace(item('b', 2), 1)).toBe(true);
  stop();
  await store.fill([item('d', 1)]);
  expect([...table.items()].map(({ key: { sort } }) => sort)).toEqual(['a', 'c', 'd']);
});

test('calls fail as often as told, arrived or not', async () => {
  const table = createMemoryStore();
  const process = new FaultyProcess();
  const store = process.attach(table);
  const unavailable = { code: 'STORE_UNAVAILABLE' };
  process.fail(({ op }) => op === 'write', 2);
  await expect(store.write(items)).rejects.toMatchObject(unavailable);
  await expect(store.write(items)).rejects.toMatchObject(unavailable);
  expect(table.size).toBe(0);
  process.fail(() => true, 1, [1]);
  await expect(store.write(items)).rejects.toMatchObject(unavailable);
  expect(table.size).toBe(1);
  process.fail(() => true, 1, 'all');
  await expect(store.fill(items)).rejects.toMatchObject(unavailable);
  expect(table.size).toBe(3);
  expect(await store.write(items)).toBe(true);
});
