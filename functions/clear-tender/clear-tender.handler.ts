/**
 * Clears a tender, and with it what is due before it and after it (`clear-in-turn.ts`): invoked by a scheduler or another
 * function with {"tenderId": "..."}, never over HTTP.
 *
 * Invocations are delivered at least once and may be cut off at any time: clearing is idempotent, and one that
 * failed throws, so that whoever invoked it tries again, which is a new attempt with fresh keys. The error that
 * leaves here has a code and no more, because the invoker logs it.
 */

import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { AuctionError } from '../../auction/errors.ts';
import { blamedParties, blameOf } from '../../auction/party/blame.ts';
import type { AuctionParty, ClearingProgress } from '../../auction/party/service.ts';
import type { ClearingStatistics } from '../../auction/party/statistics.ts';
import { MpcError } from '../../mpc/errors.ts';
import { PARTIES } from '../../mpc/party.ts';
import type { ClearingLeases, RunVerdict } from '../clearing-lease.ts';
import { FunctionError } from '../errors.ts';
import { toTenderId } from '../http-handler.ts';
import { describeUnexpected, type LogFields, logError, logInfo } from '../log.ts';
import { type Meter, silentMeter } from '../meter.ts';
import { lazily } from '../runtime.ts';
import { systemClock } from '../system-clock.ts';
import { silentTraces, type Traces } from '../traces.ts';
import { type UnitWatch, unitsSince } from '../unit-watch.ts';
import { createClearingInTurn, type Turn } from './clear-in-turn.ts';
import { ClearingTrace } from './clearing-trace.ts';
import { createTellingHandler } from './tell-events.ts';

export interface ClearTenderResult {
  readonly tenderId: string;
  readonly statistics: ClearingStatistics;
  /** How many parties signed the outcome, as far as this one knows. */
  readonly signatures: number;
}

/** It was this party's turn at another tender, and none has failed. */
export interface GaveWay {
  readonly gaveWay: true;
}

export interface ClearTenderHandler {
  (event: unknown, context: Context): Promise<ClearTenderResult>;
  (event: unknown, context: Context, turn: Turn | undefined): Promise<ClearTenderResult | GaveWay>;
}

/** The last moments of an invocation are for ending the attempt in order rather than being frozen in it. */
const EARLY_TIMEOUT_MS = 2_000;

const eventSchema = z.object({ tenderId: z.string() });

export interface Measuring {
  readonly meter: Meter;
  readonly unitWatch: Pick<UnitWatch, 'units'>;
  readonly traces: Traces;
}

const NOT_MEASURED: Measuring = {
  meter: silentMeter,
  unitWatch: { units: { readUnits: 0, writeUnits: 0 } },
  traces: silentTraces,
};

export function createClearTenderHandler(
  party: Pick<AuctionParty, 'clear'>,
  measuring: Partial<Measuring> = NOT_MEASURED,
): ClearTenderHandler {
  const { meter, unitWatch, traces } = { ...NOT_MEASURED, ...measuring };
  const clear = async (event: unknown, turn: Turn, trace: ClearingTrace, end: AbortSignal) => {
    const parsed = z.safeParse(eventSchema, event);
    if (!parsed.success) {
      throw new FunctionError('INVOCATION_MALFORMED', 'the clearing function needs {"tenderId": "..."}');
    }
    const id = toTenderId(parsed.data.tenderId);
    let firstStage: ClearingProgress['stage'] | undefined;
    const onProgress = (progress: ClearingProgress) => {
      firstStage ??= progress.stage;
      trace.reached(progress);
      turn.onProgress(progress);
    };
    const signal = AbortSignal.any([end, turn.signal]);
    const { outcome, statistics } = await party.clear(id, { signal, onProgress });
    // A run that found the outcome stored goes on to signing at once; its statistics were measured before.
    if (firstStage === 'closing') measureClearing(meter, statistics);
    return { tenderId: id, statistics, signatures: outcome.signatures.length };
  };
  const inTime = (turn: Turn, trace: ClearingTrace) =>
    middy<unknown, ClearTenderResult>({ timeoutEarlyInMillis: EARLY_TIMEOUT_MS }).handler(
      (event: unknown, _context: Context, { signal }: { signal: AbortSignal }) =>
        clear(event, turn, trace, signal),
    );
  function handle(event: unknown, context: Context): Promise<ClearTenderResult>;
  function handle(
    event: unknown,
    context: Context,
    turn: Turn | undefined,
  ): Promise<ClearTenderResult | GaveWay>;
  async function handle(
    event: unknown,
    context: Context,
    turn = ALONE,
  ): Promise<ClearTenderResult | GaveWay> {
    const before = unitWatch.units;
    const tender = tenderOf(event);
    const facts = { functionName: 'clear-tender', requestId: context.awsRequestId, ...tender };
    const trace = new ClearingTrace(traces);
    try {
      const result = await inTime(turn, trace)(event, context);
      const { clearingMs, attempt, rounds, bytesSent } = result.statistics;
      const units = unitsSince(before, unitWatch.units);
      const counted = { attempt, rounds, bytes: bytesSent, ...units };
      logInfo('a tender was cleared', { ...facts, durationMs: clearingMs, ...counted });
      trace.end({ ...tender, ...counted });
      return result;
    } catch (error) {
      if (turn.signal.aborted) {
        logInfo('a clearing gave way', facts);
        trace.end({ ...tender });
        return { gaveWay: true };
      }
      const code = codeOf(error);
      const { party: named } = publicFactsOf(error);
      trace.end({ ...tender, code, ...(named === undefined ? {} : { party: named }) });
      meter.countByCode('FailedClearings', 1, code);
      if (blamesSomebody(error)) meter.count('BlamedAborts', 1);
      const unexpected = code === 'INTERNAL' ? describeUnexpected(error) : {};
      logError('a clearing failed', {
        ...facts,
        code,
        ...publicFactsOf(error),
        ...blameFactsOf(error),
        ...unexpected,
      });
      if (code === 'INTERNAL') throw new FunctionError(code, 'the clearing failed unexpectedly; see the log');
      if (code === 'REQUEST_TIMED_OUT')
        throw new FunctionError(code, 'the clearing took longer than an invocation may');
      throw error;
    } finally {
      const { readUnits, writeUnits } = unitsSince(before, unitWatch.units);
      meter.count('ClearingReadUnits', readUnits);
      meter.count('ClearingWriteUnits', writeUnits);
    }
  }
  return handle;
}

/** Of a clearing that gives way to none. */
const ALONE: Turn = { signal: new AbortController().signal, onProgress: () => {} };

function measureClearing(meter: Meter, { attempt, rounds, bytesSent, clearingMs }: ClearingStatistics): void {
  meter.count('Clearings', 1);
  // None where no lot had enough bids, or where the peers had signed already.
  if (attempt === 0) return;
  meter.count('ClearingAttempts', attempt);
  meter.count('ClearingRounds', rounds);
  meter.count('ClearingBytes', bytesSent);
  meter.count('ClearingSeconds', clearingMs / 1000);
}

function blamesSomebody(error: unknown): boolean {
  const blame = blameOf(error);
  return blame !== undefined && blame.kind !== 'nobody';
}

function tenderOf(event: unknown): { readonly tenderId?: string } {
  const parsed = z.safeParse(eventSchema, event);
  return parsed.success ? { tenderId: parsed.data.tenderId } : {};
}

/** Of an abort: whom it names, and what the parties disagree on. */
function publicFactsOf(error: unknown): Pick<LogFields, 'field' | 'party'> {
  if (!(error instanceof MpcError)) return {};
  const { field, party } = error.facts;
  return {
    ...(typeof field === 'string' ? { field } : {}),
    ...(typeof party === 'number' ? { party } : {}),
  };
}

/** The evidence itself is in the party's outbox and too long for a log. */
function blameFactsOf(error: unknown): Pick<LogFields, 'blame' | 'blamed'> {
  const blame = blameOf(error);
  return blame === undefined ? {} : { blame: blame.kind, blamed: blamedParties(blame).join(' ') };
}

function codeOf(error: unknown) {
  if (error instanceof AuctionError || error instanceof MpcError || error instanceof FunctionError)
    return error.code;
  return error instanceof Error && error.name === 'TimeoutError' ? 'REQUEST_TIMED_OUT' : 'INTERNAL';
}

/** The same under the tender's lease: of runs at the same time one clears, and the others end at once. */
export function createLeasedClearTenderHandler(
  clear: ClearTenderHandler,
  leases: Pick<ClearingLeases, 'hold'>,
): (event: unknown, context: Context, turn?: Turn) => Promise<LeasedResult> {
  return async (event, context, turn) => {
    const { tenderId } = tenderOf(event);
    if (tenderId === undefined) return await clear(event, context);
    const run = () => clear(event, context, turn);
    const result = await leases.hold(toTenderId(tenderId), context.awsRequestId, run, verdictOf);
    return result === undefined || 'gaveWay' in result ? { busy: true } : result;
  };
}

export type LeasedResult = ClearTenderResult | { readonly busy: true };

function verdictOf(result: ClearTenderResult | GaveWay): RunVerdict {
  if ('gaveWay' in result) return 'left';
  return result.signatures === PARTIES.length ? 'settled' : 'failed';
}

export const handler = lazily((runtime) => {
  const { party, leases, events, meter, traces } = runtime;
  const inTurn = createClearingInTurn<LeasedResult>({
    ...runtime,
    clock: systemClock,
    clear: createLeasedClearTenderHandler(createClearTenderHandler(party, runtime), leases),
    telling: (clear) => createTellingHandler(clear, party, events, traces),
    tenderOf: (event) => {
      const { tenderId } = tenderOf(event);
      return tenderId === undefined ? undefined : toTenderId(tenderId);
    },
  });
  return (event, context) =>
    inTurn(event, context).finally(() => {
      meter.flush();
      return traces.flush();
    });
});
