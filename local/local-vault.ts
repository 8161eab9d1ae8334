/**
 * A vault in a directory of this machine: the embedded tables, its key, what their owner saw and what it cost.
 *
 * One process at a time has a directory open (`vault-lock.ts`), so that an access which another process left
 * unfinished is finished at once: that process cannot be alive. Killing a process at any time leaves a vault
 * that opens, with everything that was acknowledged.
 */

import { type KeyObject, randomBytes } from 'node:crypto';
import { systemClock } from '../functions/system-clock.ts';
import { createVault, openVault, type VaultOptions } from '../oram/open-vault.ts';
import type { VaultParameters } from '../oram/parameters.ts';
import type { BulkOptions, Vault } from '../oram/vault.ts';
import { openWithKey, withNextKey } from './key-rotation.ts';
import type { OpenedVault } from './opened-vault.ts';
import {
  keyPlaceOf,
  makeDirectories,
  openOrMakeKey,
  placesOf,
  readKey,
  removeFiles,
} from './vault-directory.ts';
import { startVaultHost, type VaultHost } from './vault-host.ts';
import { addUsage, readUsage } from './vault-usage.ts';

/** Commands take a second or so; a load takes longer, and is worth waiting for. */
export const DEFAULT_WAIT_MS = 10_000;

export interface LocalVaultOptions {
  readonly directory: string;
  readonly name: string;
  /** How long to wait for another process that uses the directory; default 10 s. */
  readonly waitMs?: number;
}

/** @throws OramError VAULT_NAME, VAULT_EXISTS, VAULT_BUSY, VAULT_KEY, STORE_REFUSED */
export async function createLocalVault(
  options: LocalVaultOptions,
  parameters: VaultParameters,
  bulk?: BulkOptions,
): Promise<OpenedVault> {
  const places = placesOf(options.directory, options.name);
  await makeDirectories(places);
  return await onHost(options, async (host) => {
    const key = await openOrMakeKey(places);
    return await host.account('bulk', () =>
      createVault(vaultOptions(options.name, key, host), parameters, bulk),
    );
  });
}

/** @throws OramError VAULT_NAME, VAULT_UNKNOWN, VAULT_BUSY, VAULT_KEY, STORE_REFUSED, and the checks of the vault */
export async function openLocalVault(options: LocalVaultOptions): Promise<OpenedVault> {
  const places = placesOf(options.directory, options.name);
  // Before anything is made or waited for.
  await readKey(places);
  await makeDirectories(places);
  return await onHost(options, (host) =>
    host.account('opening', () =>
      openWithKey(keyPlaceOf(places), (key) => openVault(vaultOptions(options.name, key, host))),
    ),
  );
}

async function onHost(
  { directory, name, waitMs = DEFAULT_WAIT_MS }: LocalVaultOptions,
  open: (host: VaultHost) => Promise<Vault>,
): Promise<OpenedVault> {
  const places = placesOf(directory, name);
  const host = await startVaultHost(places, waitMs);
  let vault: Vault;
  try {
    vault = await open(host);
  } catch (error) {
    await host.close();
    throw error;
  }
  let destroyed = false;
  return {
    vault,
    access: (work) => host.account('access', () => work(vault)),
    bulk: (work) => host.account('bulk', () => work(vault)),
    usageOf: 'life',
    usage: async () => addUsage(await readUsage(places), host.usage()),
    rotateKey: (options) =>
      host.account('bulk', () =>
        withNextKey(keyPlaceOf(places), (newKey) => vault.reshuffle({ ...options, newKey })),
      ),
    destroy: async (options) => {
      await host.account('bulk', () => vault.destroy(options));
      await removeFiles(places);
      destroyed = true;
    },
    close: async () => {
      try {
        await vault.close();
      } finally {
        await host.close(destroyed);
      }
    },
  };
}

function vaultOptions(name: string, key: KeyObject, { tree, state }: VaultHost): VaultOptions {
  const random = (bytes: number) => randomBytes(bytes);
  return { name, key, tree, state, clock: systemClock, random, patienceMs: 0 };
}
