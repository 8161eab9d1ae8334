/**
 * One long run of a vault of random shape against a plain Map: operations alone and in batches, processes that stop at
 * random calls, cold openings, loads and reshuffles. Throws where vault and Map differ.
 */

import assert from 'node:assert/strict';
import { createVault } from '../oram/open-vault.ts';
import { chooseParameters } from '../oram/parameters.ts';
import type { Vault, VaultOperation } from '../oram/vault.ts';
import type { SeededRandom } from '../test/oram/seeded-random.ts';
import { CrashSignal, FaultyProcess } from '../test/oram/stores/fault-store.ts';
import { newTables, onMap, open, optionsFor, type Tables } from '../test/oram/tree-world.ts';

const STEPS = 2000;
const MOST_BATCH = 20;

type Model = Map<string, Uint8Array>;

/** @returns what was done, in a line */
export async function modelRun(random: SeededRandom): Promise<string> {
  const records = 8 + random.below(400);
  const blocksPerRecord = 2 ** random.below(3);
  const blockBytes = 16 + random.below(50);
  const sizes = { records, blockBytes, blocksPerRecord, layout: 'tree' } as const;
  const cachedLevels = random.below(chooseParameters(sizes).levels);
  const parameters = {
    ...chooseParameters({ ...sizes, cachedLevels }),
    checkpointOperations: 1 + random.below(40),
  };
  const tables: Tables = newTables();
  await createVault(optionsFor(tables, { random: random.bytes }), parameters);
  const valueBytes = blockBytes * blocksPerRecord;
  // As many keys as records, so that a vault gets full and is never too full.
  const operation = (): VaultOperation => {
    const key = `record ${random.below(records)}`;
    const kinds = ['get', 'put', 'put', 'delete', 'dummy'] as const;
    const kind = kinds[random.below(kinds.length)]!;
    if (kind === 'dummy') return { kind };
    return kind === 'put' ? { kind, key, value: random.bytes(random.below(valueBytes + 1)) } : { kind, key };
  };
  let model: Model = new Map();
  let process = new FaultyProcess();
  let vault: Vault = await open(tables, { process, random: random.bytes });
  let cuts = 0;
  for (let step = 0; step < STEPS; step++) {
    const batch = Array.from({ length: 1 + (step % 3 === 0 ? random.below(MOST_BATCH) : 0) }, operation);
    if (random.below(20) === 0) {
      process.crashAt(
        process.calls.length + 1 + random.below(15),
        random.below(2) === 0 ? 'before' : 'after',
      );
    }
    try {
      if (random.below(500) === 0) await vault.reshuffle();
      const results = await vault.batch(batch);
      assert.deepEqual(plain(results), plain(batch.map((one) => onMap(model, one))));
    } catch (error) {
      if (!(error instanceof CrashSignal)) throw error;
      cuts += 1;
      process = new FaultyProcess();
      vault = await open(tables, { process, random: random.bytes });
      model = await whichHolds(vault, candidates(model, batch), records);
    }
  }
  for (let record = 0; record < records; record++) {
    const key = `record ${record}`;
    assert.deepEqual(plain(await vault.get(key)), plain(model.get(key)));
  }
  const { stashMax, epochs } = vault.stats();
  return `${records} records of ${blocksPerRecord} x ${blockBytes} bytes, ${cachedLevels} levels cached, a checkpoint every ${parameters.checkpointOperations}: ${epochs} epochs, ${cuts} cuts, stash at most ${stashMax}`;
}

/** A batch is cut off between two epochs of eight operations. */
function candidates(model: Model, batch: readonly VaultOperation[]): Model[] {
  const found = [new Map(model)];
  for (let first = 0; first < batch.length; first += 8) {
    const after = new Map(found.at(-1));
    for (const operation of batch.slice(first, first + 8)) onMap(after, operation);
    found.push(after);
  }
  return found;
}

async function whichHolds(vault: Vault, models: readonly Model[], records: number): Promise<Model> {
  const keys = Array.from({ length: records }, (_, record) => `record ${record}`);
  const found = await vault.batch(keys.map((key) => ({ kind: 'get', key })));
  const held: Model = new Map(
    found.flatMap(({ value }, record) => (value === undefined ? [] : [[keys[record]!, value] as const])),
  );
  const matching = models.find((model) => same(model, held));
  assert.ok(matching, 'a vault whose process was stopped holds a state that it never had');
  return matching;
}

function same(left: Model, right: Model): boolean {
  return (
    left.size === right.size &&
    [...left].every(([key, value]) => {
      const other = right.get(key);
      return other !== undefined && Buffer.compare(other, value) === 0;
    })
  );
}

/** Buffers and arrays of the same bytes are equal. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (_, inner) => (inner instanceof Uint8Array ? [...inner] : inner)),
  );
}
