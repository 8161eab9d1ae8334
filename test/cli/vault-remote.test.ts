import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePortForParties } from '../support/free-ports.ts';
import { end, type Ran, tacit, tacitProcess, tacitUntil } from './run.ts';

let port: number;
let directory: string;
let up: ChildProcess;
let printed: string;

const start = (...options: readonly string[]) =>
  tacitUntil('Ctrl-C ends them', ['up', '--dir', directory, '--port', String(port), ...options]);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  port = await freePortForParties();
  ({ child: up, printed } = await start('--vault', 'suppliers:200:64'));
});

afterAll(async () => {
  await end(up);
  await rm(directory, { recursive: true, force: true });
});

const remote = (command: string, ...args: readonly string[]): Promise<Ran> =>
  tacit('vault', 'remote', command, 'suppliers', ...args, '--dir', directory);

const keyFile = () => join(directory, 'keys', 'vaults', 'suppliers.json');

describe('tacit up --vault and tacit vault remote', () => {
  test('put, look up and delete a record of the local party, as tacit up says', async () => {
    expect(printed).toContain('vault remote get suppliers');
    expect(await remote('put', 'Quarry Ltd', 'no findings')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(await remote('get', 'Quarry Ltd')).toMatchObject({ code: 0, stdout: 'no findings\n' });
    const found = await remote('get', 'Quarry Ltd', '--json');
    expect(JSON.parse(found.stdout)).toEqual({ key: 'Quarry Ltd', found: true, value: 'no findings' });
    expect(await remote('has', 'Quarry Ltd')).toMatchObject({ code: 0, stdout: 'yes\n' });
    expect(await remote('delete', 'Quarry Ltd')).toMatchObject({ code: 0 });
    expect(await remote('get', 'Quarry Ltd')).toMatchObject({ code: 3, stdout: '' });
    const missing = await remote('get', 'Quarry Ltd', '--json');
    expect(missing.code).toBe(3);
    expect(JSON.parse(missing.stdout)).toEqual({ key: 'Quarry Ltd', found: false, value: null });
  });

  test('ask with a key that nobody else may read, at any address that is named', async () => {
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    const elsewhere = await tacit(
      ...['vault', 'remote', 'has', 'suppliers', 'nobody', '--key', keyFile()],
      ...['--url', `http://127.0.0.1:${port + 1}`],
    );
    expect(elsewhere).toMatchObject({ code: 1 });
    expect(elsewhere.stderr).toMatch(/^VAULT_UNKNOWN: /);
  });

  test('refuse a key that is not listed, a value that is too long and a vault that is not there', async () => {
    const { party } = JSON.parse(await readFile(keyFile(), 'utf8'));
    const out = join(directory, 'stranger.json');
    const made = await tacit(
      ...['vault', 'remote', 'key', 'suppliers', '--party', party, '--value-bytes', '64', '--out', out],
    );
    expect(JSON.parse(made.stdout)).toMatchObject({ vault: 'suppliers', rights: 'read' });
    const stranger = await remote('get', 'Quarry Ltd', '--key', out);
    expect(stranger).toMatchObject({ code: 1, stdout: '' });
    expect(stranger.stderr).toMatch(/^VAULT_REQUESTER_UNKNOWN: /);
    const tooLong = await remote('put', 'Quarry Ltd', 'x'.repeat(65));
    expect(tooLong.stderr).toMatch(/^VAULT_REQUEST_LENGTH: /);
    const nowhere = await tacit('vault', 'remote', 'get', 'patients', 'a', '--dir', directory);
    expect(nowhere.stderr).toMatch(/^FILE_UNREADABLE: .+patients\.json/);
    expect(
      (
        await tacit(
          'vault',
          'remote',
          'key',
          'suppliers',
          '--party',
          party,
          '--value-bytes',
          '64',
          '--out',
          out,
        )
      ).stderr,
    ).toMatch(/^FILE_UNWRITABLE: /);
  });

  test('find the records again after a restart without --vault', { timeout: 240_000 }, async () => {
    await remote('put', 'kept', 'yes');
    const exited = once(up, 'exit');
    up.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    ({ child: up } = await start());
    expect(await remote('get', 'kept')).toMatchObject({ code: 0, stdout: 'yes\n' });
  });

  test('say that other parties run with the directory, and which file of records is not there', async () => {
    const again = await tacitProcess('up', '--dir', directory, '--vault', 'another:10:64');
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/^PARTY_NOT_STARTED: .*in use/)]);
    const other = join(directory, 'other');
    const without = await tacitProcess('up', '--dir', other, '--vault', 'another:10:64:nowhere.csv');
    expect([without.code, without.stderr]).toEqual([1, expect.stringMatching(/^FILE_UNREADABLE: .*nowhere/)]);
  });

  test.each(['suppliers:70000:64', 'a/b:10:64'])('refuse --vault %s as used wrongly', async (text) => {
    const { code, stderr } = await tacitProcess('up', '--dir', join(directory, 'other'), '--vault', text);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^USAGE: /)]);
  });
});
