/**
 * Clears every tender that is due: invoked on a schedule, once a minute, with any event.
 *
 * It makes clearing independent of every announcement: a crashed, refused or forgotten clearing is taken up by
 * the next sweep. Tenders are cleared one after the other; one that fails is logged by the clearing function and
 * does not keep the next from being cleared.
 */

import type { Context } from 'aws-lambda';
import type { AuctionParty } from '../../auction/party/service.ts';
import type { Clock } from '../../mpc/clock.ts';
import { type ClearTenderHandler, createClearTenderHandler } from '../clear-tender/clear-tender.handler.ts';
import { awaitedClearings } from '../due-tenders.ts';
import { lazily } from '../runtime.ts';
import { systemClock } from '../system-clock.ts';

export interface SweepResult {
  readonly cleared: readonly string[];
  readonly failed: readonly string[];
}

export function createSweepTendersHandler(
  party: Pick<AuctionParty, 'tenders' | 'tender'>,
  clear: ClearTenderHandler,
  clock: Pick<Clock, 'now'>,
): (event: unknown, context: Context) => Promise<SweepResult> {
  return async (_event, context) => {
    const cleared: string[] = [];
    const failed: string[] = [];
    for (const { id, dueAtMs } of await awaitedClearings(party)) {
      if (dueAtMs !== undefined && dueAtMs > clock.now()) continue;
      const succeeded = await clear({ tenderId: id }, context).then(
        () => true,
        () => false,
      );
      (succeeded ? cleared : failed).push(id);
    }
    return { cleared, failed };
  };
}

export const handler = lazily(({ party }) =>
  createSweepTendersHandler(party, createClearTenderHandler(party), systemClock),
);
