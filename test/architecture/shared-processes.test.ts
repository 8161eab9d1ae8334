/** What `vitest.config.ts` relies on: files that share a process leave nothing behind in it. */

import { expect, test } from 'vitest';
import { filesMatching, readRepositoryFile } from '../docs/repository.ts';

/** The folders and the exceptions that the configuration names. */
const configuration = readRepositoryFile('vitest.config.ts');
const listOf = (name: string) =>
  [
    ...(new RegExp(`const ${name} = \\[([^\\]]*)\\]`).exec(configuration)?.[1] ?? '').matchAll(/'([^']+)'/g),
  ].map(([, text]) => text ?? '');
const [sharing, replacing] = [listOf('SHARING'), listOf('REPLACING')];

const files = sharing.flatMap((folder) =>
  filesMatching(`test/${folder}/**/*.ts`).map((path) => ({ path, source: readRepositoryFile(path) })),
);

test('no file that shares a process replaces modules, and only those do that are listed', () => {
  expect(files.length).toBeGreaterThan(100);
  const mocking = files.filter(({ source }) => /\bvi\.(mock|doMock|hoisted)\(/.test(source));
  expect(mocking.map(({ path }) => path).sort()).toEqual([...replacing].sort());
});

test('none sets variables of the environment, timers or globals, or leaves the directory', () => {
  const lasting =
    /process\.env(\.\w+|\[[^\]]+\]) =[^=]|delete process\.env|vi\.(useFakeTimers|stubGlobal)\(|process\.(chdir|exitCode = )|^\s*globalThis\.\w+ =[^=]/m;
  for (const { path, source } of files) {
    const code = source.replace(/`[^`]*`/g, '``');
    expect(lasting.exec(code)?.[0], path).toBeUndefined();
  }
});
