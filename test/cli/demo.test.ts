import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tacitProcess, tacitUntil } from './run.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe.concurrent('tacit demo', () => {
  test('ends by itself with every check passed', { timeout: 400_000 }, async () => {
    const { code, stdout, stderr } = await tacitProcess('demo');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Signed by parties 0, 1, 2');
    expect(stdout).toContain('Protocol verified withstands one of the three parties, malicious');
    expect(stdout).not.toContain('semi-honest');
    expect(stdout).toMatch(/0 of 21\s+3/);
    expect(stdout).toContain('5,400 records, sealed and placed at random');
    const seen = [...stdout.matchAll(/^ {2}(?:get|put) NL-KVK-\d+ .+ (\d+) +(\d+) +(\d+)$/gm)];
    expect(seen).toHaveLength(4);
    expect(new Set(seen.map(([, , calls, bytes]) => `${calls} ${bytes}`)).size).toBe(1);
  });

  test('that is interrupted leaves no keys behind', { timeout: 400_000 }, async () => {
    const temporary = await mkdtemp(join(directory, 'interrupted-'));
    const { child } = await tacitUntil('1. Three parties', ['demo'], { TMPDIR: temporary });
    const left = async () => (await readdir(temporary)).filter((name) => name.startsWith('tacit-'));
    expect(await left()).toHaveLength(1);
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exited).toEqual([130, null]);
    expect(await left()).toEqual([]);
  });
});
