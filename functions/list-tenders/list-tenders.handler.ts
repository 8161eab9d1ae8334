/** GET /tenders: the ids of all tenders published at this party, in no particular order. */

import type { AuctionParty } from '../../auction/party/service.ts';
import { type HttpHandler, httpHandler } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createListTendersHandler(party: Pick<AuctionParty, 'tenders'>): HttpHandler {
  return httpHandler('list-tenders', async () => ({ status: 200, body: { tenders: await party.tenders() } }));
}

export const handler = httpFunction(({ party }) => createListTendersHandler(party));
