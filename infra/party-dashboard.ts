/** One page of CloudWatch that answers: does it run, does it clear, how slow is it, what does it read and write. */

import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  LogQueryWidget,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { PartyApi } from './http-api.ts';
import type { OutboxTable } from './outbox-table.ts';
import type { PartyFunction } from './party-function.ts';
import type { StateTable } from './state-table.ts';

const FIVE_MINUTES = Duration.minutes(5);
const WIDTH = 12;

export interface PartyDashboardProps {
  readonly alarms: Alarms;
  readonly api: PartyApi;
  readonly clearing: PartyFunction;
  readonly outbox: OutboxTable;
  readonly state: StateTable;
}

export class PartyDashboard extends Construct {
  constructor(scope: Construct, id: string, { alarms, api, clearing, outbox, state }: PartyDashboardProps) {
    super(scope, id);
    const failures = new LogQueryWidget({
      title: 'Clearings that failed',
      logGroupNames: [clearing.logGroup.logGroupName],
      queryLines: [
        'filter message = "a clearing failed"',
        'fields @timestamp, tenderId, code, party, blame, blamed, traceId',
        'sort @timestamp desc',
        'limit 20',
      ],
      width: 2 * WIDTH,
    });
    const computed = new LogQueryWidget({
      title: 'Clearings',
      logGroupNames: [clearing.logGroup.logGroupName],
      queryLines: [
        'filter message = "a tender was cleared"',
        'fields @timestamp, tenderId, durationMs, rounds, bytes, attempt, readUnits, writeUnits, traceId',
        'sort @timestamp desc',
        'limit 20',
      ],
      width: 2 * WIDTH,
    });
    new Dashboard(this, 'Dashboard', {
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms.alarms], width: 2 * WIDTH })],
        [
          graph('Requests', [
            api.api.metricCount({ period: FIVE_MINUTES, statistic: 'Sum' }),
            api.api.metricClientError({ period: FIVE_MINUTES, statistic: 'Sum' }),
            api.api.metricServerError({ period: FIVE_MINUTES, statistic: 'Sum' }),
          ]),
          graph('Latency, ms', [
            api.api.metricLatency({ period: FIVE_MINUTES, statistic: 'p50' }),
            api.api.metricLatency({ period: FIVE_MINUTES, statistic: 'p99' }),
          ]),
        ],
        [
          graph('Clearings, ms', [
            clearing.function.metricDuration({ period: FIVE_MINUTES, statistic: 'Average' }),
            clearing.function.metricDuration({ period: FIVE_MINUTES, statistic: 'Maximum' }),
          ]),
          graph('Clearings, runs and failures', [
            clearing.function.metricInvocations({ period: FIVE_MINUTES, statistic: 'Sum' }),
            clearing.function.metricErrors({ period: FIVE_MINUTES, statistic: 'Sum' }),
          ]),
        ],
        [graph('Outbox, units', unitsOf(outbox.table)), graph('State, units', unitsOf(state.table))],
        [computed],
        [failures],
      ],
    });
  }
}

function graph(title: string, left: readonly IMetric[]): GraphWidget {
  return new GraphWidget({ title, left: [...left], width: WIDTH });
}

function unitsOf({ tableName }: Table): readonly Metric[] {
  return ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].map(
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
