/** Every source file opens with its thesis and stays short enough to be read at once. */

import { expect, test } from 'vitest';
import { filesMatching, readRepositoryFile } from './repository.ts';

const MAX_LINES = 400;

/** Longer for a reason. */
const EXEMPT_FROM_LENGTH: ReadonlyMap<string, string> = new Map([
  ['mpc/kernels/field-wasm.ts', 'generated: as long as the kernels that assemble.ts puts into it'],
]);

const files = filesMatching('{mpc,auction,oram,functions,client,web,infra,local,cli,bench}/**/*.ts');

test('there are source files', () => {
  expect(files.length).toBeGreaterThan(100);
  for (const path of EXEMPT_FROM_LENGTH.keys()) expect(files).toContain(path);
});

test('each opens with a block comment that says what it is for', () => {
  const silent = files.filter((path) => !/^(#!.*\n)?\/\*\*/.test(readRepositoryFile(path)));
  expect(silent).toEqual([]);
});

test(`each has at most ${MAX_LINES} lines`, () => {
  const long = files.filter(
    (path) =>
      !EXEMPT_FROM_LENGTH.has(path) && readRepositoryFile(path).trimEnd().split('\n').length > MAX_LINES,
  );
  expect(long).toEqual([]);
});
