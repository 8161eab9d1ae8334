/**
 * Operations on keys at their edges: values of length 0, keys that look alike, a full vault, two keys with one fingerprint,
 * the same key many times; and that none of it changes how many paths an epoch has.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClientState } from '../../oram/client-state.ts';
import { toLeaf, toRecordId } from '../../oram/ids.ts';
import { applyOperations, resolveOperations } from '../../oram/operations.ts';
import { BUCKET_SIZE, STASH_BOUND } from '../../oram/parameters.ts';
import { MAX_BATCH_OPERATIONS } from '../../oram/queued-vault.ts';
import { encodeRecord } from '../../oram/record-content.ts';
import { type KeyDigest, RecordKeys } from '../../oram/record-keys.ts';
import type { VaultOperation } from '../../oram/vault.ts';
import { checkVault, newVault, open, text, treeParameters } from './tree-world.ts';

const get = (key: string): VaultOperation => ({ kind: 'get', key });
const put = (key: string, value = key): VaultOperation => ({ kind: 'put', key, value: text(value) });
const remove = (key: string): VaultOperation => ({ kind: 'delete', key });

describe('a vault', () => {
  test('tells an empty value from none', async () => {
    const { vault } = await newVault({ capacity: 6 });
    expect([await vault.has('a'), await vault.get('a')]).toEqual([false, undefined]);
    await vault.put('a', new Uint8Array(0));
    expect([await vault.has('a'), await vault.get('a')]).toEqual([true, new Uint8Array(0)]);
    expect(await vault.delete('a')).toBe(true);
    expect(await vault.delete('a')).toBe(false);
    expect(await vault.batch([put('a', ''), get('a'), remove('a'), get('a')])).toEqual([
      { found: false, value: undefined },
      { found: true, value: new Uint8Array(0) },
      { found: true, value: new Uint8Array(0) },
      { found: false, value: undefined },
    ]);
  });

  test('takes keys as they are: forms of one letter are two keys, half a letter is none', async () => {
    const { vault } = await newVault({ capacity: 6 });
    const [composed, decomposed] = ['é'.normalize('NFC'), 'é'.normalize('NFD')];
    await vault.put(composed, text('composed'));
    expect(await vault.get(decomposed)).toBeUndefined();
    await vault.put(decomposed, text('decomposed'));
    expect(await vault.get(composed)).toEqual(text('composed'));
    const before = vault.stats().epochs;
    for (const key of ['\ud83d', '', 'x'.repeat(1025)]) {
      await expect(vault.get(key)).rejects.toMatchObject({ code: 'VAULT_RECORD_KEY' });
    }
    await expect(vault.put('a', new Uint8Array(17))).rejects.toMatchObject({ code: 'VAULT_VALUE_TOO_LARGE' });
    await expect(vault.batch([get('a'), put('b', 'x'.repeat(17))])).rejects.toMatchObject({
      code: 'VAULT_VALUE_TOO_LARGE',
    });
    await expect(vault.batch([])).rejects.toMatchObject({ code: 'VAULT_BATCH_SIZE' });
    await expect(vault.batch(new Array(MAX_BATCH_OPERATIONS + 1).fill(get('a')))).rejects.toMatchObject({
      code: 'VAULT_BATCH_SIZE',
    });
    expect(vault.stats().epochs).toBe(before);
  });

  test('that is full takes no new record, and another once an epoch has made room', async () => {
    const { tables, vault } = await newVault({ capacity: 3 });
    await vault.batch([put('a'), put('b'), put('c')]);
    await expect(vault.put('d', text('d'))).rejects.toMatchObject({ code: 'VAULT_FULL' });
    await vault.put('a', text('again'));
    // Places are given out as an epoch begins.
    await expect(vault.batch([remove('a'), put('d')])).rejects.toMatchObject({ code: 'VAULT_FULL' });
    expect(await vault.has('a')).toBe(false);
    await vault.put('d', text('d'));
    await expect(vault.load([{ key: 'e', value: text('e') }])).rejects.toMatchObject({ code: 'VAULT_FULL' });
    expect(await (await open(tables)).batch(['b', 'c', 'd', 'e'].map(get))).toMatchObject([
      { found: true },
      { found: true },
      { found: true },
      { found: false },
    ]);
  });

  test('whose leaves were no chance refuses before the stash exceeds its bound, and loses nothing', async () => {
    const nothingRandom = (bytes: number) => new Uint8Array(bytes);
    const { tables, vault } = await newVault({ capacity: 200 }, { random: nothingRandom });
    // All blocks are on one path of seven buckets.
    const held = new Map<string, Uint8Array>();
    for (let number = 0; number < 7 * BUCKET_SIZE + STASH_BOUND; number++) {
      await vault.put(`${number}`, text(`${number}`));
      held.set(`${number}`, text(`${number}`));
    }
    expect(vault.stats().stash).toBe(STASH_BOUND);
    await expect(vault.put('more', text('more'))).rejects.toMatchObject({ code: 'STASH_OVERFLOW' });
    expect(await vault.get('0')).toEqual(text('0'));
    await expect(vault.put('more', text('more'))).rejects.toMatchObject({ code: 'STASH_OVERFLOW' });
    expect(await vault.delete('1')).toBe(true);
    held.delete('1');
    await vault.put('more', text('more'));
    await checkVault(tables, held.set('more', text('more')));
  });

  test('serves what waits together, in order, and refuses what comes after it was closed', async () => {
    const { vault } = await newVault({ capacity: 6 });
    const before = vault.stats().epochs;
    const first = vault.put('a', text('1'));
    const rest = [vault.put('a', text('2')), vault.get('a'), vault.delete('a'), vault.get('a')];
    const closed = vault.close();
    await expect(vault.get('a')).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
    expect(await Promise.all([first, ...rest])).toEqual([undefined, undefined, text('2'), true, undefined]);
    await closed;
    expect(vault.stats().epochs).toBe(before + 1);
  });
});

describe('an epoch', () => {
  const parameters = treeParameters({ capacity: 8, blocksPerRecord: 2 });
  const keys = new RecordKeys('A'.repeat(43));

  /** Keys that begin with the same letter have the same fingerprint. */
  keys.digest = (key: string): KeyDigest => ({
    low: key.charCodeAt(0),
    high: 1,
    check: new Uint8Array(8).fill(key.charCodeAt(1) || 0),
  });

  function stateWith(records: readonly string[]) {
    const state = new ClientState(parameters);
    const contents = new Map<number, Uint8Array>();
    for (const [index, key] of records.entries()) {
      state.positions.assign(toRecordId(index), keys.digest(key));
      for (const [part, content] of encodeRecord(text(key), keys.digest(key), parameters).entries()) {
        contents.set(2 * index + part, content);
        state.positions.move(state.positions.blockOf(toRecordId(index), part), toLeaf(index % 4));
      }
    }
    return { state, contents };
  }

  function serve(records: readonly string[], operations: readonly VaultOperation[]) {
    const { state, contents } = stateWith(records);
    let draws = 0;
    const draw = () => toLeaf(draws++ % 4);
    const resolved = resolveOperations(operations, 8, state, keys, draw);
    const applied = applyOperations(resolved, 8, parameters, state, (block) => contents.get(block)!, draw);
    return { resolved, applied, draws };
  }

  const operation = fc.oneof(
    fc
      .constantFrom('a', 'a1', 'b', 'c', 'd')
      .chain((key) => fc.constantFrom(get(key), put(key), remove(key))),
    fc.constant<VaultOperation>({ kind: 'dummy' }),
  );

  test('has as many paths and changes whatever is asked, each block once, each with a fresh leaf', () => {
    fc.assert(
      fc.property(
        fc.subarray(['a', 'b', 'c', 'x', 'y', 'z', 'u', 'v'], { minLength: 0 }),
        fc.array(operation, { minLength: 1, maxLength: 8 }),
        (records, operations) => {
          const { resolved, applied, draws } = serve(records, operations);
          expect(resolved.accesses.length).toBe(16);
          expect(applied.accesses.length).toBe(16);
          expect(applied.changes.length).toBe(8);
          expect(applied.outcomes.length).toBe(operations.length);
          const blocks = resolved.accesses.flatMap(({ block }) => (block === undefined ? [] : [block]));
          expect(new Set(blocks).size).toBe(blocks.length);
          // A fresh leaf for each path after it is read, and one before for each that belongs to no block.
          expect(draws).toBe(16 + (16 - blocks.length));
          for (const [index, { leaf }] of resolved.accesses.entries()) {
            expect(applied.accesses[index]!.leafRead).toBe(leaf);
          }
          const changed = applied.changes.flatMap((change) => (change === undefined ? [] : [change.record]));
          expect(new Set(changed).size).toBe(changed.length);
        },
      ),
    );
  });

  test('refuses to put a key whose fingerprint another one has, and finds nothing under it', () => {
    const refused = { code: 'VAULT_KEY_COLLISION' };
    const nothing = { found: false, value: undefined };
    const { applied } = serve(['a'], [get('a1'), put('a1'), remove('a1')]);
    expect(applied.outcomes).toMatchObject([nothing, refused, nothing]);
    expect(applied.changes.every((change) => change === undefined)).toBe(true);
    expect(applied.accesses[0]!.content).toEqual(encodeRecord(text('a'), keys.digest('a'), parameters)[0]);
    // The one that comes first in an epoch is served.
    const both = serve([], [put('a'), put('a1'), get('a1'), get('a')]);
    expect(both.applied.outcomes).toMatchObject([
      nothing,
      refused,
      refused,
      { found: true, value: text('a') },
    ]);
    expect(serve(['a'], [get('a1'), get('a'), remove('a')]).applied.outcomes).toMatchObject([
      nothing,
      refused,
      refused,
    ]);
  });
});
