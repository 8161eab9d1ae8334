/** docs/operations.md against what a party writes into its log and how long it waits. */

import { expect, test } from 'vitest';
import { DEFAULT_TIMEOUTS } from '../../auction/party/timeouts.ts';
import { filesMatching, readPage, readRepositoryFile } from './repository.ts';

const page = readPage('docs/operations.md').prose.join('\n');

test('every field that the log lets through is named, and no other', () => {
  const list = /const ALLOWED_FIELDS = \[([^\]]+)\]/.exec(readRepositoryFile('functions/log.ts'))?.[1] ?? '';
  const allowed = [...list.matchAll(/'([A-Za-z]+)'/g)].map(([, field]) => field);
  const sentence = /the fields that apply: (.*?)\. No other/.exec(page)?.[1] ?? '';
  expect([...sentence.matchAll(/`([A-Za-z]+)`/g)].map(([, field]) => field)).toEqual(allowed);
  expect(allowed.length).toBeGreaterThan(5);
});

test('every message of the log is in the table, and no other', () => {
  const logged = filesMatching('{functions,local}/**/*.ts').flatMap((path) =>
    [...readRepositoryFile(path).matchAll(/log(?:Info|Error)\(\s*'([^']+)'/g)].map(([, message]) => message),
  );
  const documented = [...page.matchAll(/^\| `((?:an?|the) [a-z ]+)` \|/gm)].map(([, message]) => message);
  expect(new Set(documented)).toEqual(new Set(logged));
});

test('the waits of a party are as long as the page says', () => {
  const seconds = (timeoutMs: number) => `${timeoutMs / 1000} s`;
  const { closingTimeoutMs, handshakeTimeoutMs, messageTimeoutMs, signatureTimeoutMs } = DEFAULT_TIMEOUTS;
  const [row] = /^\| `CHANNEL_TIMEOUT` .*$/m.exec(page) ?? [];
  for (const timeoutMs of [closingTimeoutMs, handshakeTimeoutMs, messageTimeoutMs]) {
    expect(row).toContain(seconds(timeoutMs));
  }
  expect(page).toContain(`waits ${seconds(signatureTimeoutMs)} for each`);
});

test('the scheduler tries again as the page says', () => {
  const source = readRepositoryFile('local/clearing-scheduler.ts');
  const constantOf = (name: string) => new RegExp(`const ${name} = ([\\d_ *]+);`).exec(source)?.[1];
  expect(constantOf('FIRST_PAUSE_MS')).toBe('250');
  expect(constantOf('LONGEST_PAUSE_MS')).toBe('60_000');
  expect(constantOf('GIVE_UP_AFTER_MS')).toBe('24 * 3_600_000');
  expect(page).toContain(
    'pauses 0.25 s, then twice as long each time up to 60 s, and gives up after 24 hours',
  );
});
