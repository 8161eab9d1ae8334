/**
 * One Lambda function of a party: its handler bundled, its log, its traces, and a role that may write these and nothing
 * else until something is granted to it.
 *
 * The environment is the typed list of `functions/environment.ts`, so a variable that is forgotten does not compile.
 */

import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DeployedEnvironment } from '../functions/environment.ts';
import { SERVICE_VARIABLE } from '../functions/metrics.ts';
import { BUNDLING, handlerFile, ROOT, unusedModules } from './bundling.ts';

/** Long enough to look into a tender that was disputed late; the log has public facts only. */
export const LOG_RETENTION = RetentionDays.ONE_YEAR;

export interface PartyFunctionProps {
  /** A folder of functions/, with `<name>.handler.ts` in it. */
  readonly name: string;
  readonly description: string;
  readonly environment: DeployedEnvironment;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Where other accounts name the role. */
  readonly roleName?: string;
  /** Of another function with the same needs. */
  readonly role?: Role;
  /** Where events end that failed in all their tries; for functions that are invoked asynchronously. */
  readonly deadLetters?: IQueue;
  /** Whether X-Ray records its invocations; for functions that have phases to tell of. */
  readonly traced?: boolean;
}

/** With the first run, three tries of an asynchronous invocation; the sweep goes on after that. */
const RETRIES = 2;

/** An event that waited longer was overtaken by sixty sweeps. */
const MAX_EVENT_AGE_HOURS = 1;

export class PartyFunction extends Construct {
  readonly function: NodejsFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: PartyFunctionProps) {
    super(scope, id);
    const { name, description, environment, memoryMb, timeoutSeconds, roleName, role, deadLetters } = props;
    const { traced = false } = props;
    this.logGroup = new LogGroup(this, 'Log', {
      retention: LOG_RETENTION,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role =
      role ??
      new Role(this, 'Role', {
        description: `Runs ${name}`,
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
        ...(roleName === undefined ? {} : { roleName }),
      });
    this.role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      }),
    );
    if (traced) acknowledgeTraces(this.role);
    this.function = new NodejsFunction(this, 'Function', {
      description,
      entry: handlerFile(name),
      projectRoot: ROOT,
      depsLockFilePath: `${ROOT}package-lock.json`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role: this.role,
      logGroup: this.logGroup,
      // Active tracing adds xray:PutTraceSegments and xray:PutTelemetryRecords to the role.
      tracing: traced ? Tracing.ACTIVE : Tracing.DISABLED,
      memorySize: memoryMb,
      timeout: Duration.seconds(timeoutSeconds),
      environment: { ...definedOf(environment), [SERVICE_VARIABLE]: Stack.of(this).stackName },
      awsSdkConnectionReuse: false,
      bundling: {
        format: OutputFormat.ESM,
        target: BUNDLING.target,
        mainFields: [...BUNDLING.mainFields],
        minify: true,
        logLevel: LogLevel.ERROR,
        bundleAwsSDK: true,
        externalModules: [...unusedModules(environment)],
      },
      ...(deadLetters === undefined
        ? {}
        : {
            deadLetterQueue: deadLetters,
            retryAttempts: RETRIES,
            maxEventAge: Duration.hours(MAX_EVENT_AGE_HOURS),
          }),
    });
  }

  grantInvoke(role: Role): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [this.function.functionArn] }),
    );
  }
}

/** What cdk-nag says of the permission to send traces, and why it is as it should be. */
function acknowledgeTraces(role: Role): void {
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      "X-Ray's two actions to send traces know no resource but `*`; they read nothing, and what is sent is an allow-list of public facts",
  });
}

function definedOf(environment: DeployedEnvironment): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined) defined[name] = value;
  }
  return defined;
}
