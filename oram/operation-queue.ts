/**
 * One epoch at a time: operations that arrive while one is under way wait and are served together in the next.
 *
 * Whoever watches learns whether an epoch is a single one or one of eight, which says that more than one operation
 * waited, and nothing of what they were: that is part of the number and time of accesses.
 */

import { OramError } from './errors.ts';
import type { OperationOutcome } from './operations.ts';
import { EPOCH_OPERATIONS } from './parameters.ts';
import type { VaultOperation, VaultOperationResult } from './vault.ts';

interface Waiting {
  readonly operation: VaultOperation;
  /** Part of a batch: always in an epoch of eight. */
  readonly batched: boolean;
  readonly resolve: (result: VaultOperationResult) => void;
  readonly reject: (error: unknown) => void;
}

export class OperationQueue {
  readonly #serve: (
    operations: readonly VaultOperation[],
    size: number,
  ) => Promise<readonly OperationOutcome[]>;
  readonly #waiting: Waiting[] = [];
  /** Settles when nothing is under way; never rejects. */
  #tail: Promise<unknown> = Promise.resolve();
  #pumping = false;
  #closed = false;

  /** @param serve one epoch of `size` operations, the outcomes in order */
  constructor(
    serve: (operations: readonly VaultOperation[], size: number) => Promise<readonly OperationOutcome[]>,
  ) {
    this.#serve = serve;
  }

  submit(operation: VaultOperation): Promise<VaultOperationResult> {
    return this.#enqueue(operation, false);
  }

  /** All are served; the first refusal is thrown afterwards. */
  async submitAll(operations: readonly VaultOperation[]): Promise<readonly VaultOperationResult[]> {
    const settled = await Promise.allSettled(operations.map((operation) => this.#enqueue(operation, true)));
    return settled.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }

  /** Runs alone, after what is under way. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    const run = this.#tail.then(work);
    this.#tail = run.catch(() => undefined);
    return run;
  }

  /** Refuses what comes later and waits for the rest. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#pumping) await this.#tail;
    await this.#tail;
  }

  #enqueue(operation: VaultOperation, batched: boolean): Promise<VaultOperationResult> {
    this.#requireOpen();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, batched, resolve, reject });
      if (this.#pumping) return;
      this.#pumping = true;
      this.#tail = this.#tail.then(() => this.#pump());
    });
  }

  async #pump(): Promise<void> {
    while (this.#waiting.length > 0) {
      const members = this.#waiting.splice(0, EPOCH_OPERATIONS);
      const single = members.length === 1 && members[0]?.batched === false;
      try {
        const outcomes = await this.#serve(
          members.map(({ operation }) => operation),
          single ? 1 : EPOCH_OPERATIONS,
        );
        for (const [index, { resolve, reject }] of members.entries()) {
          const outcome = outcomes[index];
          if (outcome === undefined || outcome instanceof OramError) reject(outcome);
          else resolve(outcome);
        }
      } catch (error) {
        for (const { reject } of members) reject(error);
      }
    }
    this.#pumping = false;
  }

  #requireOpen(): void {
    if (this.#closed) throw new OramError('VAULT_CLOSED', 'this vault was closed; open it again');
  }
}
