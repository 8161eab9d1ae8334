/** The vault of layout `tree`: Path ORAM over two tables, behind the interface that users see. */

import { stateLayout } from './checkpoint.ts';
import { destroyTree } from './destroy.ts';
import { OramError } from './errors.ts';
import type { HeldHead } from './head-store.ts';
import type { VaultOptions } from './open-vault.ts';
import type { OperationOutcome } from './operations.ts';
import { BUCKET_SIZE, poolCapacity, type VaultParameters } from './parameters.ts';
import { QueuedVault } from './queued-vault.ts';
import { Rebuild, type RebuildRequest, type Rebuilt, removeGeneration, takenOver } from './rebuild.ts';
import { headBytes, SEAL_BYTES } from './sizes.ts';
import type { StoreUnits } from './stores/store.ts';
import type { TreeWriter } from './tree-writer.ts';
import { Turn } from './turn.ts';
import type { BulkOptions, Vault, VaultOperation, VaultRecord, VaultStats } from './vault.ts';

export class TreeVault extends QueuedVault implements Vault {
  readonly #options: VaultOptions;
  readonly #writer: TreeWriter;

  /** @param writer whose head and state were read */
  constructor(writer: TreeWriter, unitsBefore: StoreUnits) {
    super(writer.options, writer.current.held.head.body.parameters, unitsBefore);
    this.#writer = writer;
    this.#options = writer.options;
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
      units: this.unitsSince(),
      poisonedBy: this.#writer.poisonedBy,
    };
  }

  destroy(options: BulkOptions = {}): Promise<void> {
    return this.queue.exclusively(() => destroyTree(this.#writer, options));
  }

  protected serve(operations: readonly VaultOperation[], size: number): Promise<readonly OperationOutcome[]> {
    return this.#writer.serve(operations, size);
  }

  #rebuild(request: RebuildRequest): Promise<Rebuilt> {
    return this.queue.exclusively(() =>
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
