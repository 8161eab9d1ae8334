/**
 * POST /tenders: takes a signed tender. Publishing the same tender again is accepted. A tender with a deadline
 * gets its clearing announced to the starter.
 */

import type { AuctionParty } from '../../auction/party/service.ts';
import type { ClearingStarter } from '../clearing-starter.ts';
import { type HttpHandler, httpHandler, MAX_TENDER_BYTES } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createPublishTenderHandler(
  party: Pick<AuctionParty, 'publishTender' | 'tender'>,
  starter: ClearingStarter,
): HttpHandler {
  return httpHandler(
    'publish-tender',
    async ({ body }) => {
      const { id, record } = await party.publishTender(body);
      const { signed } = await party.tender(id);
      const { closesAt } = signed.tender.spec;
      if (closesAt !== undefined) await starter.startAt(id, Date.parse(closesAt));
      return { status: 201, body: { id, record } };
    },
    { maxBodyBytes: MAX_TENDER_BYTES },
  );
}

export const handler = httpFunction(({ party, starter }) => createPublishTenderHandler(party, starter));
