/**
 * What the functions measure: one closed list of metrics, with their units, that handlers emit and alarms name.
 *
 * A port: on AWS the values go out as lines of the embedded metric format (`metrics.ts`), which CloudWatch reads from the
 * log; local parties measure nothing. All of it is public: counts, sizes and durations that depend on the
 * numbers of bids and lots, never on a bid.
 */

export const METRICS = {
  /** Runs that reached an outcome. */
  Clearings: 'Count',
  /** Of those with a computation, from the start of the session to the opened outputs. */
  ClearingSeconds: 'Seconds',
  ClearingRounds: 'Count',
  /** Sent by this party. */
  ClearingBytes: 'Bytes',
  /** The attempt that succeeded. */
  ClearingAttempts: 'Count',
  /** Request units of DynamoDB that a run consumed, outcome or not. */
  ClearingReadUnits: 'Count',
  ClearingWriteUnits: 'Count',
  /** Runs that ended with an error; also by code. */
  FailedClearings: 'Count',
  /** Of those, the ones with somebody to blame. */
  BlamedAborts: 'Count',
  /** Sweeps that found the clock off. */
  ClockOff: 'Count',
  /** Looks at the outboxes at which one of them had not answered the last three. */
  PeerUnreachable: 'Count',
  /** Events that a destination has not taken for an hour, at each sweep. */
  EventsOverdue: 'Count',
  VaultOperations: 'Count',
  VaultReadUnits: 'Count',
  VaultWriteUnits: 'Count',
  EventsTold: 'Count',
  /** Runs at whose end a destination lacked an event. */
  EventsNotTaken: 'Count',
} as const;

export type MetricName = keyof typeof METRICS;

/**
 * What alarms look at. These alone go out unless a deployment asks for all: CloudWatch charges each metric for each hour
 * in which it has a value, and those of a single tender would cost more than the tender. Their numbers are in the log.
 */
export const ALARM_METRICS = [
  'FailedClearings',
  'BlamedAborts',
  'ClockOff',
  'PeerUnreachable',
  'EventsOverdue',
] as const satisfies readonly MetricName[];

export interface Meter {
  /** @param value in the metric's unit */
  count(name: MetricName, value: number): void;
  /** The same, and by a code as a dimension of its own. */
  countByCode(name: MetricName, value: number, code: string): void;
  /** At the end of an invocation. */
  flush(): void;
}

export const silentMeter: Meter = {
  count: () => {},
  countByCode: () => {},
  flush: () => {},
};
