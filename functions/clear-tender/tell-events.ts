/**
 * Tells of a clearing once it is over: after the outcome was stored or the run aborted, and after the lease of the tender
 * was given back, so that the next run waits for no receiver. Whatever happens to an event, the invocation ends as the
 * clearing did.
 */

import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { AuctionError, type AuctionErrorCode } from '../../auction/errors.ts';
import { blamedParties, blameOf } from '../../auction/party/blame.ts';
import type { AuctionParty } from '../../auction/party/service.ts';
import type { AbortFacts } from '../../auction/party-event.ts';
import type { TenderId } from '../../auction/tender.ts';
import { MpcError, type MpcErrorCode } from '../../mpc/errors.ts';
import type { Events } from '../events.ts';
import { toTenderId } from '../http-handler.ts';
import { describeUnexpected, logError } from '../log.ts';
import { silentTraces, type Traces } from '../traces.ts';

type Handler<Result> = (event: unknown, context: Context) => Promise<Result>;

/** Left of an invocation when telling is cut off: enough to record who has not taken an event. */
const LAST_MOMENTS_MS = 1_000;

const eventSchema = z.object({ tenderId: z.string() });

/** Nothing was tried, or another run goes on. */
const NO_ABORTS: ReadonlySet<AuctionErrorCode | MpcErrorCode> = new Set([
  'TENDER_UNKNOWN',
  'CLOSE_BEFORE_DEADLINE',
  'CLEARING_BUSY',
  'STATE_CONFLICT',
  'ATTEMPT_SUPERSEDED',
  'ATTEMPT_TAKEN_OVER',
  'CHANNEL_CLOSED',
] as const);

type Told = Pick<Events, 'cleared' | 'aborted' | 'deliver'>;

/** @param events undefined at a party that tells nobody */
export function createTellingHandler<Result extends object>(
  clear: Handler<Result>,
  party: Pick<AuctionParty, 'outcome'>,
  events: Told | undefined,
  traces: Traces = silentTraces,
): Handler<Result> {
  if (events === undefined) return clear;
  const idOf = (event: unknown) => toTenderId(z.parse(eventSchema, event).tenderId);
  const untilTheEnd = (context: Context) =>
    AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - LAST_MOMENTS_MS));
  const traced = async (tenderId: TenderId, telling: () => Promise<void>) => {
    const span = traces.begin('telling');
    await telling().finally(() => span.end({ tenderId }));
  };
  return async (event, context) => {
    let result: Result;
    try {
      result = await clear(event, context);
    } catch (error) {
      if (abortFactsOf(error) !== undefined) {
        const id = idOf(event);
        await traced(id, () => tellOfFailure(events, id, error, untilTheEnd(context)));
      }
      throw error;
    }
    if ('busy' in result) return result;
    const id = idOf(event);
    await traced(id, () => tellOfOutcome(events, party, id, untilTheEnd(context)));
    return result;
  };
}

/** Records the event and tells it; never throws. */
export function tellOfOutcome(
  events: Told,
  party: Pick<AuctionParty, 'outcome'>,
  id: TenderId,
  signal: AbortSignal,
): Promise<void> {
  return tell(events, id, signal, () => events.cleared(id, () => party.outcome(id)));
}

/** The same of an abort; nothing of other errors. */
export async function tellOfFailure(
  events: Told,
  id: TenderId,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const facts = abortFactsOf(error);
  if (facts !== undefined) await tell(events, id, signal, () => events.aborted(id, facts));
}

async function tell(
  events: Pick<Events, 'deliver'>,
  id: TenderId,
  signal: AbortSignal,
  record: () => Promise<void>,
): Promise<void> {
  try {
    await record();
  } catch (error) {
    logError('an event was not recorded', { tenderId: id, ...describeUnexpected(error) });
    return;
  }
  await events.deliver(id, signal);
}

/** Undefined for what is no abort. Facts that the log has too. */
function abortFactsOf(error: unknown): AbortFacts | undefined {
  if (!(error instanceof AuctionError || error instanceof MpcError)) return undefined;
  if (NO_ABORTS.has(error.code)) return undefined;
  const blame = blameOf(error);
  return {
    code: error.code,
    ...(blame === undefined ? {} : { blame: blame.kind }),
    blamed: blame === undefined ? [] : blamedParties(blame),
  };
}
