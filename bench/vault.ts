/**
 * Accesses of a vault: how many a second, what they cost in processor time and in request units, beside the peers'
 * figures and a ceiling of the same run: `node bench/vault.ts [--quick] [memory|tables]`.
 *
 * The vault is full: as many records as it has room for are loaded first. Then half of the operations look one up and
 * half replace one, keys drawn uniformly. A trial is a second of single operations one after the other, or of batches of
 * eight. The ceiling is what is left when everything but AES-256-GCM is taken away: the seals and opens of one access, of
 * the same sizes, one after the other (checkpoints left out). Memory: vault and both tables in this process. dynalite and DynamoDB Local: the service is
 * a process of its own, tables in memory; the vault is made in memory and carried over.
 */

import { fork } from 'node:child_process';
import { createSecretKey, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../functions/system-clock.ts';
import { createVault, openVault } from '../oram/open-vault.ts';
import { chooseParameters, EPOCH_OPERATIONS, type VaultParameters } from '../oram/parameters.ts';
import { unitsOf } from '../oram/queued-vault.ts';
import { createDynamodbStore, createVaultTable } from '../oram/stores/dynamodb.ts';
import { createMemoryStore, type MemoryStore } from '../oram/stores/memory.ts';
import type { ItemStore } from '../oram/stores/store.ts';
import type { Vault, VaultOperation } from '../oram/vault.ts';
import { findDynamodbLocal, startDynamodbLocal } from '../test/oram/stores/dynamodb-local.ts';
import { machineLine } from './machine.ts';
import { sealsOfEpoch } from './vault-seals.ts';

interface Scale {
  readonly trials: number;
  readonly trialMs: number;
  readonly memory: readonly Size[];
  readonly tables: readonly Size[];
}

interface Size {
  readonly records: number;
  readonly blockBytes: number;
}

/** Five minutes for the three sizes in memory, of which making and loading the largest takes one to two. */
const FULL: Scale = {
  trials: 11,
  trialMs: 1000,
  memory: [
    { records: 2 ** 16, blockBytes: 256 },
    { records: 2 ** 16, blockBytes: 1024 },
    { records: 2 ** 20, blockBytes: 1024 },
  ],
  tables: [
    { records: 2 ** 16, blockBytes: 256 },
    { records: 2 ** 16, blockBytes: 1024 },
  ],
};

const QUICK: Scale = {
  trials: 2,
  trialMs: 50,
  memory: [{ records: 2 ** 9, blockBytes: 256 }],
  tables: [{ records: 2 ** 9, blockBytes: 256 }],
};

/** Code is compiled and caches are warm after that many. */
const WARM_UP_TRIALS = 2;

/** Cold opens of a vault: those of the largest take a second each. */
const OPENS = 5;

/** Items carried over in one call. */
const ITEMS_AT_ONCE = 500;

/** The peers on this kind of machine, accesses a second: their own benchmarks' loops, best of several runs. */
const PEERS = [
  'facebook/oram (Rust, in memory, not encrypted): 2^16 x 256 B 3048, 2^16 x 1 KB 1769',
  'PyORAM (AES, file in memory): 2^16 x 256 B 273',
];

const KEY = createSecretKey(randomBytes(32));

interface Tables<S extends ItemStore = ItemStore> {
  readonly tree: S;
  readonly state: S;
}

function optionsOf({ tree, state }: Tables) {
  return { name: 'bench', key: KEY, tree, state, clock: systemClock, random: randomBytes };
}

function parametersOf({ records, blockBytes }: Size): VaultParameters {
  return chooseParameters({ records, blockBytes, layout: 'tree' });
}

const keyOf = (record: number) => `record-${record}`;

function* recordsOf({ records, blockBytes }: Size) {
  const value = new Uint8Array(randomBytes(blockBytes));
  for (let record = 0; record < records; record++) yield { key: keyOf(record), value };
}

interface Made {
  readonly tables: Tables<MemoryStore>;
  readonly vault: Vault;
  readonly createMs: number;
  readonly loadMs: number;
}

async function make(size: Size): Promise<Made> {
  const tables = { tree: createMemoryStore(), state: createMemoryStore() };
  const beganMs = performance.now();
  const vault = await createVault(optionsOf(tables), parametersOf(size));
  const createdMs = performance.now();
  const loaded = await vault.load(recordsOf(size));
  if (loaded !== size.records) throw new Error(`${loaded} records of ${size.records} were loaded`);
  return { tables, vault, createMs: createdMs - beganMs, loadMs: performance.now() - createdMs };
}

function randomOperation({ records }: Size, value: Uint8Array): VaultOperation {
  const draw = randomInt(2 * records);
  const key = keyOf(draw >>> 1);
  return (draw & 1) === 0 ? { kind: 'get', key } : { kind: 'put', key, value };
}

interface Trial {
  readonly perSecond: number;
  readonly cpuUs: number;
}

/** Calls `work`, of so many accesses each, for `durationMs`. */
async function trial(durationMs: number, accesses: number, work: () => unknown): Promise<Trial> {
  let calls = 0;
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  while (performance.now() - beganMs < durationMs) {
    await work();
    calls += 1;
  }
  const elapsedMs = performance.now() - beganMs;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: (1000 * calls * accesses) / elapsedMs,
    cpuUs: (user + system) / (calls * accesses),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Mode {
  readonly name: string;
  readonly operations: number;
}

const MODES: readonly Mode[] = [
  { name: 'single', operations: 1 },
  { name: 'epochs of 8', operations: EPOCH_OPERATIONS },
];

function accessesOf(vault: Vault, size: Size, operations: number): () => Promise<unknown> {
  const value = new Uint8Array(randomBytes(size.blockBytes));
  if (operations > 1) {
    return () => vault.batch(Array.from({ length: operations }, () => randomOperation(size, value)));
  }
  return () => {
    const operation = randomOperation(size, value);
    return operation.kind === 'put'
      ? vault.put(operation.key, value)
      : vault.get(keyOf(randomInt(size.records)));
  };
}

async function measure(store: string, size: Size, { tree, state }: Tables, vault: Vault, scale: Scale) {
  for (const { name, operations } of MODES) {
    const access = accessesOf(vault, size, operations);
    const seals = store === 'memory' ? sealsOfEpoch(vault.parameters, operations) : undefined;
    const warmUpMs = scale.trialMs * WARM_UP_TRIALS;
    await trial(warmUpMs, operations, access);
    if (seals !== undefined) await trial(warmUpMs, operations, seals);
    const trials: Trial[] = [];
    const ceilings: number[] = [];
    const unitsBefore = unitsOf({ tree, state });
    const accessesBefore = vault.stats().accesses;
    for (let round = 0; round < scale.trials; round++) {
      trials.push(await trial(scale.trialMs, operations, access));
      if (seals !== undefined) ceilings.push((await trial(scale.trialMs / 4, operations, seals)).perSecond);
    }
    const accesses = vault.stats().accesses - accessesBefore;
    const units = unitsOf({ tree, state });
    const rates = trials.map(({ perSecond }) => perSecond);
    const cells = [
      store.padEnd(14),
      `2^${Math.log2(size.records)} x ${size.blockBytes} B`.padEnd(13),
      name.padEnd(11),
      median(rates).toFixed(0).padStart(8),
      `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`.padStart(14),
      median(trials.map(({ cpuUs }) => cpuUs))
        .toFixed(0)
        .padStart(6),
      (ceilings.length === 0 ? '' : median(ceilings).toFixed(0)).padStart(8),
      ((units.writeUnits - unitsBefore.writeUnits) / accesses).toFixed(1).padStart(6),
      ((units.readUnits - unitsBefore.readUnits) / accesses).toFixed(1).padStart(6),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/** A vault on tables of another process. */
async function measureTables(store: string, endpoint: string, size: Size, made: Made, scale: Scale) {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    const name = `vault-${size.records}-${size.blockBytes}`;
    const table = async (part: 'tree' | 'state') => {
      const tableName = `${name}-${part}`;
      await createVaultTable(client, tableName);
      const carried = createDynamodbStore({ client, tableName, clock: systemClock });
      const items = [...made.tables[part].items()];
      for (let first = 0; first < items.length; first += ITEMS_AT_ONCE) {
        await carried.fill(items.slice(first, first + ITEMS_AT_ONCE));
      }
      return carried;
    };
    const tables = { tree: await table('tree'), state: await table('state') };
    await measure(store, size, tables, await openVault(optionsOf(tables)), scale);
  } finally {
    client.destroy();
  }
}

/** dynalite in a process of its own. */
async function startDynalite() {
  const child = fork(fileURLToPath(new URL('vault-dynalite.ts', import.meta.url)));
  const [endpoint]: string[] = await once(child, 'message');
  return { endpoint: endpoint!, close: async () => void child.kill() };
}

async function benchMemory(size: Size, scale: Scale): Promise<string> {
  const { tables, vault, createMs, loadMs } = await make(size);
  await measure('memory', size, tables, vault, scale);
  const opens: number[] = [];
  for (let round = 0; round < OPENS; round++) {
    const beganMs = performance.now();
    await openVault(optionsOf(tables));
    opens.push(performance.now() - beganMs);
  }
  const seconds = (durationMs: number) => (durationMs / 1000).toFixed(1);
  return (
    `2^${Math.log2(size.records)} x ${size.blockBytes} B in memory: created in ${seconds(createMs)} s, loaded in ${seconds(loadMs)} s; ` +
    `opened cold in ${median(opens).toFixed(0)} ms (${Math.min(...opens).toFixed(0)} to ${Math.max(...opens).toFixed(0)}), ` +
    `client state ${(vault.stats().stateBytes / 1e6).toFixed(2)} MB`
  );
}

export async function benchVault(scale: Scale): Promise<void> {
  console.log(
    'Accesses of a vault, half look-ups and half replacements; a second, CPU us and units an access',
  );
  console.log(machineLine());
  console.log(
    '\n| store          | records       | epochs      | median/s |   min to max   | CPU us | AES only | writes |  reads |',
  );
  console.log(
    '| -------------- | ------------- | ----------- | -------: | -------------: | -----: | -------: | -----: | -----: |',
  );
  const lines: string[] = [];
  for (const size of scale.memory) lines.push(await benchMemory(size, scale));
  const directory = findDynamodbLocal();
  const services = [
    { store: 'dynalite', start: startDynalite },
    ...(directory === undefined
      ? []
      : [{ store: 'DynamoDB Local', start: () => startDynamodbLocal(directory) }]),
  ];
  for (const { store, start } of scale.tables.length === 0 ? [] : services) {
    const service = await start();
    try {
      for (const size of scale.tables) {
        await measureTables(store, service.endpoint, size, await make(size), scale);
      }
    } finally {
      await service.close();
    }
  }
  console.log('');
  for (const line of [...lines, ...PEERS]) console.log(line);
}

if (import.meta.main) {
  const parameters = process.argv.slice(2);
  const scale = parameters.includes('--quick') ? QUICK : FULL;
  await benchVault({
    ...scale,
    memory: parameters.includes('tables') ? [] : scale.memory,
    tables: parameters.includes('memory') ? [] : scale.tables,
  });
}
