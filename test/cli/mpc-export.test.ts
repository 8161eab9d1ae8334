/** `tacit mpc export`, and what `tacit mpc eval` makes of its files. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tacit } from './run.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tacit-export-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['less-than', ['--bits', '16'], '0x00ff,0x0100', ['0x1']],
  ['adder', ['--bits', '64'], '0xffffffffffffffff,0x2', ['0x0000000000000001']],
  ['arg-best', ['--bits', '12', '--candidates', '5'], '0x7d0,0x3e8,0xfff,0x3e8,0x5dc', ['0x1', '0x3e8']],
  [
    'second-price',
    ['--bits', '12', '--candidates', '5', '--groups', '3,2'],
    '0x7d0,0x3e8,0xfff,0x900,0x5dc',
    ['0x1', '0x5dc'],
  ],
])('%s is exported and evaluated among three parties', async (kind, shape, inputs, outputs) => {
  const file = join(folder, `${kind}.txt`);
  const exported = await tacit('mpc', 'export', '--kind', kind, ...shape);
  expect(exported).toMatchObject({ code: 0, stderr: '' });
  await writeFile(file, exported.stdout);
  const { code, stdout } = await tacit('mpc', 'eval', '--circuit', file, '--inputs', inputs, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).outputs).toEqual(outputs);
});

test('--out writes the same file and says what it holds on standard error', async () => {
  const file = join(folder, 'out.txt');
  const [toFile, toStdout] = await Promise.all([
    tacit('mpc', 'export', '--kind', 'less-than', '--bits', '8', '--out', file),
    tacit('mpc', 'export', '--kind', 'less-than', '--bits', '8'),
  ]);
  expect(toFile).toMatchObject({ code: 0, stdout: '' });
  expect(toFile.stderr).toContain('less-than, 12 AND gates, AND depth 4');
  expect(await readFile(file, 'utf8')).toBe(toStdout.stdout);
});

test.each([
  ['candidates for an adder', ['--kind', 'adder', '--bits', '8', '--candidates', '3'], 2, 'USAGE'],
  ['an auction without candidates', ['--kind', 'arg-best', '--bits', '8'], 2, 'USAGE'],
  ['a second price of one', ['--kind', 'second-price', '--bits', '8', '--candidates', '1'], 2, 'USAGE'],
  ['an unknown kind', ['--kind', 'sort', '--bits', '8'], 2, 'USAGE'],
  [
    'groups that do not fit',
    ['--kind', 'arg-best', '--bits', '8', '--candidates', '9', '--groups', '2,2'],
    1,
    'CIRCUIT_INVALID',
  ],
  [
    'too many gates',
    ['--kind', 'arg-best', '--bits', '64', '--candidates', '65536', '--groups', '65536'],
    1,
    'BRISTOL_OVER_BOUND',
  ],
  [
    'a folder that is not there',
    ['--kind', 'adder', '--bits', '8', '--out', '/nowhere/f.txt'],
    1,
    'FILE_UNWRITABLE',
  ],
])('refuses %s', async (_, options, code, error) => {
  const ran = await tacit('mpc', 'export', ...options);
  expect(ran).toMatchObject({ code, stdout: '' });
  expect(ran.stderr.startsWith(`${error}: `)).toBe(true);
});
