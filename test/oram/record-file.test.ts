import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OramError } from '../../oram/errors.ts';
import { readRecords } from '../../oram/record-file.ts';

const LIMITS = { valueBytes: 64 };

interface Read {
  readonly key: string;
  readonly value: string;
}

/** @param cuts where the stream is cut into chunks */
async function read(
  name: string,
  content: string | Uint8Array,
  cuts: readonly number[] = [],
): Promise<Read[]> {
  const bytes = Buffer.from(content);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  async function* chunks() {
    let start = 0;
    for (const end of [...ends, bytes.length]) {
      yield bytes.subarray(start, end);
      start = end;
    }
  }
  const records: Read[] = [];
  for await (const { key, value } of readRecords({ name, chunks: chunks() }, LIMITS)) {
    records.push({ key, value: Buffer.from(value).toString('utf8') });
  }
  return records;
}

async function refusalOf(name: string, content: string | Uint8Array): Promise<OramError> {
  const error: unknown = await read(name, content).catch((caught: unknown) => caught);
  if (!(error instanceof OramError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

const text = (minLength: number) =>
  fc.string({ unit: 'grapheme', minLength, maxLength: 12 }).filter((value) => Buffer.byteLength(value) <= 64);
const records = fc.array(fc.record({ key: text(1), value: text(0) }), { maxLength: 20 });
const cuts = fc.array(fc.nat(), { maxLength: 10 });

const jsonLines = (list: readonly Read[]) => list.map((record) => `${JSON.stringify(record)}\n`).join('');
const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const csv = (list: readonly Read[]) =>
  ['key,value', ...list.map(({ key, value }) => `${quoted(key)},${quoted(value)}`)].join('\r\n');

describe('records come back as written, however the stream is cut', () => {
  test('from JSON lines', async () => {
    await fc.assert(
      fc.asyncProperty(records, cuts, async (list, at) => {
        expect(await read('a.jsonl', jsonLines(list), at)).toEqual(list);
      }),
    );
  });

  test('from CSV', async () => {
    await fc.assert(
      fc.asyncProperty(records, cuts, async (list, at) => {
        expect(await read('a.csv', csv(list), at)).toEqual(list);
      }),
    );
  });
});

test('the format follows the name, or else the content; a byte-order mark and blank lines are no records', async () => {
  const list = [{ key: 'a', value: '1' }];
  expect(await read('records', jsonLines(list))).toEqual(list);
  expect(await read('records', csv(list))).toEqual(list);
  expect(await read('a.csv', `\uFEFF${csv(list)}\r\n\r\n`)).toEqual(list);
  expect(await read('a.jsonl', `\uFEFF\n${jsonLines(list)}\n \r\n`)).toEqual(list);
  expect(await read('a.ndjson', '')).toEqual([]);
});

test('values keep their spaces', async () => {
  expect(await read('a.csv', 'key,value\na, 1 \n')).toEqual([{ key: 'a', value: ' 1 ' }]);
});

const SECRET = 'hidden';
const LATIN1 = Buffer.from([0xe9]);

describe('a malformed line is named, and not quoted', () => {
  test.each([
    ['no JSON', 'a.jsonl', `{"key":"a","value":"b"}\n${SECRET}\n`, 2, 'record'],
    ['a list', 'a.jsonl', `["${SECRET}"]`, 1, 'record'],
    ['a number as value', 'a.jsonl', `\n\n{"key":"${SECRET}","value":1}`, 3, 'value'],
    ['no key', 'a.jsonl', `{"value":"${SECRET}"}`, 1, 'key'],
    ['another member', 'a.jsonl', `{"key":"a","value":"b","more":"${SECRET}"}`, 1, 'record'],
    ['half a character', 'a.jsonl', `{"key":"${SECRET}","value":"\\ud800"}`, 1, 'value'],
    ['another encoding', 'a.jsonl', Buffer.concat([Buffer.from('\n'), LATIN1]), 2, 'record'],
    ['another header', 'a.csv', `${SECRET},value\n`, 1, 'header'],
    ['a field too many', 'a.csv', `key,value\na,b\na,b,${SECRET}\n`, 3, 'record'],
    ['a field too few', 'a.csv', `key,value\n${SECRET}\n`, 2, 'record'],
    ['an open quote', 'a.csv', `key,value\na,"${SECRET}\n`, 2, 'record'],
    [
      'a cell in another encoding',
      'a.csv',
      Buffer.concat([Buffer.from('key,value\na,'), LATIN1]),
      2,
      'value',
    ],
  ])('%s', async (_what, name, content, line, field) => {
    const error = await refusalOf(name, content);
    expect([error.code, error.facts]).toEqual(['VAULT_RECORDS_MALFORMED', { file: name, line, field }]);
    expect(error.message).toContain(`${name}, line ${line}, field ${field}: `);
    expect(JSON.stringify([error.message, error.facts])).not.toContain(SECRET);
    expect(error.cause).toBeUndefined();
  });

  test.each([
    ['no key at all', 'VAULT_RECORD_KEY', 'key', { key: '', value: SECRET }],
    ['a key too long', 'VAULT_RECORD_KEY', 'key', { key: 'ü'.repeat(513), value: SECRET }],
    ['a value too long', 'VAULT_VALUE_TOO_LARGE', 'value', { key: SECRET, value: 'ü'.repeat(33) }],
  ])('%s has its own code', async (_what, code, field, record) => {
    for (const [name, content] of [
      ['a.jsonl', `\n${jsonLines([record])}`],
      ['a.csv', csv([record])],
    ] as const) {
      const error = await refusalOf(name, content);
      expect([error.code, error.facts]).toEqual([code, { file: name, line: 2, field }]);
      expect(error.message).not.toContain(SECRET);
    }
  });

  test('a line without end is refused before memory is', async () => {
    let sent = 0;
    async function* endless() {
      yield Buffer.from('{');
      for (; ; sent++) yield Buffer.alloc(1024 * 1024, 'a');
    }
    for (const name of ['a.jsonl', 'a.csv']) {
      sent = 0;
      const reading = readRecords({ name, chunks: endless() }, LIMITS).next();
      await expect(reading).rejects.toMatchObject({ code: 'VAULT_RECORDS_MALFORMED', facts: { line: 1 } });
      expect(sent).toBeLessThan(100);
    }
  });
});
