/** `tacit page`, and `tacit resend` where there is nothing to send. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPage } from '../../web/build.ts';
import { tacit } from './run.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-page-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('tacit page', () => {
  test('writes the files that are served, and prints their hash', async () => {
    const out = join(directory, 'page');
    const { code, stdout } = await tacit('page', '--out', out, '--json');
    expect(code).toBe(0);
    const { hash, files } = buildPage();
    expect(JSON.parse(stdout)).toEqual({
      hash,
      files: files.map(({ name, body }) => ({ name, bytes: body.length })),
    });
    for (const { name, body } of files) expect(await readFile(join(out, name))).toEqual(Buffer.from(body));
    expect((await tacit('page')).stdout).toContain(hash);
  });

  test('says which directory it cannot write to', async () => {
    const taken = join(directory, 'a-file');
    await writeFile(taken, '');
    const { code, stderr } = await tacit('page', '--out', taken);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^FILE_UNWRITABLE: .*a-file/);
  });
});

test('tacit resend refuses what is no bid file', async () => {
  const path = join(directory, 'other.json');
  await writeFile(path, '{"kind":"something"}');
  const { code, stderr } = await tacit('resend', path, '--dir', directory);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^FILE_UNREADABLE: .*other\.json is no bid file/);
});
