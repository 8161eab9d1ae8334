/**
 * GET /tenders?limit=&after=: ids of the tenders published at this party, a page at a time, in the order of the
 * ids. A tender that is published meanwhile appears in its place; no page shows an id twice.
 */

import { MAX_TENDERS_IN_PAGE } from '../../auction/api-answers.ts';
import type { AuctionParty } from '../../auction/party/service.ts';
import type { TenderPageRequest } from '../../auction/party/store.ts';
import { FunctionError } from '../errors.ts';
import { type HttpHandler, type HttpRequest, httpHandler, isTenderId } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createListTendersHandler(party: Pick<AuctionParty, 'tenderPage'>): HttpHandler {
  return httpHandler('list-tenders', async (request) => ({
    status: 200,
    body: await party.tenderPage(pageRequestOf(request)),
  }));
}

/** @throws FunctionError PAGE_MALFORMED */
function pageRequestOf({ query }: HttpRequest): TenderPageRequest {
  const { limit: limitText, after } = query;
  const limit =
    limitText === undefined ? MAX_TENDERS_IN_PAGE : /^\d{1,4}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1 || limit > MAX_TENDERS_IN_PAGE) {
    throw new FunctionError('PAGE_MALFORMED', `limit is a whole number from 1 to ${MAX_TENDERS_IN_PAGE}`);
  }
  if (after === undefined) return { limit };
  if (!isTenderId(after)) {
    throw new FunctionError('PAGE_MALFORMED', 'after is the id that the page before gave as next');
  }
  return { limit, after };
}

export const handler = httpFunction(({ party }) => createListTendersHandler(party));
