import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal, TIMEOUT_MS, TREE, VaultWorkshop } from './vault-workshop.ts';

let workshop: VaultWorkshop;

beforeAll(async () => {
  workshop = await VaultWorkshop.open();
});

afterAll(() => workshop.dispose());

const JSON_LINES = Array.from({ length: 30 }, (_, i) =>
  JSON.stringify({ key: `k${i}`, value: `value ${i}` }),
);

test('create, load, get, put, delete', { timeout: TIMEOUT_MS }, async () => {
  await workshop.run('create', 'v', ...TREE);
  expect(await workshop.attempt('create', 'v', ...TREE)).toMatchObject(refusal('VAULT_EXISTS'));
  const loaded = await workshop.attempt(
    'load',
    'v',
    await workshop.file('a.jsonl', JSON_LINES.join('\n')),
    '--progress',
    '--json',
  );
  expect(loaded).toMatchObject({ code: 0, stdout: '{"name":"v","records":30}\n' });
  expect(loaded.stderr).toMatch(/^([a-z ]+: [\d,]+ of [\d,]+\n)+$/);

  expect(await workshop.run('get', 'v', 'k7')).toBe('value 7\n');
  expect(await workshop.run('get', 'v', 'k7', '--json')).toBe(
    '{"key":"k7","found":true,"value":"value 7"}\n',
  );
  expect(await workshop.attempt('get', 'v', 'none')).toEqual({
    code: 3,
    stdout: '',
    stderr: 'no record is under this key\n',
  });
  expect(await workshop.attempt('get', 'v', 'none', '--json')).toEqual({
    code: 3,
    stdout: '{"key":"none","found":false,"value":null}\n',
    stderr: '',
  });

  expect(await workshop.run('put', 'v', 'k7', 'changed ü')).toBe('');
  expect(await workshop.run('get', 'v', 'k7')).toBe('changed ü\n');
  expect(await workshop.runJson('put', 'v', 'new', 'n')).toEqual({
    key: 'new',
    found: true,
    value: 'n',
  });
  expect(await workshop.run('has', 'v', 'new')).toBe('yes\n');
  expect(await workshop.run('delete', 'v', 'new')).toBe('');
  expect(await workshop.attempt('delete', 'v', 'new')).toMatchObject({ code: 3, stdout: '' });
  expect(await workshop.attempt('delete', 'v', 'new', '--json')).toMatchObject({
    code: 3,
    stdout: '{"key":"new","found":false,"value":null}\n',
  });
  expect(await workshop.attempt('has', 'v', 'new', '--json')).toMatchObject({
    code: 3,
    stdout: '{"key":"new","found":false}\n',
  });
});

test('values of any bytes go through files', { timeout: TIMEOUT_MS }, async () => {
  const bytes = Uint8Array.of(0xff, 0, 10, 0xfe);
  const out = join(workshop.directory, 'out.bin');
  await workshop.run('put', 'v', 'binary', '--value-file', await workshop.file('value.bin', bytes));
  await workshop.run('get', 'v', 'binary', '--out', out);
  expect(new Uint8Array(await readFile(out))).toEqual(bytes);
  const json = await workshop.runJson('get', 'v', 'binary');
  expect(json).toEqual({ key: 'binary', found: true, value: null, base64: '/wAK/g==' });
});

test('what does not fit is refused and changes nothing', { timeout: TIMEOUT_MS }, async () => {
  expect(await workshop.attempt('put', 'v', 'k2', 'x'.repeat(33))).toMatchObject(
    refusal('VAULT_VALUE_TOO_LARGE'),
  );
  expect(await workshop.attempt('put', 'v', '', 'x')).toMatchObject(refusal('VAULT_RECORD_KEY'));
  const many = Array.from({ length: 41 }, (_, i) => `m${i},x`);
  const full = await workshop.attempt(
    'load',
    'v',
    await workshop.file('many.csv', ['key,value', ...many].join('\n')),
  );
  expect(full).toMatchObject(refusal('VAULT_FULL'));
  const malformed = await workshop.file('bad.csv', 'key,value\nk2,lost\nk3\n');
  const refused = await workshop.attempt('load', 'v', malformed, '--json');
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  const [line = '', problem = ''] = refused.stderr.split('\n');
  expect(line).toBe(
    `VAULT_RECORDS_MALFORMED: ${malformed}, line 3, field record: the line has 1 fields instead of 2`,
  );
  expect(JSON.parse(problem).facts).toEqual({ file: malformed, line: 3, field: 'record' });
  expect(await workshop.run('get', 'v', 'k2')).toBe('value 2\n');
  expect(await workshop.attempt('load', 'v', join(workshop.directory, 'nowhere.csv'))).toMatchObject(
    refusal('FILE_UNREADABLE'),
  );
});
