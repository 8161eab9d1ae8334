/**
 * The vaults that one environment of a function has open: each is opened by the first request for it and kept for
 * the next ones, whose accesses the library queues and checks by sequence against other environments.
 *
 * A vault whose check failed is not kept: the next request opens it anew, as a cold start would, and meets the
 * same refusal until its operator has dealt with the cause. A vault that its key does not open any more may have got
 * another one: the keys are read again, at most every ten seconds, and the request goes on with a new one.
 */

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { fromBase64url } from '../auction/canonical.ts';
import { hashField } from '../auction/fields.ts';
import type { Clock } from '../mpc/clock.ts';
import { isIntegrityFailure, OramError, type OramErrorCode } from '../oram/errors.ts';
import { openVault } from '../oram/open-vault.ts';
import { createDynamodbStore } from '../oram/stores/dynamodb.ts';
import type { Vault } from '../oram/vault.ts';
import { FunctionError } from './errors.ts';
import { unknownVault } from './vault-access/authorisation.ts';
import { vaultNameField } from './vault-request.ts';

/** Secret: whoever has the key of a vault and reads its tables reads its records. */
export const vaultKeyFileSchema = z.strictObject({
  kind: z.literal('tacit/1 vault keys'),
  /** 32 bytes in base64url, by the name of the vault. */
  keys: z.record(vaultNameField, hashField),
});

export type VaultKeys = ReadonlyMap<string, KeyObject>;

/** @throws FunctionError CONFIGURATION_INVALID; no message quotes what is there */
export function loadVaultKeys(json: unknown): VaultKeys {
  const parsed = z.safeParse(vaultKeyFileSchema, json);
  if (!parsed.success) {
    throw new FunctionError('CONFIGURATION_INVALID', 'what VAULT_KEYS names is no file of vault keys');
  }
  return new Map(
    Object.entries(parsed.data.keys).map(([name, key]) => [name, createSecretKey(fromBase64url(key))]),
  );
}

export interface VaultTable {
  readonly client: DynamoDBClient;
  /** Name, or ARN where it is in another account. */
  readonly tableName: string;
}

export interface OpenVaultsOptions {
  readonly keys: VaultKeys;
  /** Reads them again, from where the operator puts a new one; without it, these stay. */
  readonly readKeys?: () => Promise<VaultKeys>;
  readonly tree: VaultTable;
  readonly state: VaultTable;
  readonly clock: Clock;
  /** As in `oram/open-vault.ts`. */
  readonly patienceMs?: number;
}

/** Requests for a vault whose key is nowhere are no flood of reads of a secret. */
const KEYS_AGAIN_AFTER_MS = 10_000;

/** After these an open vault answers nothing any more. */
const FINAL_CODES: readonly OramErrorCode[] = [
  'VAULT_POISONED',
  'VAULT_CLOSED',
  'VAULT_UNKNOWN',
  'VAULT_KEY',
];

export class OpenVaults {
  readonly #options: OpenVaultsOptions;
  readonly #opened = new Map<string, Promise<Vault>>();
  #keys: VaultKeys;
  #keysReadAtMs: number;
  /** The last time that they were read again, which requests at the same time share. */
  #reading: Promise<void> | undefined;

  constructor(options: OpenVaultsOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.#keysReadAtMs = options.clock.now();
  }

  /** Whether this party keeps a vault of this name, as far as its keys tell. */
  has(name: string): boolean {
    return this.#keys.has(name);
  }

  /**
   * @param work may be done twice; an access that ends with VAULT_KEY has changed nothing
   * @throws OramError VAULT_UNKNOWN, what `openVault` throws and what `work` does
   */
  async use<Value>(name: string, work: (vault: Vault) => Promise<Value>): Promise<Value> {
    const key = this.#keys.get(name);
    try {
      return await this.#use(name, work);
    } catch (error) {
      if (!(error instanceof OramError && error.code === 'VAULT_KEY')) throw error;
      await this.#readKeysAgain();
      const present = this.#keys.get(name);
      if (key === undefined || present === undefined || present.equals(key)) throw error;
      return await this.#use(name, work);
    }
  }

  async #readKeysAgain(): Promise<void> {
    const { readKeys, clock } = this.#options;
    if (readKeys === undefined || clock.now() < this.#keysReadAtMs + KEYS_AGAIN_AFTER_MS)
      return await this.#reading;
    this.#keysReadAtMs = clock.now();
    this.#reading = readKeys().then((keys) => {
      this.#keys = keys;
    });
    await this.#reading;
  }

  async #use<Value>(name: string, work: (vault: Vault) => Promise<Value>): Promise<Value> {
    const opening = this.#opened.get(name) ?? this.#open(name);
    try {
      return await work(await opening);
    } catch (error) {
      if (isFinal(error) && this.#opened.get(name) === opening) this.#opened.delete(name);
      throw error;
    }
  }

  #open(name: string): Promise<Vault> {
    const { tree, state, clock, patienceMs } = this.#options;
    const key = this.#keys.get(name);
    if (key === undefined) throw unknownVault();
    const opening = openVault({
      name,
      key,
      tree: createDynamodbStore({ ...tree, clock }),
      state: createDynamodbStore({ ...state, clock }),
      clock,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    this.#opened.set(name, opening);
    // One that could not be opened is tried again by the next request.
    opening.catch(() => this.#opened.delete(name));
    return opening;
  }
}

function isFinal(error: unknown): boolean {
  return isIntegrityFailure(error) || (error instanceof OramError && FINAL_CODES.includes(error.code));
}
