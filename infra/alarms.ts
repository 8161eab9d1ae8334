/**
 * What an operator is woken for, and where it is shown: each alarm is about something that a person has to look at.
 *
 * Those that the platform does not count are metrics that the functions emit (`functions/meter.ts`). Missing data is no alarm, but for the sweep, whose silence is one. Mail
 * goes out where an address is configured.
 */

import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ALARM_METRICS } from '../functions/meter.ts';
import { METRIC_NAMESPACE, SERVICE_DIMENSION } from '../functions/metrics.ts';
import type { EncryptionKey } from './encryption-key.ts';
import type { PartyApi } from './http-api.ts';
import type { OutboxTable } from './outbox-table.ts';
import type { PartyFunction } from './party-function.ts';
import type { StateTable } from './state-table.ts';

/** One failure may be a peer that restarts; after three in a quarter of an hour somebody should look. */
const FAILED_CLEARINGS = 3;

const QUARTER = Duration.minutes(15);
const FIVE_MINUTES = Duration.minutes(5);

export interface AlarmsProps {
  readonly api: PartyApi;
  readonly sweep: PartyFunction;
  readonly outbox: OutboxTable;
  readonly state: StateTable;
  readonly deadLetters: Queue;
  readonly encryption: EncryptionKey;
  readonly email: string | undefined;
}

export class Alarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { api, sweep, outbox, state, deadLetters } = props;
    this.alarms = [
      this.#alarm('Abort', 'A peer deviated, or a message was altered: look before anything is tried again', {
        metric: this.#counted('BlamedAborts'),
        threshold: 1,
      }),
      this.#alarm(
        'ClearingsFail',
        'Clearings fail again and again: see the codes in the log of clear-tender',
        {
          metric: this.#counted('FailedClearings', QUARTER),
          threshold: FAILED_CLEARINGS,
        },
      ),
      this.#alarm('DeadLetters', 'An invocation was given up: its event is in the queue', {
        metric: deadLetters.metricApproximateNumberOfMessagesVisible({
          period: FIVE_MINUTES,
          statistic: 'Maximum',
        }),
        threshold: 1,
      }),
      this.#alarm('ClockSkew', 'The clock is off: receipts of now are dated wrongly', {
        metric: this.#counted('ClockOff'),
        threshold: 1,
      }),
      this.#alarm(
        'PeerUnreachable',
        'An outbox did not answer three looks in a row: tacit status says whose, and how it failed',
        {
          // One look in five minutes: a quarter of an hour always holds one.
          metric: this.#counted('PeerUnreachable', QUARTER),
          threshold: 1,
        },
      ),
      this.#alarm(
        'EventsOverdue',
        'A bus or a webhook has not taken an event for an hour: the log of clear-tender says which, and how it answered',
        { metric: this.#counted('EventsOverdue'), threshold: 1 },
      ),
      this.#alarm(
        'SweepSilent',
        'Nothing looks for tenders that are due: no clearing starts at its deadline',
        {
          metric: sweep.function.metricInvocations({ period: FIVE_MINUTES, statistic: 'Sum' }),
          threshold: 1,
          comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
          treatMissingData: TreatMissingData.BREACHING,
        },
      ),
      this.#alarm('FunctionsThrottled', 'Lambda refused invocations: ask for more concurrency', {
        // Of all functions in the account and region: a sum in an alarm takes no more than ten.
        metric: LambdaFunction.metricAllThrottles({ period: FIVE_MINUTES, statistic: 'Sum' }),
        threshold: 1,
      }),
      this.#alarm('TablesThrottled', 'DynamoDB refused requests: rounds are late', {
        metric: sumOf([outbox.table.tableName, state.table.tableName].flatMap(throttledRequests)),
        threshold: 1,
      }),
      this.#alarm('ServerErrors', 'The API answers with 5xx: see the log of the function', {
        metric: api.api.metricServerError({ period: FIVE_MINUTES, statistic: 'Sum' }),
        threshold: 1,
      }),
    ];
    if (props.email !== undefined) this.#mailTo(props.email, props.encryption);
  }

  #alarm(
    id: string,
    description: string,
    props: Pick<AlarmProps, 'metric' | 'threshold'> & Partial<AlarmProps>,
  ): Alarm {
    return new Alarm(this, id, {
      alarmDescription: description,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
    });
  }

  /** The stack's name keeps two parties of one account apart. */
  #counted(metricName: (typeof ALARM_METRICS)[number], period = FIVE_MINUTES): Metric {
    return new Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { [SERVICE_DIMENSION]: Stack.of(this).stackName },
      statistic: 'Sum',
      period,
    });
  }

  #mailTo(email: string, encryption: EncryptionKey): void {
    encryption.allowAlarms();
    const topic = new Topic(this, 'Topic', { masterKey: encryption.key, enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    const action = new SnsAction(topic);
    for (const alarm of this.alarms) alarm.addAlarmAction(action);
  }
}

function throttledRequests(tableName: string): readonly Metric[] {
  return ['ReadThrottleEvents', 'WriteThrottleEvents'].map(
    (metricName) =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: tableName },
        period: FIVE_MINUTES,
        statistic: 'Sum',
      }),
  );
}

function sumOf(metrics: readonly IMetric[]): MathExpression {
  const named = metrics.map((metric, index) => [`m${index}`, metric] as const);
  return new MathExpression({
    expression: named.map(([name]) => `FILL(${name}, 0)`).join(' + '),
    usingMetrics: Object.fromEntries(named),
    period: FIVE_MINUTES,
  });
}
