/**
 * Which tenders of a party wait for their clearing, read from its store alone: what a host looks at when it
 * starts, or every minute, because an announcement to a `ClearingStarter` may have been lost.
 */

import type { AuctionParty } from '../auction/party/service.ts';
import type { TenderId } from '../auction/tender.ts';
import { PARTIES } from '../mpc/party.ts';

export interface AwaitedClearing {
  readonly id: TenderId;
  /** Milliseconds since 1970; undefined where the tender is closed already. */
  readonly dueAtMs: number | undefined;
}

/** Closed tenders whose outcome here is not there or lacks a signature, and open ones with a deadline, past or to come. */
export async function awaitedClearings(
  party: Pick<AuctionParty, 'tenders' | 'tender' | 'signatures'>,
): Promise<readonly AwaitedClearing[]> {
  const awaited: AwaitedClearing[] = [];
  for (const id of await party.tenders()) {
    const { signed, state } = await party.tender(id);
    const { closesAt } = signed.tender.spec;
    if (state.phase === 'open') {
      if (closesAt !== undefined) awaited.push({ id, dueAtMs: Date.parse(closesAt) });
    } else if (state.phase !== 'cleared' || (await party.signatures(id)) < PARTIES.length) {
      awaited.push({ id, dueAtMs: undefined });
    }
  }
  return awaited;
}
