/** GET /tenders/{tenderId}/outcome: the outcome with every signature that this party has stored, once there is one. */

import type { AuctionParty } from '../../auction/party/service.ts';
import { type HttpHandler, httpHandler, tenderIdOf } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createShowOutcomeHandler(party: Pick<AuctionParty, 'outcome'>): HttpHandler {
  return httpHandler('show-outcome', async (request) => ({
    status: 200,
    body: await party.outcome(tenderIdOf(request)),
  }));
}

export const handler = httpFunction(({ party }) => createShowOutcomeHandler(party));
