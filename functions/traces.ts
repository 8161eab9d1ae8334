/**
 * Where the time of an invocation goes: spans with a name of a closed list and facts of an allow-list.
 *
 * A port: on AWS spans go out as subsegments of X-Ray (`xray.ts`); everywhere else they are silent. A trace is read by more
 * people than a table, as a log is, and the rule is the same: nothing reaches it that is not named here. All of it is
 * public: counts, sizes and durations that depend on the numbers of bids and lots, never on a bid. Nothing here throws or
 * waits, so a trace never costs a clearing.
 */

/** Of a clearing, in order, with how the parts are told apart: `clear-tender/clearing-trace.ts`. */
export const CLEARING_PHASES = [
  'closing',
  'hello',
  'measuring the link',
  'computing',
  'proving',
  'opening',
  'publishing',
] as const;

export type ClearingPhase = (typeof CLEARING_PHASES)[number];

export type SpanName =
  | ClearingPhase
  | 'clearing'
  | 'telling'
  | 'vault access'
  | 'taking the nonce'
  | 'opening the vault'
  | 'operations';

export interface TraceFields {
  readonly tenderId?: string;
  readonly vault?: string;
  /** Of an error; a span that has one is shown as failed. */
  readonly code?: string;
  /** Which party an abort names. */
  readonly party?: number;
  readonly attempt?: number;
  readonly bids?: number;
  readonly rounds?: number;
  /** Sent by this party. */
  readonly bytes?: number;
  readonly readUnits?: number;
  readonly writeUnits?: number;
}

export const TRACE_FIELDS = [
  'tenderId',
  'vault',
  'code',
  'party',
  'attempt',
  'bids',
  'rounds',
  'bytes',
  'readUnits',
  'writeUnits',
] as const satisfies readonly (keyof TraceFields)[];

export interface Span {
  /** A part of this one. */
  begin(name: SpanName): Span;
  /** Once; what comes later is ignored. */
  end(fields?: TraceFields): void;
}

export interface Traces {
  /** A part of the invocation that is running. */
  begin(name: SpanName): Span;
  /** At the end of an invocation: until what was sent has left this process. */
  flush(): Promise<void>;
}

const SILENT_SPAN: Span = { begin: () => SILENT_SPAN, end: () => {} };

export const silentTraces: Traces = { begin: () => SILENT_SPAN, flush: async () => {} };
