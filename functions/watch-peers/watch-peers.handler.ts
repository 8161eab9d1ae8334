/**
 * Looks whether the three outboxes answer this party: invoked on a schedule, every five minutes, with any event. An
 * operator learns before a deadline that a peer is away, or has changed a policy, and not from a clearing that fails.
 *
 * It runs under the engine's role, because a peer lets that role read its outbox and no other. It has no route, takes
 * nothing from its event, has no keys among its variables, and makes the same few reads whenever it runs: whoever could
 * invoke it would learn nothing and change nothing but the time of the last look. What it finds is an item of the state
 * table, which GET /status shows without asking a peer. Each outbox is asked for one item that is not there.
 */

import type { Context } from 'aws-lambda';
import type { OutboxLook } from '../../auction/api-answers.ts';
import type { AuctionParty } from '../../auction/party/service.ts';
import type { Clock } from '../../mpc/clock.ts';
import { MpcError } from '../../mpc/errors.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { describeUnexpected, logError, logInfo } from '../log.ts';
import { type Meter, silentMeter } from '../meter.ts';
import type { OutboxLooks } from '../outbox-looks.ts';
import { lazily } from '../runtime.ts';
import { systemClock } from '../system-clock.ts';

/** A peer that deploys or restarts is back by the third look, ten minutes after the first. */
export const LOOKS_BEFORE_ALARM = 3;

export interface WatchParameters {
  readonly party: Pick<AuctionParty, 'lookAtOutbox'>;
  readonly looks: OutboxLooks;
  readonly clock: Pick<Clock, 'now'>;
  readonly meter?: Meter;
}

type OutboxState = OutboxLook['parties'][number];

export function createWatchPeersHandler({
  party,
  looks,
  clock,
  meter = silentMeter,
}: WatchParameters): (event: unknown, context: Context) => Promise<OutboxLook> {
  return async (_event, { awsRequestId: requestId }) => {
    const before = (await looks.latest())?.parties;
    const look = async (index: PartyIndex): Promise<OutboxState> => {
      const { failures, answeredAt, code: codeBefore } = before?.[index] ?? { failures: 0 };
      const facts = { functionName: 'watch-peers', requestId, party: index };
      try {
        await party.lookAtOutbox(index);
      } catch (error) {
        const code = error instanceof MpcError ? error.code : 'INTERNAL';
        // Once, and once more when it is worth an alarm; the item has the rest.
        if (code !== codeBefore || failures + 1 === LOOKS_BEFORE_ALARM) {
          logError('an outbox does not answer', {
            ...{ ...facts, code },
            ...(code === 'INTERNAL' ? describeUnexpected(error) : {}),
          });
        }
        return { ...(answeredAt === undefined ? {} : { answeredAt }), failures: failures + 1, code };
      }
      if (failures > 0) logInfo('an outbox answers again', facts);
      return { answeredAt: clock.now(), failures: 0 };
    };
    const parties = await Promise.all([look(0), look(1), look(2)]);
    const found: OutboxLook = { lookedAt: clock.now(), parties };
    await looks.keep(found);
    if (parties.some(({ failures }) => failures >= LOOKS_BEFORE_ALARM)) meter.count('PeerUnreachable', 1);
    meter.flush();
    return found;
  };
}

export const handler = lazily((runtime) => createWatchPeersHandler({ ...runtime, clock: systemClock }));
