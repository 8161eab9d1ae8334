/**
 * One writer of a vault of layout `tree`: follows the head, waits for others, finishes what was cut off, and runs
 * epochs one after the other.
 *
 * It holds the client state while it is warm. After a clean epoch it begins the next with the intent at once, on the
 * head it knows: if another writer came between, that swap fails, nothing was read, and it catches up.
 */

import { type CommittedEpoch, type EpochContext, runEpoch } from './epoch.ts';
import { isIntegrityFailure, OramError } from './errors.ts';
import type { HeadStore, HeldHead } from './head-store.ts';
import type { VaultOptions } from './open-vault.ts';
import { type OperationOutcome, repeatIntent, resolveOperations } from './operations.ts';
import { randomLeaves } from './random-leaves.ts';
import { catchUp, type OpenedState, readState } from './read-state.ts';
import { RecordKeys } from './record-keys.ts';
import type { VaultOperation } from './vault.ts';

/** Longer than an access takes with retries; a function that was frozen longer than this is taken over. */
const DEFAULT_PATIENCE_MS = 10_000;

/** A caller behind a busy vault hears of it before its own function runs out of time. */
const MAX_WAIT_MS = 60_000;

/** Between two looks at a head that another writer holds: about one access. */
const POLL_MS = 40;

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

  /** One epoch of `size` operations of which these are asked for. */
  async serve(operations: readonly VaultOperation[], size: number): Promise<readonly OperationOutcome[]> {
    return this.guarded(async () => {
      for (;;) {
        if (this.#uncertain) await this.settle();
        this.#requireSound();
        const { held, opened } = this.current;
        const context = this.#context(opened);
        this.#keys ??= new RecordKeys(held.head.body.digestKey);
        const resolved = resolveOperations(operations, size, opened.state, this.#keys, context.draw);
        const done = await this.#epoch(context, held, resolved);
        if (done !== undefined) return done.outcomes;
      }
    });
  }

  /**
   * Waits until nobody is at work on the vault, finishes what was cut off, and brings the state up to the head.
   * @throws OramError VAULT_BUSY, and the failures of stores and checks
   */
  async settle(): Promise<void> {
    const { clock, patienceMs = DEFAULT_PATIENCE_MS } = this.options;
    const beganMs = clock.now();
    let seen = { version: -1, sinceMs: beganMs as number };
    for (;;) {
      const held = await this.heads.read();
      if (held.head.version !== seen.version) seen = { version: held.head.version, sinceMs: clock.now() };
      // A poisoned vault is only looked at, or placed anew, which repeats nothing.
      if (held.head.body.phase === 'committed' || held.head.body.poisonedBy !== null) {
        await this.#follow(held);
        this.#uncertain = false;
        return;
      }
      const own = held.head.body.holder === this.holder;
      if (own || clock.now() - seen.sinceMs >= patienceMs) {
        await this.#finish(held);
      } else if (clock.now() - beganMs > MAX_WAIT_MS + patienceMs) {
        throw new OramError(
          'VAULT_BUSY',
          'another process is at work on the vault all the time; try again later',
        );
      } else {
        await clock.sleep(Math.min(POLL_MS, Math.max(1, patienceMs)));
      }
    }
  }

  /** Runs work that may find the store altered; if it does, the vault is poisoned for all writers. */
  async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#uncertain = true;
      if (isIntegrityFailure(error)) await this.#poison(error);
      throw error;
    }
  }

  /** After the whole vault was placed anew by this writer. */
  adopt(held: HeldHead, opened: OpenedState): void {
    this.#held = held;
    this.#opened = opened;
    this.#poisonedBy = undefined;
    this.#uncertain = false;
  }

  /** Tells the other writers that everything is being placed anew; the head's version becomes the next generation. */
  async announce(): Promise<HeldHead> {
    const { held } = this.current;
    const change = { phase: 'rebuild', holder: this.holder, leftover: held.head.version + 1 } as const;
    this.#uncertain = true;
    const announced = await this.heads.swap(held, change);
    if (announced === undefined) {
      throw new OramError('VAULT_BUSY', 'another process is at work on the vault; try again');
    }
    return announced;
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

  /** Look at the head before the next epoch. */
  doubt(): void {
    this.#uncertain = true;
  }

  /** @throws OramError VAULT_POISONED */
  #requireSound(): void {
    const code = this.poisonedBy;
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
    const done = await runEpoch(context, held, resolved);
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

  /** Finishes what another writer, or this one, began. */
  async #finish(held: HeldHead): Promise<void> {
    const { phase, generation } = { ...held.head.body, ...held.head };
    if (phase === 'rebuild') {
      // Placing everything anew touches nothing of the generation in force, so there is nothing to repeat.
      if (generation !== 0) await this.heads.swap(held, { phase: 'committed', holder: this.holder });
      else throw new OramError('VAULT_UNKNOWN', 'the making of this vault was cut off; make it again');
      return;
    }
    await this.#follow(held);
    this.#requireSound();
    await this.#epoch(this.#context(this.current.opened), held, repeatIntent(held.head.intent));
  }

  async #follow(held: HeldHead): Promise<void> {
    const warm = this.#opened;
    const sameTree = warm !== undefined && this.#held?.head.generation === held.head.generation;
    this.#held = held;
    if (held.head.body.poisonedBy !== null) {
      // The state of a poisoned vault is read by a reshuffle alone.
      this.#poisonedBy = held.head.body.poisonedBy;
      if (sameTree) return;
    }
    if (sameTree && warm.state.sequence === held.head.body.sequence) return;
    if (sameTree && (await catchUp(this.options.state, held.head, held.sealer, warm))) return;
    this.#opened = await readState(this.options.state, held.head, held.sealer);
  }

  async #poison(error: OramError): Promise<void> {
    this.#poisonedBy = error.code;
    try {
      const held = await this.heads.read();
      if (held.head.body.poisonedBy !== null) return;
      await this.heads.swap(held, { poisonedBy: error.code, holder: this.holder }, held.head.intent);
    } catch {
      // The head itself may be what was altered, or the table may be gone: this process stays poisoned anyway.
    }
  }
}
