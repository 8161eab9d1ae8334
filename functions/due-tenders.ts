/**
 * Which tenders of a party wait for their clearing, read from its store alone: what a host looks at when it
 * starts, because an announcement to a `ClearingStarter` may have been lost.
 */

import type { TenderId } from '../auction/tender.ts';
import { type StockParameters, takeStock } from './due-list.ts';

export interface AwaitedClearing {
  readonly id: TenderId;
  /** Milliseconds since 1970; undefined where it is due. */
  readonly dueAtMs: number | undefined;
}

/** Closed tenders whose outcome here is not there or lacks a signature, and open ones with a deadline, past or to come. */
export async function awaitedClearings(parameters: StockParameters): Promise<readonly AwaitedClearing[]> {
  const awaited: AwaitedClearing[] = [];
  for (const [id, { need, dueAtMs }] of await takeStock(parameters, Infinity)) {
    // Of one that cannot be read, the clearing will tell why.
    if (need === 'clearing' || need === 'unknown') awaited.push({ id, dueAtMs: undefined });
    else if (need === 'premature' && dueAtMs > parameters.clock.now()) awaited.push({ id, dueAtMs });
  }
  return awaited;
}
