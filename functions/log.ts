/**
 * The log of the functions: one JSON line for each event, with an allow-list of fields.
 *
 * A log is read by more people than a table, so nothing reaches it that is not named here: no event, no body,
 * no item, no error message of unknown origin. The formatter drops every other field, whoever adds it; what is
 * left of an unexpected error are its class and its stack frames without the message line. Lines of an invocation that is
 * traced have the trace's id.
 */

import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import { sampledTrace } from './trace-header.ts';

/** Facts about a request that are public or name it; anything else is dropped. */
export interface LogFields {
  readonly functionName?: string;
  readonly requestId?: string;
  readonly tenderId?: string;
  /** Name of a vault, and how many operations a request had. */
  readonly vault?: string;
  readonly operations?: number;
  readonly code?: string;
  readonly status?: number;
  readonly attempt?: number;
  readonly pauseMs?: number;
  /** What parties disagree on, and which party an abort names. */
  readonly field?: string;
  readonly party?: number;
  /** How sure it is who caused an abort (`proven`, `suspected`, `nobody`), and the parties blamed. */
  readonly blame?: string;
  readonly blamed?: string;
  readonly durationMs?: number;
  /** Accesses of a vault since it was made. */
  readonly epochs?: number;
  /** Of a computation: message rounds, and bytes that this party sent. */
  readonly rounds?: number;
  readonly bytes?: number;
  /** Request units: of a clearing's run; of a vault, those of this environment since it opened it. */
  readonly readUnits?: number;
  readonly writeUnits?: number;
  /** How far the clock is from DynamoDB's. */
  readonly skewMs?: number;
  /** Kind of an event, and who it was told to: a bus or a number, never an address. */
  readonly eventKind?: string;
  readonly destination?: string;
  readonly errorClass?: string;
  readonly errorFrames?: string;
}

const ALLOWED_FIELDS = [
  'functionName',
  'requestId',
  'tenderId',
  'vault',
  'operations',
  'code',
  'status',
  'attempt',
  'pauseMs',
  'field',
  'party',
  'blame',
  'blamed',
  'durationMs',
  'epochs',
  'rounds',
  'bytes',
  'readUnits',
  'writeUnits',
  'skewMs',
  'eventKind',
  'destination',
  'errorClass',
  'errorFrames',
] as const satisfies readonly (keyof LogFields)[];

/** Enough frames to find the place, few enough for one line. */
const STACK_FRAMES = 8;

class AllowListFormatter extends LogFormatter {
  formatAttributes(attributes: UnformattedAttributes, additional: LogAttributes): LogItem {
    const line: LogAttributes = {
      level: attributes.logLevel,
      message: attributes.message,
      timestamp: this.formatTimestamp(attributes.timestamp),
      service: attributes.serviceName,
    };
    const trace = sampledTrace();
    if (trace !== undefined) line['traceId'] = trace.id;
    for (const field of ALLOWED_FIELDS) {
      const value: unknown = additional[field];
      if (typeof value === 'string' || typeof value === 'number') line[field] = value;
    }
    return new LogItem({ attributes: line });
  }
}

const logger = new Logger({ serviceName: 'tacit', logFormatter: new AllowListFormatter() });

/** @param message a constant sentence, never one built from data */
export function logInfo(message: string, fields: LogFields): void {
  logger.info(message, { ...fields });
}

/** @param message a constant sentence, never one built from data */
export function logError(message: string, fields: LogFields): void {
  logger.error(message, { ...fields });
}

/** The class and the place of an unexpected error; its message may quote data and is left out. */
export function describeUnexpected(error: unknown): Pick<LogFields, 'errorClass' | 'errorFrames'> {
  if (!(error instanceof Error)) return { errorClass: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    errorClass: error.name,
    errorFrames: frames
      .slice(0, STACK_FRAMES)
      .map((frame) => frame.trim())
      .join(' < '),
  };
}
