/**
 * Invokes a function every so many minutes, from EventBridge Scheduler, at least once, and no other function.
 *
 * Two run when nothing happens: the sweep once a minute, which waits for the deadlines before the next, and the look at the
 * outboxes every five; 51,840 short invocations a month.
 */

import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PartyFunction } from './party-function.ts';

/** The shortest that there is: an invocation that is late by a minute is left to the next. */
const MAX_EVENT_AGE_SECONDS = 60;

export interface ScheduleProps {
  readonly description: string;
  readonly invoked: PartyFunction;
  readonly everyMinutes: number;
  readonly deadLetters: Queue;
}

export class Schedule extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { description, invoked, everyMinutes, deadLetters }: ScheduleProps,
  ) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      description: `Invokes a function on a schedule. ${description}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    invoked.grantInvoke(role);
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    const schedule = new CfnSchedule(this, 'Schedule', {
      description,
      scheduleExpression: `rate(${everyMinutes} minute${everyMinutes === 1 ? '' : 's'})`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: invoked.function.functionArn,
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
