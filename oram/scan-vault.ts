/**
 * A small vault: one sealed item that is read and rewritten whole for every access.
 *
 * Whoever keeps the tables sees the same four calls, keys and sizes alike, for a get, a put, a delete, a miss, a
 * dummy, eight of them together, and a load: when and how often the vault is used, nothing else. A reshuffle is seen,
 * since the item then moves to another key. There is no tree and no client state but the head, and a round trip less than
 * with Path ORAM; parameters.ts chooses. In dollars (cost.ts) it is cheaper for single accesses up to items of 6 KB
 * (blocks of 100 bytes) to 18 KB (1 KB), in epochs of eight up to 41 KB to 130 KB.
 *
 * Against a table that alters, loses or rolls back the item, and against crashes and other processes: scan-writer.ts.
 */

import type { KeyObject } from 'node:crypto';
import { isIntegrityFailure, OramError } from './errors.ts';
import type { HeadStore, HeldHead } from './head-store.ts';
import type { VaultOptions } from './open-vault.ts';
import type { OperationOutcome } from './operations.ts';
import { QueuedVault } from './queued-vault.ts';
import { RecordKeys } from './record-keys.ts';
import type { ScanTable, TableOperation } from './scan-table.ts';
import { type Rewriting, ScanWriter } from './scan-writer.ts';
import type { StoreUnits } from './stores/store.ts';
import type { BulkOptions, Vault, VaultOperation, VaultRecord, VaultStats } from './vault.ts';

type PutOperation = Extract<TableOperation, { kind: 'put' }>;

/** Records read between two reports of progress. */
const REPORT_EVERY = 1000;

/**
 * @param held the head as it was read or put first
 * @param unitsBefore what both tables had consumed before that
 * @throws OramError of the stores; where the item fails its check the vault opens poisoned
 */
export async function openScanVault(
  options: VaultOptions,
  heads: HeadStore,
  held: HeldHead,
  unitsBefore: StoreUnits,
): Promise<Vault> {
  const vault = new ScanVault(new ScanWriter(options, heads, held), options, unitsBefore);
  await vault.inspect();
  return vault;
}

class ScanVault extends QueuedVault implements Vault {
  readonly #writer: ScanWriter;
  readonly #keys: RecordKeys;

  constructor(writer: ScanWriter, options: VaultOptions, unitsBefore: StoreUnits) {
    const { parameters, digestKey } = writer.head.body;
    super(options, parameters, unitsBefore);
    this.#writer = writer;
    this.#keys = new RecordKeys(digestKey);
  }

  /** Learns how many records there are. */
  async inspect(): Promise<void> {
    try {
      await this.#guarded(() => this.#writer.inspect());
    } catch (error) {
      if (!isIntegrityFailure(error)) throw error;
    }
  }

  /** One access like any other; all of the records or none. */
  async load(
    records: Iterable<VaultRecord> | AsyncIterable<VaultRecord>,
    options: BulkOptions = {},
  ): Promise<number> {
    const { onProgress, signal } = options;
    const { capacity } = this.parameters;
    const latest = new Map<string, PutOperation>();
    let read = 0;
    for await (const { key, value } of records) {
      signal?.throwIfAborted();
      this.requireTakeable({ kind: 'put', key, value });
      latest.set(key, { kind: 'put', digest: this.#digest(key), value });
      if (latest.size > capacity) throw full(capacity);
      read += 1;
      if (read % REPORT_EVERY === 0) onProgress?.({ phase: 'reading', done: read, total: read });
    }
    signal?.throwIfAborted();
    onProgress?.({ phase: 'writing', done: 0, total: 1 });
    const outcome = await this.#alone({
      operations: 0,
      change: (table) => putAll(table, [...latest.values()], capacity),
    });
    if (outcome instanceof OramError) throw outcome;
    onProgress?.({ phase: 'writing', done: 1, total: 1 });
    return outcome;
  }

  /** Where the item is lost, nobody can tell how many records it held: `lost` is then the vault's capacity. */
  async reshuffle(
    options: BulkOptions & { readonly acceptLoss?: boolean; readonly newKey?: KeyObject } = {},
  ): Promise<{ readonly kept: number; readonly lost: number }> {
    const { onProgress, signal, acceptLoss = false, newKey } = options;
    signal?.throwIfAborted();
    onProgress?.({ phase: 'writing', done: 0, total: 1 });
    const result = await this.#alone({
      operations: 0,
      anew: { newKey },
      acceptLoss,
      change: (table, lost) => ({ kept: table.records, lost: lost ? this.parameters.capacity : 0 }),
    });
    onProgress?.({ phase: 'writing', done: 1, total: 1 });
    return result;
  }

  stats(): VaultStats {
    const { body } = this.#writer.head;
    return {
      records: this.#writer.records,
      capacity: this.parameters.capacity,
      height: 0,
      bucketSize: this.parameters.capacity,
      cachedLevels: 0,
      stash: 0,
      stashMax: 0,
      pool: 0,
      poolCapacity: 0,
      accesses: body.accesses,
      epochs: body.sequence,
      stateBytes: 0,
      units: this.unitsSince(),
      poisonedBy: this.#writer.poisonedBy,
    };
  }

  async destroy({ onProgress, signal }: BulkOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await this.queue.exclusively(() => this.#writer.remove());
    onProgress?.({ phase: 'removing', done: 1, total: 1 });
    await this.close();
  }

  protected serve(operations: readonly VaultOperation[]): Promise<readonly OperationOutcome[]> {
    const prepared = operations.map((operation): TableOperation => {
      if (operation.kind === 'dummy') return operation;
      const digest = this.#digest(operation.key);
      return operation.kind === 'put'
        ? { kind: 'put', digest, value: operation.value }
        : { kind: operation.kind, digest };
    });
    const change = (table: ScanTable) => prepared.map((operation) => outcomeOf(table, operation));
    return this.#guarded(() => this.#writer.rewrite({ operations: operations.length, change }));
  }

  #alone<T>(rewriting: Rewriting<T>): Promise<T> {
    return this.queue.exclusively(() => this.#guarded(() => this.#writer.rewrite(rewriting)));
  }

  /** A failed check poisons the vault, for this process and, where its head can be written, for all. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isIntegrityFailure(error)) await this.#writer.poison(error.code);
      throw error;
    }
  }

  #digest(key: string): Uint8Array {
    const { low, high, check } = this.#keys.digest(key);
    const digest = Buffer.alloc(8 + check.length);
    digest.writeUInt32BE(low, 0);
    digest.writeUInt32BE(high, 4);
    digest.set(check, 8);
    return digest;
  }
}

function outcomeOf(table: ScanTable, operation: TableOperation): OperationOutcome {
  try {
    return table.apply(operation);
  } catch (error) {
    if (error instanceof OramError) return error;
    throw error;
  }
}

/** @returns how many records there are then; where they do not fit, an error and nothing changed */
function putAll(table: ScanTable, puts: readonly PutOperation[], capacity: number): number | OramError {
  const added = puts.filter(({ digest }) => !table.has(digest)).length;
  if (table.records + added > capacity) return full(capacity);
  for (const put of puts) table.apply(put);
  return table.records;
}

function full(capacity: number): OramError {
  const detail = `the vault holds ${capacity} records and there are more; make a larger one`;
  return new OramError('VAULT_FULL', detail, { capacity });
}
