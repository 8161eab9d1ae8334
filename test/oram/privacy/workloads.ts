/**
 * Workloads that differ in everything a vault hides, and what the owner of the tables sees of them: the same vault, as
 * many epochs, another seed each.
 */

import { createVault } from '../../../oram/open-vault.ts';
import { chooseParameters, EPOCH_OPERATIONS, type VaultParameters } from '../../../oram/parameters.ts';
import type { TraceEntry } from '../../../oram/stores/tracing.ts';
import type { Vault, VaultOperation } from '../../../oram/vault.ts';
import { SeededRandom } from '../seeded-random.ts';
import { copyOf, newTables, open, optionsFor, type Tables } from '../tree-world.ts';
import { type View, viewOf } from './table-owner.ts';

const RECORDS = 192;
const BLOCK_BYTES = 32;

/** 64 leaves, five of seven levels in the table, a checkpoint every 40 operations. */
export const PARAMETERS: VaultParameters = {
  ...chooseParameters({ records: 256, blockBytes: BLOCK_BYTES, layout: 'tree', cachedLevels: 2 }),
  checkpointOperations: 40,
};

/** Each vault is closed and opened cold now and then. */
const EPOCHS_BETWEEN_OPENINGS = 300;

export const keyOf = (record: number) => `record ${record % RECORDS}`;
const full = new Uint8Array(BLOCK_BYTES).fill(7);
const get = (key: string): VaultOperation => ({ kind: 'get', key });
const put = (key: string, value = full): VaultOperation => ({ kind: 'put', key, value });
const drop = (key: string): VaultOperation => ({ kind: 'delete', key });
const dummy: VaultOperation = { kind: 'dummy' };

/** The operation of the epoch with this number. */
export const SINGLES = {
  'the same record looked up': () => get(keyOf(5)),
  'all records looked up in turn': (index) => get(keyOf(index)),
  'two records in turn': (index) => get(keyOf(index % 2)),
  'the same record replaced': () => put(keyOf(5)),
  'all records replaced in turn': (index) => put(keyOf(index)),
  'keys that are not there': (index) => get(`nobody ${index}`),
  'the same key that is not there': () => get('nobody'),
  'records deleted and put again': (index) =>
    index % 2 === 0 ? drop(keyOf(index / 2)) : put(keyOf((index - 1) / 2)),
  'deletes of what is not there': () => drop('nobody'),
  'empty and full values': (index) => put(keyOf(5), index % 2 === 0 ? new Uint8Array(0) : full),
  'more than fits': (index) => (index < 64 ? put(`new ${index}`) : put(`refused ${index}`)),
  dummies: () => dummy,
} as const satisfies Record<string, (index: number) => VaultOperation>;

const eight = (operation: (place: number) => VaultOperation) =>
  Array.from({ length: EPOCH_OPERATIONS }, (_, place) => operation(place));

/** The batch of the epoch with this number. */
export const BATCHES = {
  'eight records': (index) => eight((place) => get(keyOf(8 * index + place))),
  'the same eight records': () => eight((place) => get(keyOf(place))),
  'one record eight times': () => eight(() => get(keyOf(5))),
  'two records four times': () =>
    eight((place) => (place < 4 ? get(keyOf(place % 2)) : put(keyOf(place % 2)))),
  'one record put, deleted, looked up': () =>
    eight((place) => [put(keyOf(5)), drop(keyOf(5)), get(keyOf(5))][place % 3]!),
  'a batch of one': () => [get(keyOf(5))],
  'keys that are not there': (index) => eight((place) => get(`nobody ${8 * index + place}`)),
  'one key that is not there': () => eight(() => get('nobody')),
  dummies: () => eight(() => dummy),
} as const satisfies Record<string, (index: number) => readonly VaultOperation[]>;

/** A loaded vault; everything that is looked at begins from it. */
export async function prepare(seed: number): Promise<Tables> {
  const tables = newTables();
  const { bytes: random } = new SeededRandom(seed, 'vault');
  const vault = await createVault(optionsFor(tables, { random }), PARAMETERS);
  await vault.load(Array.from({ length: RECORDS }, (_, record) => ({ key: keyOf(record), value: full })));
  return tables;
}

/** What its tables' owner sees of so many epochs. */
export async function observe(
  prepared: Tables,
  workload: (index: number) => VaultOperation | readonly VaultOperation[],
  epochs: number,
  random: SeededRandom,
): Promise<View> {
  const tables = copyOf(prepared);
  const trace: TraceEntry[] = [];
  let vault: Vault | undefined;
  for (let index = 0; index < epochs; index++) {
    if (vault === undefined || index % EPOCHS_BETWEEN_OPENINGS === 0) {
      vault = await open(tables, { trace, random: random.bytes });
    }
    await serve(vault, workload(index));
  }
  return viewOf(trace, PARAMETERS);
}

/** An epoch of one, or of eight. */
export async function serve(
  vault: Vault,
  asked: VaultOperation | readonly VaultOperation[],
): Promise<unknown> {
  if ('kind' in asked) {
    if (asked.kind === 'get') return vault.get(asked.key);
    // A full vault refuses.
    if (asked.kind === 'put') return vault.put(asked.key, asked.value).catch(() => undefined);
    return asked.kind === 'delete' ? vault.delete(asked.key) : vault.dummy();
  }
  return vault.batch(asked);
}
