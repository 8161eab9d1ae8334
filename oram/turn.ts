/**
 * One access's patience with other processes: how long it leaves them to finish, and how long it waits at all.
 *
 * Another process's claim on the head is taken over when it has been there unchanged for `patienceMs`, by the clock of
 * who waits: clocks of different machines are never compared. Pauses are random, so that processes that were refused
 * together do not come back together.
 */

import type { Clock, EpochMs } from '../mpc/clock.ts';
import { OramError } from './errors.ts';
import type { Head } from './head.ts';
import type { VaultOptions } from './open-vault.ts';

/** How long another process's unfinished access may stay unchanged before it is taken over. */
const DEFAULT_PATIENCE_MS = 10_000;

/** After so long of other processes always being first, the caller is told. */
const MAX_WAIT_MS = 60_000;

/** An access takes some 30 ms. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

export class Turn {
  readonly #clock: Clock;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #patienceMs: number;
  readonly #began: EpochMs;
  #watched: { readonly version: number; readonly since: EpochMs } | undefined;
  #pauseMs = FIRST_PAUSE_MS;

  constructor({ clock, random, patienceMs = DEFAULT_PATIENCE_MS }: VaultOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#patienceMs = patienceMs;
    this.#began = clock.now();
  }

  /** Whether another process's claim has been there unchanged for long enough. */
  isOver({ version }: Head): boolean {
    const now = this.#clock.now();
    if (this.#watched?.version !== version) this.#watched = { version, since: now };
    return now - this.#watched.since >= this.#patienceMs;
  }

  /** Random, so that processes that were refused together do not come back together. @throws OramError VAULT_BUSY */
  async pause(): Promise<void> {
    if (this.#clock.now() - this.#began > this.#patienceMs + MAX_WAIT_MS) {
      throw new OramError(
        'VAULT_BUSY',
        'other processes were always first; nothing was changed, call again later',
      );
    }
    const [draw = 0] = this.#random(1);
    await this.#clock.sleep(Math.ceil((this.#pauseMs * (1 + draw)) / 256));
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs);
  }
}
