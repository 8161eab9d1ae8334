/**
 * What vaults of both layouts have in common: operations are checked, queued, and served in epochs; and what the
 * two tables consumed meanwhile.
 */

import { OramError } from './errors.ts';
import type { VaultOptions } from './open-vault.ts';
import { OperationQueue } from './operation-queue.ts';
import type { OperationOutcome } from './operations.ts';
import type { VaultParameters } from './parameters.ts';
import { requireRecordKey, requireValue } from './record-content.ts';
import type { StoreUnits } from './stores/store.ts';
import type { VaultOperation, VaultOperationResult } from './vault.ts';

/** 512 epochs: minutes on DynamoDB; longer work should be cut by the caller, who then sees its progress. */
export const MAX_BATCH_OPERATIONS = 4096;

/** The methods of `Vault` that only differ in how an epoch is served. */
export abstract class QueuedVault {
  readonly name: string;
  readonly parameters: VaultParameters;
  protected readonly queue: OperationQueue;
  readonly #options: VaultOptions;
  readonly #unitsBefore: StoreUnits;

  /** @param unitsBefore what both tables had consumed before the vault was opened */
  constructor(options: VaultOptions, parameters: VaultParameters, unitsBefore: StoreUnits) {
    this.name = options.name;
    this.parameters = parameters;
    this.#options = options;
    this.#unitsBefore = unitsBefore;
    this.queue = new OperationQueue((operations, size) => this.serve(operations, size));
  }

  /** One epoch of `size` operations of which these are asked for; their outcomes, in order. */
  protected abstract serve(
    operations: readonly VaultOperation[],
    size: number,
  ): Promise<readonly OperationOutcome[]>;

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#one({ kind: 'get', key })).value;
  }

  async has(key: string): Promise<boolean> {
    return (await this.#one({ kind: 'get', key })).found;
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.#one({ kind: 'put', key, value });
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#one({ kind: 'delete', key })).found;
  }

  async dummy(): Promise<void> {
    await this.#one({ kind: 'dummy' });
  }

  async batch(operations: readonly VaultOperation[]): Promise<readonly VaultOperationResult[]> {
    if (operations.length < 1 || operations.length > MAX_BATCH_OPERATIONS) {
      const detail = `a batch has 1 to ${MAX_BATCH_OPERATIONS} operations, not ${operations.length}; cut it into several`;
      throw new OramError('VAULT_BATCH_SIZE', detail, { operations: operations.length });
    }
    for (const operation of operations) this.requireTakeable(operation);
    return this.queue.submitAll(operations);
  }

  close(): Promise<void> {
    return this.queue.close();
  }

  /** Refuses what no vault of these parameters takes, before anything is read. */
  protected requireTakeable(operation: VaultOperation): void {
    if (operation.kind === 'dummy') return;
    requireRecordKey(operation.key);
    if (operation.kind === 'put') requireValue(operation.value, this.parameters);
  }

  /** Since the vault was opened, on both tables. */
  protected unitsSince(): StoreUnits {
    const now = unitsOf(this.#options);
    return {
      requests: now.requests - this.#unitsBefore.requests,
      readUnits: now.readUnits - this.#unitsBefore.readUnits,
      writeUnits: now.writeUnits - this.#unitsBefore.writeUnits,
    };
  }

  async #one(operation: VaultOperation): Promise<VaultOperationResult> {
    this.requireTakeable(operation);
    return this.queue.submit(operation);
  }
}

/** Of both tables together; of one, where both are one store. */
export function unitsOf({ tree, state }: Pick<VaultOptions, 'tree' | 'state'>): StoreUnits {
  const sum = { requests: 0, readUnits: 0, writeUnits: 0 };
  for (const store of new Set([tree, state])) {
    const units = store.units();
    sum.requests += units.requests;
    sum.readUnits += units.readUnits;
    sum.writeUnits += units.writeUnits;
  }
  return sum;
}
