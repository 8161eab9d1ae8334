/**
 * The vault as its users see it: records under string keys, looked up, changed and deleted without showing which.
 *
 * Whoever keeps the tree table, or watches it, learns the number and times of accesses and the public parameters,
 * and nothing else: not which record, not whether it was read, written or deleted, not whether it was there
 * (docs/oram.md says it exactly). Every operation costs the same accesses, a miss and a dummy included.
 * Operations called while one is under way are served together in the next epoch.
 */

import type { KeyObject } from 'node:crypto';
import type { VaultParameters } from './parameters.ts';
import type { StoreUnits } from './stores/store.ts';

export type VaultOperation =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'dummy' };

export interface VaultOperationResult {
  /** Whether the record was there before the operation; false for a dummy. */
  readonly found: boolean;
  /** What it held before the operation; undefined where it was not found. */
  readonly value: Uint8Array | undefined;
}

export interface VaultStats {
  readonly records: number;
  readonly capacity: number;
  /** Of the whole tree: a path has height + 1 buckets, of which the first `cachedLevels` are client state. 0 for a scanned vault. */
  readonly height: number;
  readonly bucketSize: number;
  readonly cachedLevels: number;
  /** Blocks beyond what the buckets of the tree's cached top would hold: the stash of Path ORAM. */
  readonly stash: number;
  /** The largest it has been after any access since the vault was made or reshuffled. */
  readonly stashMax: number;
  /** Blocks held by the client: the stash and the cached top together. */
  readonly pool: number;
  readonly poolCapacity: number;
  /** Operations served since the vault was made, dummies included. */
  readonly accesses: number;
  /** Epochs committed since the vault was made. */
  readonly epochs: number;
  /** Sealed client state when it is checkpointed, bytes. */
  readonly stateBytes: number;
  /** By this process on both tables together since it opened the vault. */
  readonly units: StoreUnits;
  /** Code of the check that failed, where the vault is poisoned for writing. */
  readonly poisonedBy: string | undefined;
}

export interface Progress {
  readonly phase: 'reading' | 'placing' | 'writing' | 'removing';
  readonly done: number;
  readonly total: number;
}

export interface BulkOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Stops safely: the vault stays as it was before the call. */
  readonly signal?: AbortSignal;
}

export interface VaultRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/** How many records a vault has after it was placed anew, and how many of before it has not. */
export interface Reshuffled {
  readonly kept: number;
  readonly lost: number;
}

export interface Vault {
  readonly name: string;
  readonly parameters: VaultParameters;

  /** The value, or undefined where there is no such record. */
  get(key: string): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  put(key: string, value: Uint8Array): Promise<void>;
  /** @returns whether the record was there */
  delete(key: string): Promise<boolean>;

  /**
   * Mixed operations, in order: each sees the effects of those before it. Served in epochs of eight, filled up with
   * dummies; repeated keys cost no more and show nothing. Places for new records are given out as an epoch begins: in a
   * full vault, what a delete frees is there for the next epoch. Where an epoch fails, later ones are tried all the same.
   * @throws OramError VAULT_BATCH_SIZE, VAULT_RECORD_KEY, VAULT_VALUE_TOO_LARGE before anything is read; the first other
   * refusal once all operations were served
   */
  batch(operations: readonly VaultOperation[]): Promise<readonly VaultOperationResult[]>;

  /** An access that does nothing and cannot be told from one that does. */
  dummy(): Promise<void>;

  /**
   * Adds records, later ones replacing earlier ones of the same key, and places everything anew under fresh leaves
   * and keys. Reads and writes the whole tree: its trace depends on the parameters alone.
   * @returns records in the vault afterwards
   * @throws OramError VAULT_FULL, VAULT_VALUE_TOO_LARGE, VAULT_RECORD_KEY; the vault is then as before
   */
  load(records: Iterable<VaultRecord> | AsyncIterable<VaultRecord>, options?: BulkOptions): Promise<number>;

  /**
   * Places everything anew under fresh leaves and keys: after a restored backup, on suspicion, to rotate keys.
   * @param acceptLoss go on where buckets are missing or fail their check, and drop the records they held
   * @param newKey the vault's key from then on; if the call fails with STORE_UNAVAILABLE, keep both until one opens it
   * @returns how many records were kept and how many were lost
   */
  reshuffle(
    options?: BulkOptions & { readonly acceptLoss?: boolean; readonly newKey?: KeyObject },
  ): Promise<Reshuffled>;

  stats(): VaultStats;

  /** Deletes every item of the vault in both tables. */
  destroy(options?: BulkOptions): Promise<void>;

  /** Waits for operations under way; later ones are refused. */
  close(): Promise<void>;
}
