/** Creating and opening a vault, whichever layout it has. */

import type { KeyObject } from 'node:crypto';
import type { Clock } from '../mpc/clock.ts';
import type { ItemStore } from './stores/store.ts';

export interface VaultOptions {
  /** 1 to 64 letters, digits, dots, hyphens or underscores; public. */
  readonly name: string;
  /** 32 bytes; everything is derived from it. */
  readonly key: KeyObject;
  /** Buckets. May belong to somebody else. */
  readonly tree: ItemStore;
  /** Client state: the reader's own table. It may be the same store as `tree` where its owner is trusted with freshness. */
  readonly state: ItemStore;
  readonly clock: Clock;
  /** That many bytes from a cryptographic generator. */
  readonly random: (bytes: number) => Uint8Array;
  /**
   * How long another process's unfinished access may stay unchanged before this one finishes it in its place;
   * default 10 seconds, 0 where no other process can be alive.
   */
  readonly patienceMs?: number;
}
