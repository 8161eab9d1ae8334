/**
 * Invokes the sweep once a minute, from EventBridge Scheduler, at least once.
 *
 * A minute is how late a clearing may start after its deadline; the sweep is the only thing that runs when nothing
 * happens, 43,200 short invocations a month.
 */

import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PartyFunction } from './party-function.ts';

/** A sweep that is late by a minute was overtaken by the next. */
const MAX_EVENT_AGE_SECONDS = 60;

export interface SweepScheduleProps {
  readonly sweep: PartyFunction;
  readonly deadLetters: Queue;
}

export class SweepSchedule extends Construct {
  constructor(scope: Construct, id: string, { sweep, deadLetters }: SweepScheduleProps) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      description: 'Invokes the sweep',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    sweep.grantInvoke(role);
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    const schedule = new CfnSchedule(this, 'Schedule', {
      description: 'Looks for tenders that are due',
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: sweep.function.functionArn,
        roleArn: role.roleArn,
        input: '{}',
        retryPolicy: { maximumEventAgeInSeconds: MAX_EVENT_AGE_SECONDS, maximumRetryAttempts: 1 },
        deadLetterConfig: { arn: deadLetters.queueArn },
      },
    });
    // Without its policy the first invocations would be refused.
    schedule.node.addDependency(role);
  }
}
