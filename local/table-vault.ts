/**
 * A vault in tables that are there already, for their operator: deployed ones on AWS, or stand-ins.
 *
 * Other processes may be alive, functions that serve the same vault among them. So there is no lock; an access that
 * another process left unfinished is finished only after it has been still for the library's patience, and accesses
 * take their turns by the head. There is no trace: what the tree's owner saw is in that owner's logs.
 */

import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { systemClock } from '../functions/system-clock.ts';
import { OramError } from '../oram/errors.ts';
import { HeadStore } from '../oram/head-store.ts';
import { createVault, destroyVault, openVault, type VaultOptions } from '../oram/open-vault.ts';
import type { VaultParameters } from '../oram/parameters.ts';
import type { BulkOptions, Vault } from '../oram/vault.ts';
import { type DeployedTableOptions, openDeployedTable } from './deployed-table.ts';
import { openWithKey, withNextKey } from './key-rotation.ts';
import type { OpenedVault } from './opened-vault.ts';
import { findVaultKey, keyPlaceOf, openOrMakeVaultKey, readVaultKey } from './vault-key-file.ts';
import { addUnits, UsageBooks } from './vault-usage.ts';

export interface TableVaultOptions {
  readonly name: string;
  /** As VAULT_KEYS takes it. */
  readonly keyFile: string;
  readonly tree: Omit<DeployedTableOptions, 'role'>;
  readonly state: Omit<DeployedTableOptions, 'role'>;
  /** As in `oram/open-vault.ts`. */
  readonly patienceMs?: number;
}

/**
 * Makes the key first, where the file has none: a process that dies later leaves a vault that can be made again.
 * @throws OramError VAULT_NAME, VAULT_EXISTS, VAULT_KEY, VAULT_BUSY, STORE_REFUSED, STORE_UNAVAILABLE
 */
export async function createTableVault(
  options: TableVaultOptions,
  parameters: VaultParameters,
  bulk?: BulkOptions,
): Promise<OpenedVault> {
  const { name, keyFile } = options;
  return await onTables(options, async (optionsWith, books) => {
    if ((await findVaultKey(keyFile, name)) === undefined) await requireFree(options, optionsWith);
    const key = await openOrMakeVaultKey(keyFile, name);
    return await books.account('bulk', () => createVault(optionsWith(key), parameters, bulk));
  });
}

/** @throws OramError VAULT_NAME, VAULT_UNKNOWN, VAULT_KEY, VAULT_BUSY, STORE_REFUSED, and the checks of the vault */
export async function openTableVault(options: TableVaultOptions): Promise<OpenedVault> {
  await readVaultKey(options.keyFile, options.name);
  const place = keyPlaceOf(options.keyFile, options.name);
  return await onTables(options, (optionsWith, books) =>
    books.account('opening', () => openWithKey(place, (key) => openVault(optionsWith(key)))),
  );
}

/**
 * Without opening it, so that also one goes that is too damaged, or was half made.
 * @throws OramError VAULT_NAME, VAULT_UNKNOWN, VAULT_KEY, VAULT_BUSY, STORE_REFUSED, STORE_UNAVAILABLE, HEAD_FORGED
 */
export async function destroyTableVault(options: TableVaultOptions, bulk?: BulkOptions): Promise<void> {
  const key = await readVaultKey(options.keyFile, options.name);
  const { optionsWith, closeAll } = await connect(options);
  await destroyVault(optionsWith(key), bulk).finally(closeAll);
}

async function onTables(
  options: TableVaultOptions,
  open: (optionsWith: Connected['optionsWith'], books: UsageBooks) => Promise<Vault>,
): Promise<OpenedVault> {
  const { optionsWith, books, closeAll } = await connect(options);
  let vault: Vault;
  try {
    vault = await open(optionsWith, books);
  } catch (error) {
    closeAll();
    throw error;
  }
  return {
    vault,
    access: (work) => books.account('access', () => work(vault)),
    bulk: (work) => books.account('bulk', () => work(vault)),
    usageOf: 'process',
    usage: async () => books.usage(),
    rotateKey: (bulk) =>
      books.account('bulk', () =>
        withNextKey(keyPlaceOf(options.keyFile, options.name), (newKey) =>
          vault.reshuffle({ ...bulk, newKey }),
        ),
      ),
    destroy: (bulk) => books.account('bulk', () => vault.destroy(bulk)),
    close: () => vault.close().finally(closeAll),
  };
}

interface Connected {
  readonly optionsWith: (key: KeyObject) => VaultOptions;
  readonly books: UsageBooks;
  readonly closeAll: () => void;
}

async function connect({ name, tree, state, patienceMs }: TableVaultOptions): Promise<Connected> {
  const treeTable = await openDeployedTable({ role: 'tree', ...tree });
  const stateTable = await openDeployedTable({ role: 'state', ...state }).catch((error: unknown) => {
    treeTable.close();
    throw error;
  });
  return {
    optionsWith: (key) => ({
      ...{ name, key, tree: treeTable.store, state: stateTable.store, clock: systemClock },
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    }),
    books: new UsageBooks(() => addUnits(treeTable.store.units(), stateTable.store.units())),
    closeAll: () => {
      treeTable.close();
      stateTable.close();
    },
  };
}

/** A new key beside the wrong one of a vault that is there would look like its own. */
async function requireFree(
  { name, keyFile }: TableVaultOptions,
  optionsWith: Connected['optionsWith'],
): Promise<void> {
  try {
    await new HeadStore(optionsWith(createSecretKey(randomBytes(32)))).find();
  } catch (error) {
    if (!(error instanceof OramError && error.code === 'VAULT_KEY')) throw error;
    const detail = `there is a vault "${name}" already, whose key is not in ${keyFile}; choose another name, or name the key file that was made with it`;
    throw new OramError('VAULT_EXISTS', detail, { keyFile }, { cause: error });
  }
}
