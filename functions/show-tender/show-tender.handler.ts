/** GET /tenders/{tenderId}: the signed tender and its state at this party; other parties may be elsewhere. */

import type { AuctionParty } from '../../auction/party/service.ts';
import { type HttpHandler, httpHandler, tenderIdOf } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createShowTenderHandler(party: Pick<AuctionParty, 'tender'>): HttpHandler {
  return httpHandler('show-tender', async (request) => {
    const id = tenderIdOf(request);
    return { status: 200, body: { id, ...(await party.tender(id)) } };
  });
}

export const handler = httpFunction(({ party }) => createShowTenderHandler(party));
