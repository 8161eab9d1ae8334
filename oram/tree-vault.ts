/** The vault of layout `tree`: Path ORAM over two tables, behind the interface that users see. */

import { stateLayout } from './checkpoint.ts';
import { destroyTree } from './destroy.ts';
import { OramError } from './errors.ts';
import type { HeldHead } from './head-store.ts';
import type { VaultOptions } from './open-vault.ts';
import { OperationQueue } from './operation-queue.ts';
import { BUCKET_SIZE, poolCapacity, type VaultParameters } from './parameters.ts';
import { Rebuild, type RebuildRequest, type Rebuilt, removeGeneration, takenOver } from './rebuild.ts';
import { requireRecordKey, requireValue } from './record-content.ts';
import { headBytes, SEAL_BYTES } from './sizes.ts';
import type { StoreUnits } from './stores/store.ts';
import type { TreeWriter } from './tree-writer.ts';
import { Turn } from './turn.ts';
import type {
  BulkOptions,
  Vault,
  VaultOperation,
  VaultOperationResult,
  VaultRecord,
  VaultStats,
} from './vault.ts';

/** 512 epochs: minutes on DynamoDB; longer work should be cut by the caller, who then sees its progress. */
export const MAX_BATCH_OPERATIONS = 4096;

export class TreeVault implements Vault {
  readonly name: string;
  readonly parameters: VaultParameters;
  readonly #options: VaultOptions;
  readonly #writer: TreeWriter;
  readonly #queue: OperationQueue;
  readonly #unitsBefore: StoreUnits;

  /** @param writer whose head and state were read */
  constructor(writer: TreeWriter, unitsBefore: StoreUnits) {
    this.#writer = writer;
    this.#options = writer.options;
    this.name = writer.options.name;
    this.parameters = writer.current.held.head.body.parameters;
    this.#unitsBefore = unitsBefore;
    this.#queue = new OperationQueue((operations, size) => writer.serve(operations, size));
  }

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
      const detail = `a batch has 1 to ${MAX_BATCH_OPERATIONS} operations, not ${operations.length}`;
      throw new OramError('VAULT_BATCH_SIZE', detail, { operations: operations.length });
    }
    for (const operation of operations) this.#require(operation);
    return this.#queue.submitAll(operations);
  }

  async load(
    records: Iterable<VaultRecord> | AsyncIterable<VaultRecord>,
    options: BulkOptions = {},
  ): Promise<number> {
    return (await this.#rebuild({ ...options, additions: records })).kept;
  }

  reshuffle(options: Parameters<Vault['reshuffle']>[0] = {}): Promise<Rebuilt> {
    return this.#rebuild(options);
  }

  stats(): VaultStats {
    const { held, opened } = this.#writer.current;
    const { body } = held.head;
    const { state } = opened;
    const { tree, state: stateTable } = this.#options;
    const now = unitsOf(tree.units(), tree === stateTable ? undefined : stateTable.units());
    return {
      records: state.positions.records,
      capacity: this.parameters.capacity,
      height: this.parameters.levels - 1,
      bucketSize: BUCKET_SIZE,
      cachedLevels: this.parameters.cachedLevels,
      stash: state.pool.stash,
      stashMax: Math.max(body.stashMax, state.pool.stash),
      pool: state.pool.size,
      poolCapacity: poolCapacity(this.parameters),
      accesses: body.accesses,
      epochs: body.sequence,
      stateBytes: stateBytes(this.parameters),
      units: {
        requests: now.requests - this.#unitsBefore.requests,
        readUnits: now.readUnits - this.#unitsBefore.readUnits,
        writeUnits: now.writeUnits - this.#unitsBefore.writeUnits,
      },
      poisonedBy: this.#writer.poisonedBy,
    };
  }

  destroy(options: BulkOptions = {}): Promise<void> {
    return this.#queue.exclusively(() => destroyTree(this.#writer, options));
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  async #one(operation: VaultOperation): Promise<VaultOperationResult> {
    this.#require(operation);
    return this.#queue.submit(operation);
  }

  #require(operation: VaultOperation): void {
    if (operation.kind === 'dummy') return;
    requireRecordKey(operation.key);
    if (operation.kind === 'put') requireValue(operation.value, this.parameters);
  }

  #rebuild(request: RebuildRequest): Promise<Rebuilt> {
    return this.#queue.exclusively(() =>
      this.#writer.guarded(async () => {
        const held = await this.#announce();
        const rebuilt = await this.#place(held, request);
        try {
          await this.#writer.assure();
          await this.#removeLeftover(request);
        } catch (error) {
          // What was asked for is in force all the same; the head remembers what is left to remove.
          if (!(error instanceof OramError)) throw error;
          this.#writer.doubt();
        }
        return rebuilt;
      }),
    );
  }

  async #place(held: HeldHead, request: RebuildRequest): Promise<Rebuilt> {
    const { opened } = this.#writer.current;
    try {
      const rebuilt = await this.#writer.conclusive(() =>
        new Rebuild(this.#writer, held, request).run(opened),
      );
      if (rebuilt === undefined) throw takenOver();
      return rebuilt;
    } catch (error) {
      // Nothing of it is in force; whoever comes next would find out, but need not wait.
      await this.#writer.withdraw();
      throw error;
    }
  }

  /** Tells other writers to wait, and removes what an unfinished rebuild left. */
  async #announce(): Promise<HeldHead> {
    const turn = new Turn(this.#options);
    for (;;) {
      await this.#writer.settle(turn);
      await this.#removeLeftover({});
      const announced = await this.#writer.announce();
      if (announced !== undefined) return announced;
      await turn.pause();
    }
  }

  async #removeLeftover(options: BulkOptions): Promise<void> {
    const { held } = this.#writer.current;
    const { leftover } = held.head.body;
    if (leftover === null) return;
    await removeGeneration(this.#writer, held, leftover, options);
    await this.#writer.forgetLeftover();
  }
}

export function unitsOf(...tables: readonly (StoreUnits | undefined)[]): StoreUnits {
  const sum = { requests: 0, readUnits: 0, writeUnits: 0 };
  for (const units of tables) {
    sum.requests += units?.requests ?? 0;
    sum.readUnits += units?.readUnits ?? 0;
    sum.writeUnits += units?.writeUnits ?? 0;
  }
  return sum;
}

/** Sealed bytes of head, pool and maps. */
function stateBytes(parameters: VaultParameters): number {
  const layout = stateLayout(parameters);
  const versionPages = layout.pages - layout.positionPages;
  return (
    headBytes(parameters.blocksPerRecord) +
    layout.poolBytes +
    layout.poolChunks * SEAL_BYTES +
    layout.positionPages * (layout.positionPageBytes + SEAL_BYTES) +
    versionPages * (layout.versionPageBytes + SEAL_BYTES)
  );
}
