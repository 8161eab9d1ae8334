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

describe('table of a scanned vault', () => {
  test('operations do what they do to a Map of bounded size, through encoding and decoding', () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 12 }), (lists) => {
        const model = new Map<number, Uint8Array>();
        let table = ScanTable.empty(PARAMETERS);
        const length = table.encode().length;
        for (const list of lists) {
          for (const drawn of list) {
            const held = drawn.kind === 'dummy' ? undefined : model.get(drawn.name);
            if (drawn.kind === 'put' && held === undefined && model.size === CAPACITY) {
              expect(() => table.apply(toTableOperation(drawn))).toThrow(/^VAULT_FULL: /);
              continue;
            }
            expect(table.apply(toTableOperation(drawn))).toEqual({ found: held !== undefined, value: held });
            if (drawn.kind === 'put') model.set(drawn.name, drawn.value);
            if (drawn.kind === 'delete') model.delete(drawn.name);
          }
          const encoded = table.encode();
          expect(encoded).toHaveLength(length);
          table = ScanTable.decode(PARAMETERS, encoded);
          expect(table.records).toBe(model.size);
          for (let name = 0; name < 8; name++) {
            const held = model.get(name);
            expect(table.has(digestOf(name))).toBe(held !== undefined);
            expect(table.apply({ kind: 'get', digest: digestOf(name) }).value).toEqual(held);
          }
        }
      }),
    );
  });

  test('a value of the longest length fits and one byte more is refused', () => {
    const table = ScanTable.empty(PARAMETERS);
    const longest = new Uint8Array(32).fill(9);
    table.apply({ kind: 'put', digest: digestOf(0), value: longest });
    expect(() => table.apply({ kind: 'put', digest: digestOf(0), value: new Uint8Array(33) })).toThrow(
      /^VAULT_VALUE_TOO_LARGE: /,
    );
    expect(table.apply({ kind: 'get', digest: digestOf(0) })).toEqual({ found: true, value: longest });
  });

  test('nothing of a deleted or shortened value stays in the bytes', () => {
    const table = ScanTable.empty(PARAMETERS);
    table.apply({ kind: 'put', digest: digestOf(0), value: new Uint8Array(32).fill(0xee) });
    table.apply({ kind: 'put', digest: digestOf(0), value: new Uint8Array(1).fill(0xdd) });
    table.apply({ kind: 'put', digest: digestOf(1), value: new Uint8Array(32).fill(0xee) });
    table.apply({ kind: 'delete', digest: digestOf(1) });
    expect(table.encode()).not.toContain(0xee);
  });

  test('bytes that no table encodes to are refused', () => {
    const table = ScanTable.empty(PARAMETERS);
    table.apply({ kind: 'put', digest: digestOf(0), value: new Uint8Array(3) });
    table.apply({ kind: 'put', digest: digestOf(1), value: new Uint8Array(3) });
    const good = table.encode();
    const changed = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(good);
      change(bytes);
      return bytes;
    };
    const firstPlace = 4;
    const secondPlace = firstPlace + 20 + 32;
    const refused: readonly Uint8Array[] = [
      good.subarray(1),
      changed((bytes) => bytes.writeUInt32BE(33, firstPlace + 16)),
      changed((bytes) => bytes.fill(0, firstPlace, firstPlace + 16)),
      changed((bytes) => bytes.copy(bytes, secondPlace, firstPlace, firstPlace + 16)),
      changed((bytes) => bytes.writeUInt32BE(3, 0)),
    ];
    for (const bytes of refused) {
      expect(() => ScanTable.decode(PARAMETERS, bytes)).toThrow(/^BUCKET_MALFORMED: /);
    }
  });
});
