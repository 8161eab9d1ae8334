import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { recordsFile, supplierRecords, VALUE_BYTES } from '../../examples/due-diligence/generate.ts';

const COMMITTED = fileURLToPath(new URL('../../examples/due-diligence/records.jsonl', import.meta.url));

test('the committed records are what the generator makes', () => {
  expect(readFileSync(COMMITTED, 'utf8') === recordsFile()).toBe(true);
});

test('there are at least 5,000 under keys of their own, all within the sizes named', () => {
  const records = [...supplierRecords()];
  expect(new Set(records.map(({ key }) => key)).size).toBe(records.length);
  expect(records.length).toBeGreaterThanOrEqual(5_000);
  const sizes = records.map(({ value }) => Buffer.byteLength(value));
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(VALUE_BYTES.min);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(VALUE_BYTES.max);
  for (const { key, value } of records) {
    const { country, register } = JSON.parse(value) as { country: string; register: string };
    expect(key).toBe(`${country}-${register.replace(' ', '-')}`);
  }
});
