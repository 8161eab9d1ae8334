import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  makeDirectories,
  openOrMakeKey,
  placesOf,
  readKey,
  removeFiles,
  type VaultPlaces,
} from '../../local/vault-directory.ts';
import { startVaultHost } from '../../local/vault-host.ts';
import { readTrace, TraceRecorder } from '../../local/vault-trace.ts';
import { readUsage } from '../../local/vault-usage.ts';
import type { Item } from '../../oram/stores/store.ts';

const WAIT_MS = 5_000;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tacit-vault-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function places(directory: string, name = 'v'): Promise<VaultPlaces> {
  const found = placesOf(join(root, directory), name);
  await makeDirectories(found);
  return found;
}

/** As a vault would key it: bucket `index` of the tree. */
function bucket(index: number, version = 1, bytes = 1000): Item {
  const partition = `abcdefghijklb${index.toString(16).padStart(8, '0')}`;
  return { key: { partition, sort: '0' }, version, bytes: new Uint8Array(bytes) };
}

const PATHS = [
  [1, 3, 7],
  [2, 6, 14],
].map((path) => path.map((index) => bucket(index)));

describe('the directory', () => {
  test('is used by one host at a time; the next one waits', async () => {
    const where = await places('lock');
    const first = await startVaultHost(where, WAIT_MS);
    await expect(startVaultHost(where, 100)).rejects.toMatchObject({ code: 'VAULT_BUSY' });
    const waiting = startVaultHost(where, WAIT_MS);
    await first.close();
    await (await waiting).close();
  });

  test('is free again when the process that held it was killed', async () => {
    const where = await places('killed');
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `
      const { placesOf } = await import(${module('../../local/vault-directory.ts')});
      const { startVaultHost } = await import(${module('../../local/vault-host.ts')});
      await startVaultHost(placesOf(${JSON.stringify(where.directory)}, 'v'), 0);
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(startVaultHost(where, 0)).rejects.toMatchObject({ code: 'VAULT_BUSY' });
    child.kill('SIGKILL');
    await (await startVaultHost(where, WAIT_MS)).close();
  });

  test('that cannot be made is refused', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(makeDirectories(placesOf(join(file, 'below'), 'v'))).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
  });

  test('with damaged files is refused', async () => {
    const where = await places('damaged');
    await (await startVaultHost(where, WAIT_MS)).close();
    await writeFile(join(where.state, 'CURRENT'), 'MANIFEST-999999\n');
    await expect(startVaultHost(where, WAIT_MS)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  test.each(['', '../up', 'a/b', 'ü', 'x'.repeat(65)])('takes no vault named %j', (name) => {
    expect(() => placesOf(root, name)).toThrow('VAULT_NAME');
  });
});

describe('the key', () => {
  test('is made once, for its owner alone, and gone with the vault', async () => {
    const where = await places('key');
    await expect(readKey(where)).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
    const made = await openOrMakeKey(where);
    expect((await openOrMakeKey(where)).equals(made)).toBe(true);
    expect((await stat(where.keyFile)).mode & 0o777).toBe(0o600);
    expect(Buffer.from(await readFile(where.keyFile, 'utf8'), 'base64url')).toHaveLength(32);
    await removeFiles(where);
    await expect(readKey(where)).rejects.toMatchObject({ code: 'VAULT_UNKNOWN' });
  });

  test.each(['', 'short', '*'.repeat(43)])('%j is refused', async (text) => {
    const where = await places('bad-key');
    await writeFile(where.keyFile, text);
    await expect(readKey(where)).rejects.toMatchObject({ code: 'VAULT_KEY' });
  });
});

describe('the books', () => {
  test('keep what was written, what it showed and what it used, over processes', async () => {
    const where = await places('books');
    for (const [round, path] of PATHS.entries()) {
      const host = await startVaultHost(where, WAIT_MS);
      try {
        if (round === 0) await host.account('bulk', () => host.tree.fill(PATHS.flat()));
        await host.account('opening', () => host.state.read([bucket(0).key]));
        await host.account('opening', () => host.tree.read([bucket(0).key]));
        await host.account('access', async () => {
          const held = await host.tree.read(path.map(({ key }) => key));
          expect(held.map((item) => item?.bytes.length)).toEqual([1000, 1000, 1000]);
          await host.tree.write(path.map((item) => ({ ...item, version: 2 })));
        });
      } finally {
        await host.close();
      }
    }
    const [first, second, ...others] = await readTrace(where, 10);
    expect(others).toEqual([]);
    expect(first?.calls.map(({ op, items }) => [op, items])).toEqual([
      ['BatchGetItem', 3],
      ['PutItem', 1],
      ['PutItem', 1],
      ['PutItem', 1],
    ]);
    for (const { bytes } of first?.calls ?? []) expect(bytes).toBeGreaterThan(1000 * (4 / 3));
    expect(second?.calls).toEqual(first?.calls);
    expect([first?.leaves, second?.leaves]).toEqual([[0], [7]]);
    expect(await readTrace(where, 1)).toEqual([second]);
    expect(await readUsage(where)).toEqual({
      opening: { requests: 4, readUnits: 4, writeUnits: 0 },
      access: { requests: 8, readUnits: 6, writeUnits: 12 },
      bulk: { requests: 1, readUnits: 0, writeUnits: 12 },
    });
  });

  test('of a vault that nobody opened are empty', async () => {
    const where = await places('empty');
    expect(await readTrace(where, 10)).toEqual([]);
    expect((await readUsage(where)).access.requests).toBe(0);
  });
});

describe('the trace', () => {
  const read = (indices: readonly number[]) => ({
    op: 'BatchGetItem',
    items: indices.length,
    bytes: 10,
    partitions: indices.map((index) => bucket(index).key.partition),
  });
  const put = { op: 'PutItem', items: 1, bytes: 20, partitions: ['abcdefghijklb00000001'] };

  test('shows that an access which was cut off is repeated on the same path', async () => {
    const where = await places('cut');
    const killed = new TraceRecorder(where);
    for (const request of [read([1, 3]), put, put, read([2, 5]), put]) killed.record(request);
    // Nothing is closed: what a killed process recorded is there.
    const next = new TraceRecorder(where);
    for (const request of [read([2, 5]), put, put, read([1, 4]), put, put]) next.record(request);
    next.close();
    killed.close();
    const accesses = await readTrace(where, 10);
    expect(accesses.map(({ leaves }) => leaves)).toEqual([[0], [2], [2], [1]]);
    expect(accesses.map(({ calls }) => calls.length)).toEqual([3, 2, 3, 3]);
  });

  test('leaves out what opening reads, and not what it finishes', async () => {
    const where = await places('opening');
    const recorder = new TraceRecorder(where);
    recorder.begin({ opening: true });
    for (const request of [read([2]), read([2, 5]), put, put]) recorder.record(request);
    recorder.begin({ opening: false });
    for (const request of [read([1, 3]), put, put]) recorder.record(request);
    recorder.begin({ opening: true });
    recorder.record(read([1, 3]));
    recorder.close();
    expect((await readTrace(where, 10)).map(({ leaves }) => leaves)).toEqual([[2], [0]]);
  });

  test('takes reads of one epoch together, and shows no leaf of a vault without a tree', async () => {
    const where = await places('epoch');
    const recorder = new TraceRecorder(where);
    const scanned = { op: 'BatchGetItem', items: 1, bytes: 9, partitions: ['abcdefghijklc00000000'] };
    for (const request of [read([3, 8, 9]), read([7, 5]), put, scanned, put]) recorder.record(request);
    recorder.close();
    expect((await readTrace(where, 2)).map(({ leaves }) => leaves)).toEqual([[0, 1, 2], []]);
  });

  test('is bounded, and a line that is none of ours is passed over', async () => {
    const where = await places('bounded');
    const line = `${JSON.stringify({ op: 'PutItem', items: 1, bytes: 1 })}\n`;
    await writeFile(where.traceFile, line.repeat((17 * 1024 * 1024) / line.length));
    await appendFile(where.traceFile, '{"op":\n');
    const recorder = new TraceRecorder(where);
    for (const request of [read([1]), put]) recorder.record(request);
    recorder.close();
    expect((await stat(where.traceFile)).size).toBeLessThan(200);
    expect((await readTrace(where, 1))[0]).toMatchObject({ leaves: [0], calls: { length: 2 } });
  });
});
