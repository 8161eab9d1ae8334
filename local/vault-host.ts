/**
 * What a local vault runs on: the lock of its directory, both tables, and the books of what it showed and used.
 *
 * The lock is taken before the tables are opened and freed after they are closed.
 */

import { systemClock } from '../functions/system-clock.ts';
import type { ItemStore } from '../oram/stores/store.ts';
import type { VaultPlaces } from './vault-directory.ts';
import { takeLock } from './vault-lock.ts';
import { openVaultTable } from './vault-table.ts';
import { TraceRecorder } from './vault-trace.ts';
import {
  addUnits,
  addUsage,
  readUsage,
  UsageBooks,
  type UsageKind,
  type VaultUsage,
  writeUsage,
} from './vault-usage.ts';

const TREE_TABLE = 'tacit-vault-tree';
const STATE_TABLE = 'tacit-vault-state';

export interface VaultHost {
  readonly tree: ItemStore;
  readonly state: ItemStore;

  /**
   * Counts what `work` uses as this kind; what is no bulk is in the trace too. One at a time: units of works that
   * overlap would be counted twice.
   */
  account<Value>(kind: UsageKind, work: () => Promise<Value>): Promise<Value>;

  /** Of this process, so far. */
  usage(): VaultUsage;

  /** @param forget writes down nothing, since the vault is destroyed */
  close(forget?: boolean): Promise<void>;
}

/** @throws OramError VAULT_BUSY after `waitMs`, STORE_UNAVAILABLE, STORE_REFUSED */
export async function startVaultHost(places: VaultPlaces, waitMs: number): Promise<VaultHost> {
  const closers: (() => Promise<void>)[] = [await takeLock(places.lock, waitMs, systemClock)];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const recorder = new TraceRecorder(places);
    closers.push(async () => recorder.close());
    let recording = true;
    const tree = await openVaultTable({
      path: places.tree,
      name: TREE_TABLE,
      clock: systemClock,
      onRequest: (request) => {
        if (recording) recorder.record(request);
      },
    });
    closers.push(tree.close);
    const state = await openVaultTable({ path: places.state, name: STATE_TABLE, clock: systemClock });
    closers.push(state.close);
    const books = new UsageBooks(() => addUnits(tree.store.units(), state.store.units()));
    return {
      tree: tree.store,
      state: state.store,
      account: (kind, work) => {
        recording = kind !== 'bulk';
        recorder.begin({ opening: kind === 'opening' });
        return books.account(kind, work);
      },
      usage: () => books.usage(),
      close: async (forget = false) => {
        try {
          if (!forget) await writeUsage(places, addUsage(await readUsage(places), books.usage()));
        } finally {
          await closeAll();
        }
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
