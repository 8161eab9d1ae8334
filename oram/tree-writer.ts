/**
 * One writer of a vault of layout `tree`: follows the head, waits for others, finishes what was cut off, and runs
 * epochs one after the other.
 *
 * It holds the client state while it is warm. After a clean epoch it begins the next with the intent at once, on the
 * head it knows: if another writer came between, that swap fails, nothing was read, and it catches up.
 */

import { type CommittedEpoch, type EpochContext, runEpoch } from './epoch.ts';
import { isIntegrityFailure, OramError } from './errors.ts';
import type { Head } from './head.ts';
import type { HeadStore, HeldHead } from './head-store.ts';
import type { VaultOptions } from './open-vault.ts';
import { type OperationOutcome, repeatIntent, resolveOperations } from './operations.ts';
import { randomLeaves } from './random-leaves.ts';
import { catchUp, type OpenedState, readState } from './read-state.ts';
import { RecordKeys } from './record-keys.ts';
import { Turn } from './turn.ts';
import type { VaultOperation } from './vault.ts';

const HOLDER_BYTES = 8;

export class TreeWriter {
  readonly options: VaultOptions;
  readonly heads: HeadStore;
  readonly holder: string;
  #held: HeldHead | undefined;
  #opened: OpenedState | undefined;
  #keys: RecordKeys | undefined;
  #draw: EpochContext['draw'] | undefined;
  /** Whether the head may be other than the one held: look before the next epoch. */
  #uncertain = true;
  #poisonedBy: string | undefined;

  constructor(options: VaultOptions, heads: HeadStore) {
    this.options = options;
    this.heads = heads;
    this.holder = Buffer.from(options.random(HOLDER_BYTES)).toString('hex');
  }

  /** The head and state that this writer knows; of a committed epoch. */
  get current(): { readonly held: HeldHead; readonly opened: OpenedState } {
    if (this.#held === undefined || this.#opened === undefined) throw new RangeError('the vault is not open');
    return { held: this.#held, opened: this.#opened };
  }

  get poisonedBy(): string | undefined {
    return this.#poisonedBy ?? this.#held?.head.body.poisonedBy ?? undefined;
  }

  /**
   * One epoch of `size` operations of which these are asked for.
   * @throws OramError VAULT_BUSY, VAULT_POISONED, and the failures of stores and checks
   */
  async serve(operations: readonly VaultOperation[], size: number): Promise<readonly OperationOutcome[]> {
    return this.guarded(async () => {
      const turn = new Turn(this.options);
      for (;;) {
        if (this.#uncertain) await this.settle(turn, { access: true });
        const { held, opened } = this.current;
        this.#requireSound(held.head);
        const context = this.#context(opened);
        this.#keys ??= new RecordKeys(held.head.body.digestKey);
        const resolved = resolveOperations(operations, size, opened.state, this.#keys, context.draw);
        const done = await this.#epoch(context, held, resolved);
        if (done !== undefined) return done.outcomes;
        await turn.pause();
      }
    });
  }

  /**
   * Waits until nobody is at work on the vault, finishes what was cut off, and brings the state up to the head.
   * @param first the head, where it was read just now
   * @param access for an access; else a vault that is poisoned is followed all the same, to be placed anew
   * @throws OramError VAULT_BUSY, VAULT_POISONED, and the failures of stores and checks
   */
  async settle(
    turn: Turn = new Turn(this.options),
    { first, access = false }: { readonly first?: HeldHead; readonly access?: boolean } = {},
  ): Promise<void> {
    for (let held = first ?? (await this.heads.read()); ; held = await this.heads.read()) {
      if (access) this.#requireSound(held.head);
      const { phase, poisonedBy, holder } = held.head.body;
      // An intent that poisoned the vault is not repeated: nothing is read but everything, by a reshuffle.
      if (phase === 'committed' || (phase === 'intent' && poisonedBy !== null)) {
        if (await this.#follow(held)) {
          this.#uncertain = false;
          return;
        }
      } else if (holder === this.holder || turn.isOver(held.head)) {
        if (await this.#finish(held)) continue;
      }
      await turn.pause();
    }
  }

  /** After whatever fails in here the head is looked at anew; after a failed check nothing is served any more. */
  async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#uncertain = true;
      if (isIntegrityFailure(error)) this.#poisonedBy ??= error.code;
      throw error;
    }
  }

  /**
   * Runs work that relies on the head as it was seen last. Where a check fails and the head is still that one, the
   * store was altered, and the vault is poisoned for all writers. Where the head went on, so did what was read: whoever
   * was paused finds later versions in place of those it knew, and has proved nothing.
   * @returns undefined in that case
   */
  async conclusive<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isIntegrityFailure(error)) throw error;
      return await this.#poison(error);
    }
  }

  /** After the whole vault was placed anew by this writer. */
  adopt(held: HeldHead, opened: OpenedState): void {
    this.#held = held;
    this.#opened = opened;
    this.#poisonedBy = undefined;
    this.#uncertain = false;
  }

  /** Has the vault to itself, whatever is the matter with it: for destroying it. @throws OramError VAULT_BUSY */
  async claim(): Promise<HeldHead> {
    const turn = new Turn(this.options);
    this.#uncertain = true;
    for (;;) {
      const held = await this.heads.read();
      const { phase, holder } = held.head.body;
      if (phase === 'committed' || holder === this.holder || turn.isOver(held.head)) {
        const claimed = await this.heads.swap(held, { phase: 'rebuild', holder: this.holder });
        if (claimed !== undefined) return claimed;
      }
      await turn.pause();
    }
  }

  /**
   * Tells the other writers that everything is being placed anew; the head's version becomes the next generation.
   * @returns undefined where another process was first
   */
  announce(): Promise<HeldHead | undefined> {
    const { held } = this.current;
    this.#uncertain = true;
    return this.heads.swap(held, {
      phase: 'rebuild',
      holder: this.holder,
      leftover: held.head.version + 1,
    });
  }

  /** Takes an announcement back; whatever fails here, the next writer does the same. */
  async withdraw(): Promise<void> {
    this.#uncertain = true;
    try {
      const held = await this.heads.read();
      if (held.head.body.phase !== 'rebuild' || held.head.body.holder !== this.holder) return;
      await this.heads.swap(held, { phase: 'committed' });
    } catch {
      return;
    }
  }

  /** The other generation's items are gone. */
  async forgetLeftover(): Promise<void> {
    const { held } = this.current;
    const forgotten = await this.heads.swap(held, { leftover: null });
    if (forgotten === undefined) this.#uncertain = true;
    else this.#held = forgotten;
  }

  /** Brings head and state up to date where they may not be. */
  async assure(): Promise<void> {
    if (this.#uncertain) await this.settle();
  }

  /** Look at the head before the next epoch. */
  doubt(): void {
    this.#uncertain = true;
  }

  /** @throws OramError VAULT_POISONED */
  #requireSound({ generation, body }: Head): void {
    // Since it was placed anew, what failed here before is not in force any more.
    const own = this.#held?.head.generation === generation ? this.#poisonedBy : undefined;
    const code = own ?? body.poisonedBy ?? undefined;
    if (code === undefined) return;
    throw new OramError(
      'VAULT_POISONED',
      `the vault is not read or written since a check failed (${code}); restore the table or reshuffle`,
      { check: code },
    );
  }

  async #epoch(
    context: EpochContext,
    held: HeldHead,
    resolved: Parameters<typeof runEpoch>[2],
  ): Promise<CommittedEpoch | undefined> {
    this.#uncertain = true;
    const done = await this.conclusive(() => runEpoch(context, held, resolved));
    if (done === undefined) return undefined;
    this.#held = done.held;
    this.#uncertain = false;
    return done;
  }

  #context(opened: OpenedState): EpochContext {
    const { options, heads, holder } = this;
    this.#draw ??= randomLeaves(opened.state.geometry, options.random);
    return { options, heads, opened, holder, draw: this.#draw };
  }

  /** Finishes what another writer, or this one, began. @returns whether that is done */
  async #finish(held: HeldHead): Promise<boolean> {
    const { generation, intent } = held.head;
    if (held.head.body.phase === 'rebuild') {
      if (generation === 0) {
        throw new OramError('VAULT_UNKNOWN', 'the making of this vault was cut off; make it again');
      }
      // Placing everything anew touches nothing of the generation in force, so there is nothing to repeat.
      return (await this.heads.swap(held, { phase: 'committed', holder: this.holder })) !== undefined;
    }
    if (!(await this.#follow(held))) return false;
    this.#requireSound(held.head);
    const done = await this.#epoch(this.#context(this.current.opened), held, repeatIntent(intent));
    return done !== undefined;
  }

  /** @returns whether the state is that of this head; the head may go on while it is read */
  async #follow(held: HeldHead): Promise<boolean> {
    const warm = this.#opened;
    const sameTree = this.#held?.head.generation === held.head.generation;
    const opened = await this.conclusive(async () => {
      if (warm !== undefined && sameTree) {
        if (warm.state.sequence === held.head.body.sequence) return warm;
        if (await catchUp(this.options.state, held.head, held.sealer, warm)) return warm;
      }
      return await readState(this.options.state, held.head, held.sealer);
    });
    if (opened === undefined) return false;
    if (warm !== undefined && !sameTree) this.#poisonedBy = undefined;
    this.#held = held;
    this.#opened = opened;
    return true;
  }

  /** @returns undefined where the head went on, so that nothing is proved; else it throws what it was given */
  async #poison(error: OramError): Promise<undefined> {
    const { seen } = this.heads;
    let put: HeldHead | undefined;
    try {
      const held = await this.heads.read();
      if (held.head.version !== seen?.head.version) return undefined;
      if (held.head.body.poisonedBy !== null) throw error;
      put = await this.heads.swap(held, { poisonedBy: error.code, holder: this.holder }, held.head.intent);
    } catch {
      // The head may be what was altered, or its table gone: for this process the check has failed anyway.
      throw error;
    }
    if (put === undefined) return undefined;
    throw error;
  }
}
