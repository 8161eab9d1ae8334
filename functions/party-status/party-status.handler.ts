/**
 * GET /status: whether the party's own table answers, what its engine found when it last looked at the outboxes
 * (`watch-peers`), and what time its clock shows. Public facts alone; a request asks no peer and costs one small read,
 * whose answer is kept for a few seconds.
 */

import type { OutboxLook, PartyStatus } from '../../auction/api-answers.ts';
import { PROTOCOL } from '../../auction/canonical.ts';
import type { PartyRecord } from '../../auction/tender.ts';
import type { Clock } from '../../mpc/clock.ts';
import type { ClockWatch } from '../clock-watch.ts';
import { type HttpHandler, httpHandler } from '../http-handler.ts';
import type { OutboxLooks } from '../outbox-looks.ts';
import { httpFunction } from '../runtime.ts';
import { systemClock } from '../system-clock.ts';

/** How long an answer of the table is given again. */
const KEPT_MS = 5_000;

type Found = Pick<PartyStatus, 'stateAnswers' | 'outboxes'>;

export function createPartyStatusHandler(
  looks: Pick<OutboxLooks, 'latest'>,
  { index }: PartyRecord,
  clock: Pick<Clock, 'now'>,
  clockWatch?: Pick<ClockWatch, 'skewMs'>,
): HttpHandler {
  let asked: { readonly atMs: number; readonly found: Promise<Found> } | undefined;
  return httpHandler('party-status', async () => {
    if (asked === undefined || clock.now() - asked.atMs >= KEPT_MS || clock.now() < asked.atMs) {
      asked = { atMs: clock.now(), found: looks.latest().then(answered, () => ({ stateAnswers: false })) };
    }
    const body: PartyStatus = {
      protocol: PROTOCOL,
      index,
      ...(await asked.found),
      now: clock.now(),
      ...(clockWatch === undefined ? {} : { clockSkewMs: Math.round(clockWatch.skewMs) }),
    };
    return { status: 200, body };
  });
}

function answered(look: OutboxLook | undefined): Found {
  return { stateAnswers: true, ...(look === undefined ? {} : { outboxes: look }) };
}

export const handler = httpFunction(({ looks, record, clockWatch }) =>
  createPartyStatusHandler(looks, record, systemClock, clockWatch),
);
