/**
 * How long each Lambda handler takes to load: its bundle imported by a fresh Node process, median of several.
 *
 * ```
 * node bench/cold-start.ts [runs]
 * ```
 *
 * What a cold start costs beyond this (fetching the code, starting Node) is Lambda's, and so is its processor: a function
 * of 512 MB has less than a third of one. The time is that of `import()` alone, measured inside the process.
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleHandlers } from '../test/infra/bundles.ts';
import { synthesise } from '../test/infra/synthesis.ts';
import { machineLine } from './machine.ts';

const run = promisify(execFile);
const DEFAULT_RUNS = 9;

const PROGRAM = `
const startedAt = performance.now();
await import(process.argv[1]);
process.stdout.write(String(performance.now() - startedAt));
`;

const runs = Number(process.argv[2] ?? DEFAULT_RUNS);
const directory = mkdtempSync(join(tmpdir(), 'tacit-cold-start-'));
try {
  const synthesis = synthesise({ parties: [0], vault: { access: [] } });
  const [stack] = synthesis.stacks;
  const bundles = stack === undefined ? [] : await bundleHandlers(stack, directory);
  synthesis.dispose();
  console.log(`${machineLine()}; median of ${runs} imports`);
  for (const { name, path, bytes } of bundles.toSorted((left, right) =>
    left.name.localeCompare(right.name),
  )) {
    const timesMs: number[] = [];
    for (let round = 0; round < runs; round++) {
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM, path]);
      timesMs.push(Number(stdout));
    }
    const medianMs = timesMs.sort((left, right) => left - right)[Math.floor(runs / 2)] ?? Number.NaN;
    console.log(
      `${name.padEnd(16)} ${(bytes / 1000).toFixed(0).padStart(5)} kB ${medianMs.toFixed(0).padStart(5)} ms`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
