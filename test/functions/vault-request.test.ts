import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RecordResult, readVaultAnswer, vaultAnswer } from '../../functions/vault-answer.ts';
import {
  MAX_OPERATIONS,
  operationsOf,
  paddedRequestBytes,
  parseVaultRequest,
  type RecordOperation,
  requestBytesOf,
} from '../../functions/vault-request.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { newSigner, requestFor, text } from './vault-requests.ts';

const VALUE_BYTES = 48;
const requester = newSigner();
const facts = { vault: 'suppliers', party: newSigner().publicKey, requester, valueBytes: VALUE_BYTES };

/** Any text that has bytes, also with quotes, controls and characters beyond the first plane. */
const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => text.isWellFormed() && text.length > 0);
const value = fc.uint8Array({ maxLength: VALUE_BYTES });
const operation: fc.Arbitrary<RecordOperation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('get', 'has', 'delete'), key }),
  fc.record({ kind: fc.constant('put'), key, value }),
  fc.constant({ kind: 'dummy' } as const),
);
const operations = fc.array(operation, { minLength: 1, maxLength: MAX_OPERATIONS });

describe('a vault request', () => {
  test('has a length that depends on the number of operations alone, and is read as it was made', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (asked, at) => {
        const request = requestFor({ ...facts, issuedAt: toEpochMs(at) }, ...asked);
        const received = parseVaultRequest(JSON.parse(JSON.stringify(request)));
        expect(requestBytesOf(received)).toBe(paddedRequestBytes('suppliers', asked.length, VALUE_BYTES));
        expect(new TextEncoder().encode(JSON.stringify(request)).length).toBe(requestBytesOf(received));
        expect(operationsOf(received)).toEqual(asked);
      }),
      { numRuns: 60 },
    );
  });

  test('has the length that docs/api.md states', () => {
    for (const [operations, valueBytes] of [
      [1, 0],
      [1, 48],
      [3, 1024],
      [8, 65_536],
    ] as const) {
      const stated =
        345 + 'suppliers'.length + 1401 * operations + operations * Math.ceil((4 * valueBytes) / 3);
      expect(paddedRequestBytes('suppliers', operations, valueBytes)).toBe(stated);
    }
  });

  test('with the longest key and value has the same length as a dummy', () => {
    const longest = {
      kind: 'put',
      key: 'k'.repeat(1024),
      value: new Uint8Array(VALUE_BYTES).fill(255),
    } as const;
    const lengths = [[longest], [{ kind: 'dummy' } as const], [{ kind: 'get', key: '"\u0001' } as const]].map(
      (asked) => JSON.stringify(requestFor(facts, ...asked)).length,
    );
    expect(new Set(lengths).size).toBe(1);
  });

  test.each([
    ['no key', { kind: 'get', key: '' }],
    ['a key that is too long', { kind: 'get', key: 'ä'.repeat(513) }],
    ['a value that is too long', { kind: 'put', key: 'k', value: new Uint8Array(VALUE_BYTES + 1) }],
  ] as const)('is not made of %s', (_, asked) => {
    expect(() => requestFor(facts, asked)).toThrow('VAULT_REQUEST_LENGTH');
  });

  test('is not made of half a surrogate pair, of no operation or of nine', () => {
    expect(() => requestFor(facts, { kind: 'get', key: '\ud800' })).toThrow('VAULT_REQUEST_MALFORMED');
    expect(() => requestFor(facts)).toThrow('VAULT_REQUEST_MALFORMED');
    const nine = Array.from({ length: 9 }, () => ({ kind: 'dummy' }) as const);
    expect(() => requestFor(facts, ...nine)).toThrow('VAULT_REQUEST_MALFORMED');
  });

  test('that is malformed is refused with the field and without what it holds', () => {
    const request = requestFor(facts, { kind: 'put', key: 'secret key', value: text('secret value') });
    const malformed = [
      [{ ...request, operations: [{ kind: 'get', key: 'hunter2!' }] }, 'operations.0.key'],
      [{ ...request, operations: [{ kind: 'steal', key: 'hunter2' }] }, 'operations.0'],
      [{ ...request, padding: 'hunter2' }, 'padding'],
      [{ ...request, hunter: 2 }, 'correct it'],
      [{ ...request, nonce: request.nonce.slice(1) }, 'nonce'],
      ['hunter2', 'correct it'],
    ] as const;
    for (const [json, field] of malformed) {
      const parse = () => parseVaultRequest(json);
      expect(parse).toThrow(/^VAULT_REQUEST_MALFORMED: /);
      expect(parse).toThrow(field);
      expect(parse).not.toThrow('hunter2');
    }
    const notText = { ...request, operations: [{ kind: 'get' as const, key: '_w' }] };
    expect(() => operationsOf(parseVaultRequest(notText))).toThrow(/key of operation 0 is no UTF-8/);
  });
});

describe('a vault answer', () => {
  const served: fc.Arbitrary<readonly [RecordOperation, RecordResult]> = fc.oneof(
    fc.tuple(fc.record({ kind: fc.constant('get'), key }), fc.record({ found: fc.constant(true), value })),
    fc.tuple(fc.record({ kind: fc.constantFrom('has', 'delete'), key }), fc.record({ found: fc.boolean() })),
    fc.tuple(
      fc.record({ kind: fc.constant('put'), key, value }),
      fc.record({
        found: fc.constant(false),
        refused: fc.constantFrom(undefined, 'VAULT_FULL', 'VAULT_KEY_COLLISION'),
      }),
    ),
    fc.tuple(operation, fc.constant({ found: false })),
  );

  test('has the same length whatever was asked, found and refused, and is read as it was given', () => {
    fc.assert(
      fc.property(fc.array(served, { minLength: 1, maxLength: 8 }), (pairs) => {
        const asked = pairs.map(([operation]) => operation);
        const results = pairs.map(([, result]) => result);
        const answer = vaultAnswer(results, VALUE_BYTES);
        const empty = vaultAnswer(
          results.map(() => ({ found: false })),
          VALUE_BYTES,
        );
        expect(JSON.stringify(answer).length).toBe(JSON.stringify(empty).length);
        const read = readVaultAnswer(JSON.parse(JSON.stringify(answer)), asked, VALUE_BYTES);
        expect(read?.map(({ found, refused }) => ({ found, refused }))).toEqual(
          results.map(({ found, refused }) => ({ found, refused })),
        );
        for (const [index, { value }] of results.entries()) {
          expect(read?.[index]?.value).toEqual(value === undefined ? undefined : new Uint8Array(value));
        }
      }),
    );
  });

  test.each([
    ['another count', { results: [] }],
    ['a short result', { results: ['AAAA'] }],
    ['a status of a put', { results: [Buffer.alloc(5 + VALUE_BYTES, 2).toString('base64url')] }],
    [
      'a length beyond the value',
      { results: [Buffer.from([1, 0, 0, 0, 49, ...new Array(48).fill(0)]).toString('base64url')] },
    ],
    ['no base64url', { results: ['!'.repeat(71)] }],
    ['no document', 'results'],
  ])('with %s is not read', (_, json) => {
    expect(readVaultAnswer(json, [{ kind: 'get', key: 'k' }], VALUE_BYTES)).toBeUndefined();
  });
});
