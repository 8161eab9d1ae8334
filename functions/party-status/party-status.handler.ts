/**
 * GET /status: whether the party's tables and its peers' outboxes answer it, and what time its clock shows. Public
 * facts alone; it costs four small reads, so answers are kept for a few seconds and a flood costs no more than that.
 */

import type { PartyStatus } from '../../auction/api-answers.ts';
import { PROTOCOL } from '../../auction/canonical.ts';
import type { AuctionParty, Reachability } from '../../auction/party/service.ts';
import type { PartyRecord } from '../../auction/tender.ts';
import type { Clock } from '../../mpc/clock.ts';
import type { ClockWatch } from '../clock-watch.ts';
import { type HttpHandler, httpHandler } from '../http-handler.ts';
import { httpFunction } from '../runtime.ts';
import { systemClock } from '../system-clock.ts';

/** How long an answer about tables is given again. */
const KEPT_MS = 5_000;

export function createPartyStatusHandler(
  party: Pick<AuctionParty, 'reachability'>,
  { index }: PartyRecord,
  clock: Pick<Clock, 'now'>,
  clockWatch?: Pick<ClockWatch, 'skewMs'>,
): HttpHandler {
  let asked: { readonly atMs: number; readonly tables: Promise<Reachability> } | undefined;
  return httpHandler('party-status', async () => {
    if (asked === undefined || clock.now() - asked.atMs >= KEPT_MS || clock.now() < asked.atMs) {
      asked = { atMs: clock.now(), tables: party.reachability() };
    }
    const tables = await asked.tables;
    const body: PartyStatus = {
      protocol: PROTOCOL,
      index,
      now: clock.now(),
      tables: { state: tables.state, outboxes: [...tables.outboxes] },
      ...(clockWatch === undefined ? {} : { clockSkewMs: Math.round(clockWatch.skewMs) }),
    };
    return { status: 200, body };
  });
}

export const handler = httpFunction(({ party, record, clockWatch }) =>
  createPartyStatusHandler(party, record, systemClock, clockWatch),
);
