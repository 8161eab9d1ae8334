/** A tender that three parties cleared in memory: its outcome, and the keys of the parties that signed it. */

import { randomBytes } from 'node:crypto';
import type { SignedOutcome } from '../../auction/outcome.ts';
import { generateThreePartyKeys, runAuctionInProcess } from '../../auction/party/in-process.ts';
import type { PartyKeys } from '../../auction/party/keys.ts';
import { partyRecordOf } from '../../auction/party/keys.ts';
import type { CheckedTender, PartyRecord } from '../../auction/tender.ts';
import { specOf } from '../support/auction-world.ts';

export interface ToldAuction {
  readonly tender: CheckedTender;
  readonly outcome: SignedOutcome;
  readonly keys: PartyKeys;
  readonly record: PartyRecord;
}

/** Amounts that no event may have in it, in minor units. */
export const LOSING_AMOUNT = 987_654n;

export async function clearedAuction(): Promise<ToldAuction> {
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  const keys = await generateThreePartyKeys(random);
  const { tender, outcome } = await runAuctionInProcess({
    spec: specOf({ rule: 'first-price', ceiling: '20000.00', decimals: 2 }),
    bids: [
      { bidder: 'Saline Ltd', lot: '1', amount: 123_456n },
      { bidder: 'Brine & Co', lot: '1', amount: LOSING_AMOUNT },
    ],
    protocol: 'replicated',
    ...{ random, keys },
  });
  return { tender, outcome: outcome!, keys: keys[0], record: partyRecordOf(keys[0]) };
}
