/** `tacit vault reshuffle | destroy`, commands that meet in a directory, and every command used wrongly. */

import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placesOf } from '../../local/vault-directory.ts';
import { startVaultHost } from '../../local/vault-host.ts';
import { refusal, TIMEOUT_MS, TREE, VaultWorkshop } from './vault-workshop.ts';

let workshop: VaultWorkshop;

beforeAll(async () => {
  workshop = await VaultWorkshop.open();
});

afterAll(() => workshop.dispose());

test('two vaults of a directory are reshuffled, used at once and destroyed', {
  timeout: TIMEOUT_MS,
}, async () => {
  await workshop.run('create', 'v', ...TREE);
  await workshop.run('load', 'v', await workshop.file('v.csv', 'key,value\na,1\nb,2\n'));
  await workshop.run('create', 'w', ...TREE);
  expect(await workshop.runJson('reshuffle', 'v')).toEqual({ name: 'v', kept: 2, lost: 0 });
  expect(await workshop.run('reshuffle', 'v', '--accept-loss')).toBe('2 records kept, 0 lost.\n');
  const gets = [
    workshop.attemptProcess('get', 'v', 'a'),
    workshop.attemptProcess('get', 'v', 'b'),
    workshop.attemptProcess('get', 'w', 'a'),
  ];
  expect(await Promise.all(gets)).toEqual([
    { code: 0, stdout: '1\n', stderr: '' },
    { code: 0, stdout: '2\n', stderr: '' },
    expect.objectContaining({ code: 3 }),
  ]);

  const host = await startVaultHost(placesOf(workshop.directory, 'w'), 0);
  try {
    expect(await workshop.attempt('get', 'v', 'a', '--wait', '0.2')).toMatchObject(refusal('VAULT_BUSY'));
  } finally {
    await host.close();
  }

  await workshop.run('destroy', 'v', '--yes');
  expect(await workshop.attempt('get', 'v', 'a')).toMatchObject(refusal('VAULT_UNKNOWN'));
  expect(await workshop.attempt('trace', 'v')).toMatchObject(refusal('VAULT_UNKNOWN'));
  expect(await workshop.attempt('get', 'w', 'a')).toMatchObject({ code: 3 });
  await workshop.run('create', 'v', ...TREE);
  expect(await workshop.runJson('stats', 'v')).toMatchObject({ records: 0, accesses: 0 });
});

test('the key of another vault opens nothing', { timeout: TIMEOUT_MS }, async () => {
  await workshop.run('create', 'locked', ...TREE);
  const { keyFile } = placesOf(workshop.directory, 'locked');
  await writeFile(keyFile, `${Buffer.alloc(32, 7).toString('base64url')}\n`);
  const { code, stdout, stderr } = await workshop.attempt('get', 'locked', 'k');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^(VAULT_KEY|VAULT_UNKNOWN|HEAD_FORGED): .+\n$/);
});

describe('used wrongly', () => {
  test.each([
    ['a name with a slash', ['create', 'a/b', ...TREE]],
    ['no size', ['create', 'x', '--records', '10']],
    ['no records', ['create', 'x', '--records', '0', '--block', '32']],
    ['a block too large', ['create', 'x', '--records', '1', '--block', '65537']],
    ['three blocks', ['create', 'x', ...TREE, '--blocks-per-record', '3']],
    ['a layout that is none', ['create', 'x', '--records', '10', '--block', '32', '--layout', 'list']],
    ['no key', ['get', 'x']],
    ['no value', ['put', 'x', 'k']],
    ['two values', ['put', 'x', 'k', 'v', '--value-file', 'y']],
    ['a trace of nothing', ['trace', 'x', '--last', '0']],
    ['a destruction that nobody confirmed', ['destroy', 'x']],
  ])('%s ends with 2 and one line', { timeout: TIMEOUT_MS }, async (_what, args) => {
    const [command = '', ...others] = args;
    const { code, stdout, stderr } = await workshop.attempt(command, ...others);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^USAGE: .+\n$/);
  });

  test('a vault that is none, or cannot be, ends with 1 and its code', { timeout: TIMEOUT_MS }, async () => {
    expect(await workshop.attempt('get', 'x', 'k')).toMatchObject(refusal('VAULT_UNKNOWN'));
    const sizes = ['--records', '100000', '--block', '32', '--layout', 'scan'];
    expect(await workshop.attempt('create', 'x', ...sizes)).toMatchObject(refusal('VAULT_PARAMETERS'));
  });
});
