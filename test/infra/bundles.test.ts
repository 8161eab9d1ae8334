/** Every handler's bundle: below a megabyte, complete, and with nothing of another host or a test in it. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bundle, bundleHandlers, handlerNames } from './bundles.ts';
import { synthesise } from './synthesis.ts';

const run = promisify(execFile);

/** Lambda reads the whole bundle at a cold start. */
const MAX_BUNDLE_BYTES = 1_000_000;

let directory: string;
let bundles: readonly Bundle[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tacit-bundles-'));
  const synthesis = synthesise({ parties: [0], vault: { access: [] }, events: { bus: 'tenders' } });
  bundles = await bundleHandlers(synthesis.stacks[0]!, directory);
  synthesis.dispose();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('there is one for each handler', () => {
  expect(bundles.map(({ name }) => name).sort()).toEqual([...handlerNames()].sort());
});

test('each is below a megabyte', () => {
  const large = bundles.filter(({ bytes }) => bytes > MAX_BUNDLE_BYTES);
  expect(large.map(({ name, bytes }) => [name, bytes])).toEqual([]);
});

test('each loads by itself and has a handler', async () => {
  // In a process of its own: nothing of this one is there to lean on.
  const program =
    'const found = {}; for (const path of process.argv.slice(1)) found[path] = typeof (await import(path)).handler; console.log(JSON.stringify(found));';
  const paths = bundles.map(({ path }) => path);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, ...paths], {
    env: {},
  });
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(paths.map((path) => [path, 'function'])));
});

test('none has code of the local host, the embedded database or the infrastructure in it', () => {
  for (const { name, path } of bundles) {
    const text = readFileSync(path, 'utf8');
    for (const foreign of ['dynalite', 'levelup', 'aws-cdk-lib', 'tacit-outbox-', 'commander']) {
      expect([name, foreign, text.includes(foreign)]).toEqual([name, foreign, false]);
    }
  }
});
