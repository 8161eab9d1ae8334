/** Benchmarks in their smallest size, so that they cannot rot; what they print is looked at, how fast it was is not. */

import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { benchAndGates } from '../../bench/and-gates.ts';

const run = promisify(execFile);

test('AND gates', () => {
  const { rows } = benchAndGates({ trials: 1, trialMs: 1, lanes: [1024] });
  expect(rows).toHaveLength(1);
});

test('clearing among three processes, right and at the predicted cost', { timeout: 120_000 }, async () => {
  const { stdout } = await run(process.execPath, ['bench/main.ts', 'clearing', '--quick']);
  expect(stdout.match(/\| (TCP|outbox)[^|]*\| (replicated|verified)/g)).toHaveLength(4);
});

test('accesses of a vault in memory and on dynalite', { timeout: 120_000 }, async () => {
  const { stdout } = await run(process.execPath, ['bench/main.ts', 'vault', '--quick']);
  expect(stdout.match(/\| (memory|dynalite) +\| 2\^9 x 256 B +\| (single|epochs of 8)/g)).toHaveLength(4);
});

test('a benchmark that is not there is refused', async () => {
  await expect(run(process.execPath, ['bench/main.ts', 'nothing'])).rejects.toMatchObject({ code: 2 });
});
