/**
 * Who clears a tender now, and when the next try is due: one item for each tender in the party's own state table.
 *
 * Starts arrive at least once and from several sides (a close order, the sweep of every minute, Lambda's own
 * retries), while two runs of one party at the same time would take each other's attempt over. So a run holds a
 * lease (`held-items.ts`).
 *
 * After failures the tender is left alone, 1, 2, 4 up to 64 minutes, and taken up at the next multiple of the pause since
 * 1970. Multiples of a longer pause are multiples of every shorter one, so three parties that failed at different
 * times and differently often meet again at the same minute, where waits of their own would pass each other.
 */

import type { TenderId } from '../auction/tender.ts';
import type { Clock } from '../mpc/clock.ts';
import { HeldItems, type HeldTable, type ItemKey, number, type Update } from './held-items.ts';

const MINUTE_MS = 60_000;

/** 64 minutes: a tender that cannot be cleared costs some 20 attempts a day. */
const LONGEST_PAUSE_DOUBLINGS = 6;

/**
 * What a run has done to the tender: `settled` ends all pauses, after `failed` (and an error) the next is longer, and
 * `left` changes nothing, since the run ended for another reason than its own.
 */
export type RunVerdict = 'settled' | 'failed' | 'left';

/** Held by a run, or between two tries. */
export type LeaseStanding = 'free' | 'held' | 'paused';

export class ClearingLeases {
  readonly #items: HeldItems;
  readonly #clock: Clock;

  constructor(table: HeldTable, clock: Clock) {
    this.#items = new HeldItems(table, clock);
    this.#clock = clock;
  }

  /**
   * Runs while holding the lease of a tender.
   * @param holder differs for each run, such as a request id
   * @returns undefined where another run holds it
   */
  async hold<Value>(
    id: TenderId,
    holder: string,
    run: () => Promise<Value>,
    verdictOf: (value: Value) => RunVerdict,
  ): Promise<Value | undefined> {
    const held = await this.#items.hold(leaseOf(id), holder, run, (ended) =>
      this.#givenBack(id, ended === undefined ? 'failed' : verdictOf(ended.value)),
    );
    return held?.value;
  }

  /** Whether earlier runs failed and the pause after them is not over. */
  async isPaused(id: TenderId): Promise<boolean> {
    return (await this.standing(id)) === 'paused';
  }

  async standing(id: TenderId): Promise<LeaseStanding> {
    const item = await this.#items.read(leaseOf(id));
    if (Number(item?.['notBeforeMs']?.N ?? 0) > this.#clock.now()) return 'paused';
    return this.#items.isHeld(item) ? 'held' : 'free';
  }

  async #givenBack(id: TenderId, verdict: RunVerdict): Promise<Update> {
    if (verdict === 'settled') return { expression: 'REMOVE holder, expiresAtMs, failures, notBeforeMs' };
    if (verdict === 'left') return { expression: 'REMOVE holder, expiresAtMs' };
    const item = await this.#items.read(leaseOf(id));
    const failures = Number(item?.['failures']?.N ?? 0) + 1;
    return {
      expression: 'SET failures = :failures, notBeforeMs = :notBefore REMOVE holder, expiresAtMs',
      values: {
        ':failures': number(failures),
        ':notBefore': number(nextTryAtMs(failures, this.#clock.now())),
      },
    };
  }
}

function leaseOf(id: TenderId): ItemKey {
  return { pk: id, sk: 'lease' };
}

/** The next multiple of the pause after so many failures; both times in milliseconds since 1970. */
export function nextTryAtMs(failures: number, nowMs: number): number {
  const pauseMs = MINUTE_MS * 2 ** Math.min(failures - 1, LONGEST_PAUSE_DOUBLINGS);
  return (Math.floor(nowMs / pauseMs) + 1) * pauseMs;
}
