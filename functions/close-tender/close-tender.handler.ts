/**
 * POST /tenders/{tenderId}/close: takes the auctioneer's signed close order and has the clearing started. The
 * same order again is accepted and starts the clearing again, which is idempotent.
 */

import type { AuctionParty } from '../../auction/party/service.ts';
import type { ClearingStarter } from '../clearing-starter.ts';
import { type HttpHandler, httpHandler, MAX_SUBMISSION_BYTES, tenderIdOf } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createCloseTenderHandler(
  party: Pick<AuctionParty, 'close'>,
  starter: ClearingStarter,
): HttpHandler {
  return httpHandler(
    'close-tender',
    async (request) => {
      const id = tenderIdOf(request);
      const state = await party.close(id, request.body);
      await starter.start(id);
      return { status: 200, body: { id, state } };
    },
    { maxBodyBytes: MAX_SUBMISSION_BYTES },
  );
}

export const handler = httpFunction(({ party, starter }) => createCloseTenderHandler(party, starter));
