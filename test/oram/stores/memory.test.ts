import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../oram/stores/memory.ts';
import { type TraceEntry, tracing } from '../../../oram/stores/tracing.ts';
import { storeConformance } from './conformance.ts';

storeConformance('the memory store', { open: () => ({ store: createMemoryStore() }) });

storeConformance('a traced memory store', {
  open: () => ({ store: tracing(createMemoryStore(), () => undefined) }),
});

const key = (sort: string) => ({ partition: 'p', sort });
const item = (sort: string, version: number, length = 100) => ({
  key: key(sort),
  version,
  bytes: new Uint8Array(length),
});

test('a copy goes its own way', async () => {
  const store = createMemoryStore();
  await store.fill([item('a', 1), item('b', 1)]);
  const copy = store.copy();
  await store.write([item('a', 2)]);
  await copy.remove([key('b')]);
  expect([...store.items()].map(({ version }) => version).sort()).toEqual([1, 2]);
  expect([...copy.items()]).toEqual([item('a', 1)]);
  expect([store.size, copy.size]).toEqual([2, 1]);
  expect(copy.units().requests).toBe(1);
});

test('a trace shows calls, keys and sizes, those that fail too', async () => {
  const entries: TraceEntry[] = [];
  const store = tracing(createMemoryStore(), (entry) => entries.push(entry));
  await store.write([item('a', 1, 10), item('b', 1, 20)]);
  await store.read([key('b'), key('c')]);
  await store.replace(item('b', 2, 5), 9);
  await store.remove([key('a')]);
  await store.fill([item('d', 1, 0)]);
  await expect(store.read([key('a'), key('a')])).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  const overhead = 6 + 8 + 2;
  expect(entries).toEqual([
    { op: 'write', items: 2, bytesSent: 30 + 2 * overhead, bytesReceived: 0, keys: [key('a'), key('b')] },
    { op: 'read', items: 2, bytesSent: 0, bytesReceived: 20 + overhead, keys: [key('b'), key('c')] },
    { op: 'replace', items: 1, bytesSent: 5 + overhead, bytesReceived: 0, keys: [key('b')] },
    { op: 'remove', items: 1, bytesSent: 0, bytesReceived: 0, keys: [key('a')] },
    { op: 'fill', items: 1, bytesSent: overhead, bytesReceived: 0, keys: [key('d')] },
    { op: 'read', items: 2, bytesSent: 0, bytesReceived: 0, keys: [key('a'), key('a')] },
  ]);
});

test('places are used again and items keep apart, whatever is put, resized and removed', async () => {
  const change = fc.record({
    sort: fc.integer({ min: 0, max: 7 }).map(String),
    length: fc.constantFrom(undefined, 0, 1, 7, 300),
    salt: fc.nat(255),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
      const store = createMemoryStore();
      const model = new Map<string, Uint8Array>();
      for (const [version, { sort, length, salt }] of changes.entries()) {
        if (length === undefined) {
          model.delete(sort);
          await store.remove([key(sort)]);
        } else {
          const bytes = new Uint8Array(length).fill(salt);
          model.set(sort, bytes.slice());
          await store.write([{ key: key(sort), version, bytes }]);
          bytes.fill(0);
        }
        expect(new Map([...store.items()].map((held) => [held.key.sort, held.bytes]))).toEqual(model);
      }
      expect([...store.copy().items()].length).toBe(model.size);
    }),
    { numRuns: 50 },
  );
});
