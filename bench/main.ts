/**
 * All benchmarks, one after another: `npm run bench`, or `npm run bench -- NAME` for one of them.
 *
 * Each prints its machine, commit, sizes and spread. They want a quiet machine and take some ten minutes together; each is
 * a program of its own and bounded in time.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const BENCHMARKS: Readonly<Record<string, string>> = {
  'and-gates': 'and-gates.ts',
  kernels: 'kernels.ts',
  checks: 'sacrificed-triples/compare.ts',
  'tcp-ring': 'tcp-ring.ts',
  clearing: 'clearing.ts',
  intake: 'intake.ts',
  'cold-start': 'cold-start.ts',
  'closing-together': 'closing-together.ts',
  vault: 'vault.ts',
};

async function runAll(names: readonly string[], extra: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = BENCHMARKS[name];
    if (file === undefined) {
      console.error(`there is no benchmark ${name}: ${Object.keys(BENCHMARKS).join(', ')}`);
      process.exitCode = 2;
      return;
    }
    console.log(`\n## ${name}\n`);
    const child = spawn(process.execPath, [new URL(file, import.meta.url).pathname, ...extra], {
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) process.exitCode = 1;
  }
}

if (import.meta.main) {
  const [name, ...extra] = process.argv.slice(2);
  await runAll(name === undefined ? Object.keys(BENCHMARKS) : [name], extra);
}
