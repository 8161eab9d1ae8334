/** What is sealed opens only as what it is; heads are of one length and fit; records and parameters keep their bounds. */

import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stateLayout } from '../../oram/checkpoint.ts';
import { decodeHead, encodeHead, type Head, type HeadBody, headPlace, keyCheckOf } from '../../oram/head.ts';
import { HeadStore } from '../../oram/head-store.ts';
import { toBlockId, toLeaf } from '../../oram/ids.ts';
import {
  BLOCK_BYTES_BOUNDS,
  BLOCKS_PER_RECORD,
  CAPACITY_BOUNDS,
  chooseParameters,
  poolCapacity,
  vaultParametersSchema,
} from '../../oram/parameters.ts';
import { decodeRecord, encodeRecord, requireRecordKey, requireValue } from '../../oram/record-content.ts';
import { DIGEST_KEY_BYTES, RecordKeys } from '../../oram/record-keys.ts';
import { type ItemKind, Sealer, type SealerOptions } from '../../oram/sealing.ts';
import {
  bucketItemBytes,
  contentBytes,
  HEAD_JSON_BYTES,
  headBytes,
  logItemBytes,
  MOST_OPERATIONS,
  PAGE_BYTES,
  POOL_CHUNK_BYTES,
  SEAL_BYTES,
  sealedItemBytes,
} from '../../oram/sizes.ts';
import { MAX_ITEM_BYTES } from '../../oram/stores/units.ts';
import { MAX_VERSION } from '../../oram/version-map.ts';
import { KEY, NAME, newVault, optionsFor, treeParameters } from './tree-world.ts';

const VAULT_ID = new Uint8Array(randomBytes(16));

function sealerFor(change: Partial<SealerOptions> = {}): Sealer {
  return new Sealer({ key: KEY, vaultId: VAULT_ID, generation: 3, random: randomBytes, ...change });
}

describe('a sealed item', () => {
  const kinds: ItemKind[] = ['head', 'bucket', 'log', 'pool', 'page', 'segment', 'scan'];
  const plain = fc.uint8Array({ maxLength: 200 });

  test('opens as what it is, and is as long whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.nat(),
        fc.nat({ max: MAX_VERSION }),
        plain,
        (kind, index, version, bytes) => {
          const sealed = sealerFor().seal(kind, index, version, bytes);
          expect(sealed.length).toBe(bytes.length + SEAL_BYTES);
          expect(sealerFor().open(kind, index, version, sealed)).toEqual(bytes);
        },
      ),
    );
  });

  test('opens as nothing else: kind, index, version, generation, vault and key are bound', () => {
    const other = createSecretKey(randomBytes(32));
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.nat({ max: 2 ** 31 - 2 }),
        fc.nat({ max: MAX_VERSION - 1 }),
        plain,
        fc.nat(),
        (kind, index, version, bytes, bit) => {
          const sealed = sealerFor().seal(kind, index, version, bytes);
          const next = kinds[(kinds.indexOf(kind) + 1) % kinds.length]!;
          const altered = Uint8Array.from(sealed);
          altered[(bit >> 3) % sealed.length]! ^= 1 << (bit & 7);
          const opened = [
            sealerFor().open(next, index, version, sealed),
            sealerFor().open(kind, index + 1, version, sealed),
            sealerFor().open(kind, index, version + 1, sealed),
            sealerFor({ generation: 4 }).open(kind, index, version, sealed),
            sealerFor({ vaultId: new Uint8Array(16) }).open(kind, index, version, sealed),
            sealerFor({ key: other }).open(kind, index, version, sealed),
            sealerFor().open(kind, index, version, altered),
            sealerFor().open(kind, index, version, sealed.subarray(1)),
            sealerFor().open(kind, index, version, sealed.subarray(0, SEAL_BYTES - 1)),
          ];
          expect(opened).toEqual(opened.map(() => undefined));
        },
      ),
    );
  });

  test('never has a nonce twice, and prints no key', () => {
    const sealer = sealerFor();
    const nonces = new Set(
      Array.from({ length: 1000 }, () =>
        Buffer.from(sealer.seal('bucket', 1, 1, new Uint8Array(1)).subarray(0, 12)).toString('hex'),
      ),
    );
    expect(nonces.size).toBe(1000);
    expect(JSON.stringify(sealer)).not.toContain('key');
  });

  test('has a key that says kind and index and no name, another for each generation', () => {
    expect(sealerFor().partition('bucket', 255)).toMatch(/^[\w-]{12}b000000ff$/);
    expect(sealerFor({ generation: 4 }).partition('bucket', 255)).not.toBe(
      sealerFor().partition('bucket', 255),
    );
    // What an earlier key of the vault wrote must be found to be deleted.
    const rotated = sealerFor({ key: createSecretKey(randomBytes(32)) });
    expect(rotated.partition('log', 1)).toBe(sealerFor().partition('log', 1));
  });
});

describe('the head', () => {
  const sealerOf = (vaultId: Uint8Array, generation: number) => sealerFor({ vaultId, generation });
  const body: HeadBody = {
    phase: 'committed',
    parameters: treeParameters({ capacity: 12 }),
    sequence: 0,
    lastVersion: 0,
    checkpoint: { number: 0, version: 0, sequence: 0 },
    accesses: 0,
    stashMax: 0,
    holder: '',
    poisonedBy: null,
    leftover: null,
    digestKey: 'A'.repeat(43),
  };
  const headOf = (change: Partial<HeadBody>, intent: Head['intent'] = []): Head => ({
    vaultId: VAULT_ID,
    generation: 3,
    version: 7,
    body: { ...body, ...change },
    intent,
  });
  const encode = (head: Head, name = NAME) =>
    encodeHead(head, headPlace(name), sealerOf(head.vaultId, head.generation), keyCheckOf(KEY, head.vaultId));

  test.each(BLOCKS_PER_RECORD)(
    'is as long whatever it says, with %i blocks for a record',
    (blocksPerRecord) => {
      const largest = headOf(
        {
          phase: 'committed',
          parameters: vaultParametersSchema.parse({
            layout: 'tree',
            capacity: CAPACITY_BOUNDS.max,
            blockBytes: BLOCK_BYTES_BOUNDS.max,
            blocksPerRecord,
            levels: 30,
            cachedLevels: 20,
            checkpointOperations: 4096,
          }),
          sequence: MAX_VERSION,
          lastVersion: MAX_VERSION,
          checkpoint: { number: MAX_VERSION, version: MAX_VERSION, sequence: MAX_VERSION },
          // Operations of eight in each of 2^30 epochs.
          accesses: 2 ** 33,
          stashMax: poolCapacity({ cachedLevels: 20 }),
          holder: 'f'.repeat(16),
          poisonedBy: 'STORE_ITEM_MALFORMED',
          leftover: MAX_VERSION,
        },
        Array.from({ length: MOST_OPERATIONS * blocksPerRecord }, () => ({
          block: toBlockId(0xffff_fffe),
          leaf: toLeaf(0xffff_ffff),
        })),
      );
      expect(JSON.stringify(largest.body).length).toBeLessThanOrEqual(HEAD_JSON_BYTES);
      const item = encode(largest);
      expect(item.bytes.length).toBe(headBytes(blocksPerRecord));
      expect(decodeHead(item, KEY, sealerOf).head).toEqual(largest);
      const parameters = { ...body.parameters, blocksPerRecord };
      const small = encode(headOf({ parameters }, [{ block: undefined, leaf: toLeaf(1) }]));
      expect(small.bytes.length).toBe(item.bytes.length);
      expect(decodeHead(small, KEY, sealerOf).head.intent).toEqual([{ block: undefined, leaf: 1 }]);
    },
  );

  test('of one vault is none of another under the same key', () => {
    const item = encode(headOf({}), 'first');
    const moved = { ...item, key: encode(headOf({}), 'second').key };
    expect(() => decodeHead(moved, KEY, sealerOf)).toThrow('HEAD_FORGED');
  });

  test('that is not laid out like one is named, authentic or not', () => {
    const item = encode(headOf({}));
    const sealer = sealerOf(VAULT_ID, 3);
    expect(() => encode(headOf({ digestKey: 'A'.repeat(HEAD_JSON_BYTES) }))).toThrow(RangeError);
    expect(() => decodeHead({ ...item, bytes: new Uint8Array(5) }, KEY, sealerOf)).toThrow('HEAD_MALFORMED');
    const others = encode(headOf({ phase: 'other' as never }));
    expect(() => decodeHead(others, KEY, sealerOf)).toThrow('HEAD_MALFORMED');
    expect(sealer.open('head', 0, item.version, item.bytes)).toBeUndefined();
    const wrong = createSecretKey(randomBytes(32));
    expect(() => decodeHead(item, wrong, sealerOf)).toThrow('VAULT_KEY');
  });

  test('begins no access that it could not finish, and ends where the versions end', async () => {
    const { tables } = await newVault({ capacity: 12 });
    const heads = new HeadStore(optionsFor(tables));
    const held = await heads.read();
    const at = (version: number, phase: HeadBody['phase'] = 'committed') => ({
      ...held,
      head: { ...held.head, version, body: { ...held.head.body, phase } },
    });
    for (const [version, change, phase] of [
      [MAX_VERSION - 2 ** 16, { phase: 'intent' }, 'committed'],
      [MAX_VERSION - 1, { phase: 'committed' }, 'intent'],
    ] as const) {
      await expect(heads.swap(at(version, phase), change)).rejects.toMatchObject({
        code: 'VAULT_KEY_EXHAUSTED',
      });
      // One version earlier it is asked for, and refused only since the head is another.
      expect(await heads.swap(at(version - 1, phase), change)).toBeUndefined();
    }
    expect(await heads.swap(at(MAX_VERSION - 2, 'intent'), { phase: 'intent' })).toBeUndefined();
  });
});

describe('records', () => {
  const keys = new RecordKeys(Buffer.alloc(DIGEST_KEY_BYTES, 1).toString('base64url'));
  const shapes = fc.record({
    blockBytes: fc.integer({ min: 16, max: 50 }),
    blocksPerRecord: fc.constantFrom(...BLOCKS_PER_RECORD),
  });

  test('come back from their blocks, empty and full ones too', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), fc.string(), (shape, length, key) => {
        const most = shape.blockBytes * shape.blocksPerRecord;
        for (const size of [0, length % (most + 1), most]) {
          const value = new Uint8Array(randomBytes(size));
          const digest = keys.digest(key);
          const contents = encodeRecord(value, digest, shape);
          expect(contents.map(({ length: bytes }) => bytes)).toEqual(
            new Array(shape.blocksPerRecord).fill(contentBytes(shape.blockBytes)),
          );
          expect(decodeRecord(contents, digest, shape)).toEqual(value);
          expect(decodeRecord(contents, keys.digest(`${key}.`), shape)).toBeUndefined();
        }
      }),
    );
  });

  test('whose blocks do not belong together are malformed', () => {
    const shape = { blockBytes: 16, blocksPerRecord: 2 };
    const [first] = encodeRecord(new Uint8Array(20), keys.digest('a'), shape);
    const [, second] = encodeRecord(new Uint8Array(21), keys.digest('a'), shape);
    const [, foreign] = encodeRecord(new Uint8Array(20), keys.digest('b'), shape);
    for (const parts of [[first!, second!], [first!, foreign!], [], [new Uint8Array(28).fill(255)]]) {
      expect(() => decodeRecord(parts, keys.digest('a'), shape)).toThrow('BUCKET_MALFORMED');
    }
  });

  test('have keys of 1 to 1024 bytes of UTF-8, compared as they are', () => {
    for (const key of ['a', 'é'.normalize('NFD'), '\u{1F512}', 'x'.repeat(1024), 'ü'.repeat(512), ' ']) {
      expect(() => requireRecordKey(key)).not.toThrow();
    }
    for (const key of ['', 'x'.repeat(1025), 'ü'.repeat(513), '\ud800', 'a\udc00b']) {
      expect(() => requireRecordKey(key)).toThrow('VAULT_RECORD_KEY');
    }
    expect(keys.digest('é'.normalize('NFC'))).not.toEqual(keys.digest('é'.normalize('NFD')));
  });

  test('have values up to their blocks', () => {
    const shape = { blockBytes: 16, blocksPerRecord: 2 };
    requireValue(new Uint8Array(32), shape);
    expect(() => requireValue(new Uint8Array(33), shape)).toThrow('VAULT_VALUE_TOO_LARGE');
  });
});

describe('parameters', () => {
  test('that are chosen are ones the head takes, with leaves for all blocks and levels left in the table', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 22 }),
        fc.integer({ min: BLOCK_BYTES_BOUNDS.min, max: 49_152 }),
        fc.constantFrom(...BLOCKS_PER_RECORD),
        (records, recordBytes, blocksPerRecord) => {
          const blockBytes = Math.max(16, Math.floor(recordBytes / blocksPerRecord));
          const parameters = chooseParameters({ records, blockBytes, blocksPerRecord, layout: 'tree' });
          const treeLevels = parameters.levels - parameters.cachedLevels;
          const items = [
            logItemBytes({ operations: MOST_OPERATIONS, blockBytes, blocksPerRecord, treeLevels }),
            bucketItemBytes(blockBytes),
            sealedItemBytes(stateLayout(parameters).segmentBytes),
            sealedItemBytes(Math.max(PAGE_BYTES, POOL_CHUNK_BYTES)),
          ];
          expect(Math.max(...items)).toBeLessThanOrEqual(MAX_ITEM_BYTES);
          expect(vaultParametersSchema.parse(parameters)).toEqual(parameters);
          expect(4 * 2 ** (parameters.levels - 1)).toBeGreaterThanOrEqual(records * blocksPerRecord);
          expect(parameters.cachedLevels).toBeLessThan(parameters.levels);
        },
      ),
    );
  });

  test.each([
    { records: 0, blockBytes: 64 },
    { records: 1.5, blockBytes: 64 },
    { records: 2 ** 24 + 1, blockBytes: 64 },
    { records: 2 ** 24, blockBytes: 64, blocksPerRecord: 16 },
    { records: 10, blockBytes: 15 },
    // An epoch of eight would be too long for one item of the log.
    { records: 10_000, blockBytes: 4096, blocksPerRecord: 16 },
    { records: 10, blockBytes: 49_153 },
    { records: 10, blockBytes: 64, blocksPerRecord: 3 },
    { records: 10, blockBytes: 64, blocksPerRecord: 32 },
    { records: 10, blockBytes: 64, cachedLevels: -1, layout: 'tree' as const },
    { records: 10, blockBytes: 64, cachedLevels: 3, layout: 'tree' as const },
    { records: 10_000, blockBytes: 64, layout: 'scan' as const },
  ])('out of bounds are refused: %o', (sizes) => {
    expect(() => chooseParameters(sizes)).toThrow('VAULT_PARAMETERS');
  });
});
