/**
 * GET /party: who this party is, namely its index and public keys. Whoever relies on them compares them with
 * what the operator published elsewhere; this answer alone proves nothing.
 */

import type { PartyRecord } from '../../auction/tender.ts';
import { type HttpHandler, httpHandler } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';

export function createPartyInfoHandler(record: PartyRecord): HttpHandler {
  return httpHandler('party-info', async () => ({ status: 200, body: { protocol: 'tacit/1', ...record } }));
}

export const handler = httpFunction(({ record }) => createPartyInfoHandler(record));
