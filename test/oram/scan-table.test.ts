import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseParameters } from '../../oram/parameters.ts';
import { ScanTable, type TableOperation } from '../../oram/scan-table.ts';

const CAPACITY = 5;
const PARAMETERS = chooseParameters({
  records: CAPACITY,
  blockBytes: 16,
  blocksPerRecord: 2,
  layout: 'scan',
});

const digestOf = (name: number) => Buffer.alloc(16, name + 1);

const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('get' as const), name: fc.nat(7) }),
    fc.record({ kind: fc.constant('delete' as const), name: fc.nat(7) }),
    fc.record({
      kind: fc.constant('put' as const),
      name: fc.nat(7),
      value: fc.uint8Array({ maxLength: 32 }),
    }),
    fc.constant({ kind: 'dummy' as const }),
  ),
  { maxLength: 12 },
);

type Drawn = (typeof operations extends fc.Arbitrary<infer List> ? List : never) extends (infer One)[]
  ? One
  : never;

function toTableOperation(drawn: Drawn): TableOperation {
  if (drawn.kind === 'dummy') return drawn;
  const digest = digestOf(drawn.name);
  return drawn.kind === 'put' ? { kind: 'put', digest, value: drawn.value } : { kind: drawn.kind, digest };
}

/** What a Map does; undefined where a put finds no place. */
function onMap(model: Map<number, Uint8Array>, list: readonly Drawn[]) {
  const next = new Map(model);
  const results: { found: boolean; value: Uint8Array | undefined }[] = [];
  for (const drawn of list) {
    if (drawn.kind === 'dummy') {
      results.push({ found: false, value: undefined });
      continue;
    }
    const value = next.get(drawn.name);
    results.push({ found: value !== undefined, value });
    if (drawn.kind === 'delete') next.delete(drawn.name);
    if (drawn.kind === 'put') {
      if (value === undefined && next.size === CAPACITY) return undefined;
      next.set(drawn.name, drawn.value);
    }
  }
  return { next, results };
}

describe('table of a scanned vault', () => {
  test('lists of operations do what they do to a Map, all or nothing, through encoding and decoding', () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 12 }), (lists) => {
        let model = new Map<number, Uint8Array>();
        let table = ScanTable.empty(PARAMETERS);
        const length = table.encode().length;
        for (const list of lists) {
          const expected = onMap(model, list);
          if (expected === undefined) {
            expect(() => table.apply(list.map(toTableOperation))).toThrow(/^VAULT_FULL: /);
          } else {
            expect(table.apply(list.map(toTableOperation))).toEqual(expected.results);
            model = expected.next;
          }
          const encoded = table.encode();
          expect(encoded).toHaveLength(length);
          table = ScanTable.decode(PARAMETERS, encoded);
          expect(table.records).toBe(model.size);
          const names = [0, 1, 2, 3, 4, 5, 6, 7];
          const read = table.apply(names.map((name) => ({ kind: 'get', digest: digestOf(name) })));
          expect(read.map(({ value }) => value)).toEqual(names.map((name) => model.get(name)));
        }
      }),
    );
  });

  test('a value of the longest length fits and one byte more is refused', () => {
    const table = ScanTable.empty(PARAMETERS);
    table.apply([{ kind: 'put', digest: digestOf(0), value: new Uint8Array(32).fill(9) }]);
    expect(() =>
      table.apply([
        { kind: 'delete', digest: digestOf(0) },
        { kind: 'put', digest: digestOf(1), value: new Uint8Array(33) },
      ]),
    ).toThrow(/^VAULT_VALUE_TOO_LARGE: /);
    expect(table.apply([{ kind: 'get', digest: digestOf(0) }])).toEqual([
      { found: true, value: new Uint8Array(32).fill(9) },
    ]);
  });

  test('counts go on beyond 32 bits', () => {
    const table = ScanTable.empty(PARAMETERS);
    for (let round = 0; round < 3; round++) table.countEpoch(2 ** 32 - 1);
    const reread = ScanTable.decode(PARAMETERS, table.encode());
    expect(reread.accesses).toBe(3 * (2 ** 32 - 1));
    expect(reread.epochs).toBe(3);
  });

  test('nothing of a deleted or shortened value stays in the bytes', () => {
    const table = ScanTable.empty(PARAMETERS);
    table.apply([
      { kind: 'put', digest: digestOf(0), value: new Uint8Array(32).fill(0xee) },
      { kind: 'put', digest: digestOf(0), value: new Uint8Array(1).fill(0xdd) },
      { kind: 'put', digest: digestOf(1), value: new Uint8Array(32).fill(0xee) },
      { kind: 'delete', digest: digestOf(1) },
    ]);
    expect(table.encode()).not.toContain(0xee);
  });

  test('bytes that no table encodes to are refused', () => {
    const table = ScanTable.empty(PARAMETERS);
    table.apply([
      { kind: 'put', digest: digestOf(0), value: new Uint8Array(3) },
      { kind: 'put', digest: digestOf(1), value: new Uint8Array(3) },
    ]);
    const good = table.encode();
    const changed = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(good);
      change(bytes);
      return bytes;
    };
    const secondPlace = 16 + 20 + 32;
    const refused: readonly Uint8Array[] = [
      good.subarray(1),
      changed((bytes) => bytes.writeUInt32BE(33, 16 + 16)),
      changed((bytes) => bytes.fill(0, 16, 32)),
      changed((bytes) => bytes.copy(bytes, secondPlace, 16, 32)),
      changed((bytes) => bytes.writeUInt32BE(3, 12)),
    ];
    for (const bytes of refused) {
      expect(() => ScanTable.decode(PARAMETERS, bytes)).toThrow(/^BUCKET_MALFORMED: /);
    }
  });
});
