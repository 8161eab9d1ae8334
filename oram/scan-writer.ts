/**
 * The protocol of a scanned vault: its one item read, changed in memory and written anew, for every access alike.
 *
 * 1. The head is claimed (compare-and-swap), and at the same time the item is read from its current slot. 2. The new item
 * is written to the other slot, under the version of the claim. 3. The head commits. Three round trips.
 *
 * No intent is needed, and no order of claim and read: there is no path, so an attempt that is repeated, after a crash
 * or a lost race, reads and writes the same item again whatever is asked next. The claim is needed all the same. Two
 * writers that took their version from the last commit would write the same slot under the same version, and the
 * item of the one that commits first could be overwritten by the other's; a version won on the head has one writer.
 * Two slots, so that what is committed stays until its successor is; the slot is the parity of the committed epochs. A
 * writer that was paused finds a later version in the slot, or its commit finds another head: it changes nothing.
 *
 * A claim that is not committed holds others up for `patienceMs` and is then taken over; taking over too early would
 * cost the other writer a repetition and nobody any data.
 *
 * Freshness: the version of the item is in the head, so an old or foreign item is noticed. The head's own freshness
 * is the reader's own table's; within a process it never goes back.
 */

import type { KeyObject } from 'node:crypto';
import { isIntegrityFailure, OramError } from './errors.ts';
import { type Head, type HeadBody, headKey } from './head.ts';
import type { HeadStore, HeldHead } from './head-store.ts';
import type { VaultOptions } from './open-vault.ts';
import { ScanTable } from './scan-table.ts';
import type { Sealer } from './sealing.ts';
import type { Item, ItemKey } from './stores/store.ts';
import { Turn } from './turn.ts';

/** Of the name by which a process knows its own claims; 72 bits, so that no two have the same. */
const HOLDER_BYTES = 9;

/** What one access does. */
export interface Rewriting<T> {
  /** Operations that it serves. */
  readonly operations: number;
  /**
   * Runs again where the attempt has to be repeated.
   * @param lost the item was missing or failed its check, and `table` is an empty one
   */
  readonly change: (table: ScanTable, lost: boolean) => T;
  /** Go on under fresh keys in a fresh place, derived from the vault's key or a new one; ends a poisoning. */
  readonly anew?: { readonly newKey: KeyObject | undefined };
  /** Go on with an empty table where the item is missing or fails its check. */
  readonly acceptLoss?: boolean;
}

type NextGeneration = NonNullable<Parameters<HeadStore['swap']>[3]>;

export class ScanWriter {
  readonly #options: VaultOptions;
  readonly #heads: HeadStore;
  readonly #holder: string;
  #held: HeldHead;
  /** Whether `#held` is what this process put or read last; else it is read again first. */
  #current = true;
  #records = 0;
  #poisonedBy: string | undefined;

  constructor(options: VaultOptions, heads: HeadStore, held: HeldHead) {
    this.#options = options;
    this.#heads = heads;
    this.#held = held;
    this.#holder = Buffer.from(options.random(HOLDER_BYTES)).toString('base64url');
  }

  /** As last seen. */
  get head(): Head {
    return this.#held.head;
  }

  /** Code of the check that failed, where nothing but a reshuffle is done any more. */
  get poisonedBy(): string | undefined {
    return this.#poisonedBy ?? this.head.body.poisonedBy ?? undefined;
  }

  /** As of the last access, or of `inspect`. */
  get records(): number {
    return this.#records;
  }

  /**
   * Reads the item and changes nothing.
   * @throws OramError VAULT_UNKNOWN, STORE_UNAVAILABLE, STORE_REFUSED and the codes of an altered store
   */
  async inspect(): Promise<void> {
    for (;;) {
      const { version } = this.head;
      const [item] = await this.#options.tree.read([itemKey(this.#held)]);
      const table = openTable(this.#held, item);
      if (table instanceof ScanTable) {
        this.#records = table.records;
        return;
      }
      // Where the item went on, so did the head.
      await this.#refresh();
      if (this.head.version === version) throw table;
    }
  }

  /**
   * One access.
   * @returns what the change returned, once it is committed
   * @throws OramError VAULT_POISONED, VAULT_UNKNOWN, VAULT_KEY_EXHAUSTED, STORE_REFUSED; VAULT_BUSY and STORE_UNAVAILABLE,
   *   after which the change may or may not have taken effect; and the codes of an altered store
   */
  async rewrite<T>(rewriting: Rewriting<T>): Promise<T> {
    const turn = new Turn(this.#options);
    for (;;) {
      if (!this.#current) await this.#refresh();
      const attempt = await this.#attempt(rewriting, turn);
      if (attempt !== undefined) return attempt.result;
      await turn.pause();
      this.#current = false;
    }
  }

  /** Marks the vault as altered: for this process, and for all others unless the head went on or cannot be put. */
  async poison(code: string): Promise<void> {
    this.#poisonedBy = code;
    try {
      await this.#swap({ phase: 'committed', poisonedBy: code });
    } catch {
      // Whatever is wrong with the head's table: the check that failed is what the caller has to hear of.
    }
  }

  /**
   * Deletes item and head.
   * @throws OramError VAULT_UNKNOWN, STORE_UNAVAILABLE, STORE_REFUSED; where the head is still there, call it again
   */
  async remove(): Promise<void> {
    await this.#refresh();
    await this.#removeItems(this.#held.sealer);
    await this.#removeLeftover(this.head);
    await this.#options.state.remove([headKey(this.#options.name)]);
  }

  /** @returns undefined where another process is at work or was first: nothing happened */
  async #attempt<T>(rewriting: Rewriting<T>, turn: Turn): Promise<{ readonly result: T } | undefined> {
    const { operations, change, anew, acceptLoss = false } = rewriting;
    const before = this.#held;
    const { body } = before.head;
    const { poisonedBy } = this;
    if (poisonedBy !== undefined && anew === undefined) {
      const detail = `the store was found altered (${poisonedBy}); find out by whom, then reshuffle the vault`;
      throw new OramError('VAULT_POISONED', detail, { check: poisonedBy });
    }
    if (body.phase !== 'committed' && body.holder !== this.#holder && !turn.isOver(before.head))
      return undefined;
    // Both are awaited whatever happens, so that no swap is under way when the next one begins.
    const [claimed, read] = await Promise.allSettled([
      this.#swap({ phase: 'intent', holder: this.#holder }),
      this.#options.tree.read([itemKey(before)]),
    ]);
    if (claimed.status === 'rejected') throw claimed.reason;
    if (!claimed.value) return undefined;
    if (read.status === 'rejected' && !isIntegrityFailure(read.reason)) throw read.reason;

    const opened = read.status === 'fulfilled' ? openTable(before, read.value[0]) : read.reason;
    const lost = !(opened instanceof ScanTable);
    if (lost && !acceptLoss) throw opened;
    const table = lost ? ScanTable.empty(body.parameters) : opened;
    const result = change(table, lost);

    const { vaultId, generation, version } = this.head;
    const next = anew && this.#nextGeneration(vaultId, generation + 1, anew.newKey);
    const sealer = next?.sealer ?? before.sealer;
    const sequence = body.sequence + 1;
    const bytes = sealer.seal('scan', 0, version, table.encode());
    const [written] = await Promise.all([
      this.#options.tree.write([{ key: itemKeyOf(sealer, sequence), version, bytes }]),
      this.#removeLeftover(before.head),
    ]);
    if (!written) return undefined;
    const commit: Partial<HeadBody> = {
      phase: 'committed',
      sequence,
      lastVersion: version,
      accesses: body.accesses + operations,
      leftover: next === undefined ? null : generation,
      poisonedBy: null,
    };
    const committed = await this.#swap(commit, next);
    if (!committed && !(await this.#wasCommitted(sequence, version))) return undefined;
    if (next !== undefined) await this.#removeItems(before.sealer);
    this.#poisonedBy = undefined;
    this.#records = table.records;
    return { result };
  }

  /**
   * Whether a commit that was refused had arrived before, on a try without an answer.
   * @throws OramError VAULT_BUSY where that can no longer be told
   */
  async #wasCommitted(sequence: number, version: number): Promise<boolean> {
    await this.#refresh();
    const { body } = this.head;
    if (body.lastVersion === version) return true;
    if (body.sequence <= sequence) return false;
    const detail =
      'other processes went on while this one was held up, with or without its changes; look them up';
    throw new OramError('VAULT_BUSY', detail);
  }

  /** @throws OramError VAULT_UNKNOWN, STATE_STALE, HEAD_FORGED, HEAD_MALFORMED */
  async #refresh(): Promise<void> {
    this.#held = await this.#heads.read();
    this.#current = true;
  }

  /** Compare-and-swap of the head against the one last seen. */
  async #swap(change: Partial<HeadBody>, generation?: NextGeneration): Promise<boolean> {
    this.#current = false;
    const held = await this.#heads.swap(this.#held, change, [], generation);
    if (held === undefined) return false;
    this.#held = held;
    this.#current = true;
    return true;
  }

  #nextGeneration(vaultId: Uint8Array, number: number, key: KeyObject | undefined): NextGeneration {
    return { number, sealer: this.#heads.sealer(vaultId, number, key), key };
  }

  /** Of a reshuffle that was cut off before it had deleted the item it replaced. */
  async #removeLeftover({ vaultId, body }: Head): Promise<void> {
    if (body.leftover !== null) await this.#removeItems(this.#heads.sealer(vaultId, body.leftover));
  }

  async #removeItems(sealer: Sealer): Promise<void> {
    await this.#options.tree.remove([itemKeyOf(sealer, 0), itemKeyOf(sealer, 1)]);
  }
}

/** The item of a new vault, which has the head to be put after it. */
export function firstScanItem({ head, sealer }: HeldHead): Item {
  const { parameters, lastVersion: version, sequence } = head.body;
  const bytes = sealer.seal('scan', 0, version, ScanTable.empty(parameters).encode());
  return { key: itemKeyOf(sealer, sequence), version, bytes };
}

/** Of the item that a committed head means. */
function itemKey({ head, sealer }: HeldHead): ItemKey {
  return itemKeyOf(sealer, head.body.sequence);
}

/** @param sequence of the epoch that writes the item: they take the two slots in turn */
function itemKeyOf(sealer: Sealer, sequence: number): ItemKey {
  return { partition: sealer.partition('scan', 0), sort: sequence % 2 === 0 ? '0' : '1' };
}

/** @returns the table, or what is wrong with the item */
function openTable({ head, sealer }: HeldHead, item: Item | undefined): ScanTable | OramError {
  const version = head.body.lastVersion;
  if (item === undefined) {
    return new OramError('BUCKET_MISSING', 'the tree table no longer holds the item of this scanned vault');
  }
  if (item.version !== version) {
    const detail = 'the tree table answered with another version of the item than the one written last';
    return new OramError('BUCKET_STALE', detail, { expected: version, found: item.version });
  }
  const plain = sealer.open('scan', 0, version, item.bytes);
  if (plain === undefined) {
    return new OramError('BUCKET_FORGED', 'the item of this scanned vault did not authenticate');
  }
  try {
    return ScanTable.decode(head.body.parameters, plain);
  } catch (error) {
    if (error instanceof OramError) return error;
    throw error;
  }
}
