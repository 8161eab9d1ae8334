/**
 * How many tenders a party clears at a time: a few slots, each an item of the party's own state table that one run holds.
 *
 * An account may run so many functions at a time, a new one ten, and a clearing waits for its peers. Where each party has
 * as many tenders under way as its account lets it, and others than its peers, all wait for each other and none is
 * cleared, while no function is left to take bids. So a party has few under way, and which ones is agreed
 * (`clear-tender/clear-in-turn.ts`).
 */

import type { Clock } from '../mpc/clock.ts';
import { HeldItems, type HeldTable } from './held-items.ts';

/**
 * Less than half of a new account's ten: bids, the sweep and runs that find every slot taken need some too. Parties may
 * differ in it.
 */
export const CLEARING_SLOTS = 4;

const PARTITION = 'slots';

export class ClearingSlots {
  readonly #items: HeldItems;
  readonly #count: number;

  constructor(table: HeldTable, clock: Clock, count: number = CLEARING_SLOTS) {
    this.#items = new HeldItems(table, clock);
    this.#count = count;
  }

  /**
   * Runs while holding a slot.
   * @param holder differs for each run, such as a request id
   * @returns whether there was one
   */
  async hold(holder: string, run: () => Promise<void>): Promise<boolean> {
    const items = await this.#items.readAll(PARTITION);
    for (let slot = 0; slot < this.#count; slot++) {
      const key = { pk: PARTITION, sk: String(slot) };
      if (this.#items.isHeld(items.find(({ sk }) => sk?.S === key.sk))) continue;
      const held = await this.#items.hold(key, holder, run, async () => ({
        expression: 'REMOVE holder, expiresAtMs',
      }));
      if (held !== undefined) return true;
    }
    return false;
  }
}
