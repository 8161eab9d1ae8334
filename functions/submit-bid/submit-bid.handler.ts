/**
 * POST /tenders/{tenderId}/submissions: takes a sealed bid or a withdrawal and answers with a signed receipt.
 * The same submission again gets the same receipt, so a client that lost the answer asks again.
 */

import type { AuctionParty } from '../../auction/party/service.ts';
import { type HttpHandler, httpHandler, MAX_SUBMISSION_BYTES, tenderIdOf } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createSubmitBidHandler(party: Pick<AuctionParty, 'submit'>): HttpHandler {
  return httpHandler(
    'submit-bid',
    async (request) => ({ status: 201, body: await party.submit(tenderIdOf(request), request.body) }),
    { maxBodyBytes: MAX_SUBMISSION_BYTES },
  );
}

export const handler = httpFunction(({ party }) => createSubmitBidHandler(party));
