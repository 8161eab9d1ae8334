/** What the templates say, resource by resource: encryption, deletion, limits, routes, schedule, alarms, budget. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { STANDING_RESOURCES } from '../../auction/party/tender-cost.ts';
import { parseEnvironment } from '../../functions/environment.ts';
import { ALARM_METRICS } from '../../functions/meter.ts';
import { ROUTES } from '../../functions/routes.ts';
import { API_BURST, API_RATE, AUCTIONEER_BURST, AUCTIONEER_RATE } from '../../infra/http-api.ts';
import type { Resource, StackTemplate } from '../../local/rehearsal/template.ts';
import { OUTBOX_TTL_ATTRIBUTE } from '../../mpc/channels/outbox/dynamodb.ts';
import { ATTRIBUTES } from '../../oram/stores/units.ts';
import { filesMatching, readRepositoryFile } from '../docs/repository.ts';
import { type Synthesis, synthesise } from './synthesis.ts';

let synthesis: Synthesis;
let bare: Synthesis;
let stack: StackTemplate;

beforeAll(() => {
  synthesis = synthesise({ vault: { access: [] }, outboxRetentionDays: 90, monthlyBudgetDollars: 12 });
  bare = synthesise({
    email: undefined,
    auctioneer: undefined,
    allowedOrigins: undefined,
    parties: [1],
    stackPrefix: 'Trial-',
  });
  stack = synthesis.stacks[0]!;
});

afterAll(() => {
  synthesis?.dispose();
  bare?.dispose();
});

function allOf(type: string, from: StackTemplate = stack): readonly Resource[] {
  const found = from.resources.filter((resource) => resource.type === type);
  expect(found.length, type).toBeGreaterThan(0);
  return found;
}

function oneOf(type: string, from: StackTemplate = stack): Resource {
  const [only, ...others] = allOf(type, from);
  expect(others).toEqual([]);
  return only!;
}

const nameOf = ({ logicalId }: Resource) => logicalId.replace(/[0-9A-F]{8}$/, '');

describe('the stacks', () => {
  test('are one for each party, in its account and region, and one alone where one is asked for', () => {
    const places = (of: Synthesis) => of.stacks.map(({ name, account, region }) => [name, account, region]);
    expect(places(synthesis)).toEqual([
      ['TacitParty0', '111111111111', 'eu-central-1'],
      ['TacitParty1', '222222222222', 'eu-central-1'],
      ['TacitParty2', '333333333333', 'eu-west-1'],
    ]);
    expect(places(bare)).toEqual([['Trial-Party1', '222222222222', 'eu-central-1']]);
  });

  test('carry the cost tag on everything that takes one', () => {
    for (const type of [
      'AWS::DynamoDB::Table',
      'AWS::Lambda::Function',
      'AWS::KMS::Key',
      'AWS::SQS::Queue',
    ]) {
      for (const { properties } of allOf(type)) {
        expect(properties['Tags']).toContainEqual({ Key: 'tacit', Value: 'party-0' });
      }
    }
  });
});

describe('what holds data', () => {
  test('is encrypted under a key of the account, survives its stack and can be restored', () => {
    const tables = allOf('AWS::DynamoDB::Table');
    expect(tables.map(nameOf).sort()).toEqual([
      'OutboxTable',
      'StateTable',
      'VaultClientStateTable',
      'VaultTreeTable',
    ]);
    const keys = new Set(allOf('AWS::KMS::Key').map(({ arn }) => arn));
    for (const { properties, deletionPolicy } of tables) {
      expect(deletionPolicy).toBe('Retain');
      expect(properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        KeySchema: [
          { AttributeName: ATTRIBUTES.partition, KeyType: 'HASH' },
          { AttributeName: ATTRIBUTES.sort, KeyType: 'RANGE' },
        ],
      });
      const { KMSMasterKeyId } = z.parse(
        z.object({ KMSMasterKeyId: z.string() }),
        properties['SSESpecification'],
      );
      expect(keys).toContain(KMSMasterKeyId);
    }
  });

  test("is under keys apart: the outbox's is the only one that another account is named in", () => {
    for (const { properties, logicalId } of allOf('AWS::KMS::Key')) {
      expect(properties['EnableKeyRotation']).toBe(true);
      const foreign = JSON.stringify(properties).match(/(222222222222|333333333333)/) !== null;
      expect([logicalId, foreign]).toEqual([logicalId, logicalId.startsWith('OutboxEncryption')]);
    }
    for (const key of allOf('AWS::KMS::Key')) expect(key.deletionPolicy).toBe('Retain');
  });

  test('expires where it may: messages and nonces, never state', () => {
    const expiry = Object.fromEntries(
      allOf('AWS::DynamoDB::Table').map((table) => [
        nameOf(table),
        table.properties['TimeToLiveSpecification'],
      ]),
    );
    expect(expiry).toEqual({
      OutboxTable: { AttributeName: OUTBOX_TTL_ATTRIBUTE, Enabled: true },
      VaultClientStateTable: { AttributeName: 'expiresAt', Enabled: true },
      StateTable: undefined,
      VaultTreeTable: undefined,
    });
  });

  test('as a secret is retained, encrypted, and empty of what the operator puts there', () => {
    for (const { properties, deletionPolicy } of allOf('AWS::SecretsManager::Secret')) {
      expect(deletionPolicy).toBe('Retain');
      expect(properties['KmsKeyId']).toMatch(/^arn:aws:kms:/);
      expect(properties['GenerateSecretString']).toEqual({});
      expect(properties['SecretString']).toBeUndefined();
    }
  });

  test('as an event that was given up is encrypted and kept for two weeks', () => {
    const queue = oneOf('AWS::SQS::Queue');
    expect(queue.properties).toMatchObject({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
    });
    expect(oneOf('AWS::SQS::QueuePolicy').properties['PolicyDocument']).toMatchObject({
      Statement: [
        { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } }, Principal: { AWS: '*' } },
      ],
    });
  });

  test('as a log is kept for a year', () => {
    const groups = allOf('AWS::Logs::LogGroup');
    expect(groups).toHaveLength(allOf('AWS::Lambda::Function').length + 1);
    for (const { properties } of groups) expect(properties['RetentionInDays']).toBe(365);
  });
});

describe('each function', () => {
  test('runs on Node 24 on arm64, within its limits, and traced where it has phases', () => {
    const limits: Record<string, [number, number]> = {};
    const traced: string[] = [];
    for (const one of allOf('AWS::Lambda::Function')) {
      expect(one.properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
      });
      expect(one.properties['FunctionName']).toBeUndefined();
      const { MemorySize, Timeout } = z.parse(
        z.object({ MemorySize: z.number(), Timeout: z.number() }),
        one.properties,
      );
      const name = nameOf(one).replace(/^Functions|Function$/g, '');
      limits[name] = [MemorySize, Timeout];
      if (one.properties['TracingConfig'] !== undefined) traced.push(name);
    }
    expect(traced.sort()).toEqual(['cleartender', 'vaultaccess']);
    expect(limits).toEqual({
      cleartender: [1_769, 900],
      sweeptenders: [256, 75],
      watchpeers: [256, 60],
      partyinfo: [512, 29],
      partystatus: [512, 29],
      showopenapi: [512, 29],
      publishtender: [512, 29],
      listtenders: [512, 29],
      showtender: [512, 29],
      closetender: [512, 29],
      submitbid: [1_024, 29],
      showoutcome: [512, 29],
      vaultaccess: [1_769, 29],
    });
  });

  test('gets an environment that it accepts, and secret keys only to sign with', () => {
    const withKeys: string[] = [];
    const starting: string[] = [];
    const withVault: string[] = [];
    for (const one of synthesis.stacks.flatMap((of) => allOf('AWS::Lambda::Function', of))) {
      const { Variables } = z.parse(
        z.object({ Variables: z.record(z.string(), z.string()) }),
        one.properties['Environment'],
      );
      const environment = parseEnvironment(Variables);
      expect(environment.OUTBOX_RETENTION_DAYS).toBe(90);
      expect(environment.PROTOCOL).toBe('verified');
      expect(environment.OUTBOX_TABLES).toEqual(
        synthesis.stacks.map(
          ({ account, region }) => `arn:aws:dynamodb:${region}:${account}:table/tacit-outbox`,
        ),
      );
      expect(environment.DYNAMODB_ENDPOINTS).toBeUndefined();
      const name = nameOf(one).replace(/^Functions|Function$/g, '');
      if (environment.PARTY_KEYS !== 'none') withKeys.push(name);
      if (environment.CLEAR_TENDER_FUNCTION !== undefined) starting.push(name);
      if (environment.VAULT_KEYS !== undefined) withVault.push(name);
      expect(Buffer.byteLength(JSON.stringify(Variables))).toBeLessThan(4_096);
    }
    expect([...new Set(withKeys)].sort()).toEqual(['cleartender', 'submitbid']);
    expect([...new Set(starting)].sort()).toEqual(['closetender', 'publishtender', 'sweeptenders']);
    expect([...new Set(withVault)]).toEqual(['vaultaccess']);
  });

  test('that is invoked asynchronously is tried three times within an hour, and its event kept after that', () => {
    const config = oneOf('AWS::Lambda::EventInvokeConfig').properties;
    expect(config).toMatchObject({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3_600 });
    expect(config['FunctionName']).toMatch(/Functionscleartender/);
    const [clearing] = allOf('AWS::Lambda::Function').filter(({ logicalId }) =>
      logicalId.startsWith('Functionscleartender'),
    );
    expect(clearing?.properties['DeadLetterConfig']).toEqual({ TargetArn: oneOf('AWS::SQS::Queue').arn });
  });
});

describe('the HTTP API', () => {
  test('has the routes of functions/routes.ts, and those of vaults where there are any', () => {
    const keys = (of: StackTemplate) =>
      allOf('AWS::ApiGatewayV2::Route', of).map(({ properties }) => properties['RouteKey']);
    const expected = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(keys(stack)).toEqual(expected);
    expect(keys(bare.stacks[0]!)).toEqual(expected.filter((key) => !key.includes('/vaults/')));
  });

  test("asks for a token on the auctioneer's routes where an issuer is configured, and nowhere else", () => {
    const protectedRoutes = allOf('AWS::ApiGatewayV2::Route')
      .filter(({ properties }) => properties['AuthorizationType'] === 'JWT')
      .map(({ properties }) => properties['RouteKey']);
    expect(protectedRoutes).toEqual(['POST /tenders', 'POST /tenders/{tenderId}/close']);
    expect(oneOf('AWS::ApiGatewayV2::Authorizer').properties).toMatchObject({
      AuthorizerType: 'JWT',
      JwtConfiguration: { Issuer: 'https://identity.example', Audience: ['tacit'] },
    });
    const [only] = bare.stacks;
    expect(only?.resources.some(({ type }) => type === 'AWS::ApiGatewayV2::Authorizer')).toBe(false);
  });

  test('is throttled, the routes of the auctioneer more than the others', () => {
    const slow = { ThrottlingRateLimit: AUCTIONEER_RATE, ThrottlingBurstLimit: AUCTIONEER_BURST };
    expect(oneOf('AWS::ApiGatewayV2::Stage').properties).toMatchObject({
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: API_RATE, ThrottlingBurstLimit: API_BURST },
      RouteSettings: { 'POST /tenders': slow, 'POST /tenders/{tenderId}/close': slow },
    });
  });

  test('logs no address, no path and no name of a client', () => {
    const { Format } = z.parse(
      z.object({ Format: z.string() }),
      oneOf('AWS::ApiGatewayV2::Stage').properties['AccessLogSettings'],
    );
    expect(Format).not.toMatch(/sourceIp|userAgent|identity|context\.path|authorizer/);
    expect(Format).toContain('$context.requestId');
  });

  test('lets the pages of the origins that are named call it, and no page otherwise', () => {
    expect(oneOf('AWS::ApiGatewayV2::Api').properties['CorsConfiguration']).toEqual({
      AllowOrigins: ['https://bids.example'],
      AllowMethods: ['GET', 'POST'],
      AllowHeaders: ['content-type', 'authorization'],
    });
    expect(oneOf('AWS::ApiGatewayV2::Api', bare.stacks[0]).properties['CorsConfiguration']).toBeUndefined();
  });
});

describe('what runs by itself', () => {
  test('is the sweep, every minute, and the look at the outboxes, every five', () => {
    const schedules = allOf('AWS::Scheduler::Schedule').map(({ properties }) => properties);
    for (const properties of schedules) {
      expect(properties).toMatchObject({
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          DeadLetterConfig: { Arn: oneOf('AWS::SQS::Queue').arn },
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 1 },
        },
      });
    }
    expect(schedules).toMatchObject([
      {
        ScheduleExpression: 'rate(1 minute)',
        Target: { Arn: expect.stringMatching(/function:TacitParty0-Functionssweeptenders/) },
      },
      {
        ScheduleExpression: 'rate(5 minutes)',
        Target: { Arn: expect.stringMatching(/function:TacitParty0-Functionswatchpeers/) },
      },
    ]);
  });
});

describe('an operator', () => {
  const ALARMS = [
    'Abort',
    'ClearingsFail',
    'ClockSkew',
    'DeadLetters',
    'EventsOverdue',
    'FunctionsThrottled',
    'PeerUnreachable',
    'ServerErrors',
    'SweepSilent',
    'TablesThrottled',
  ];

  test('is alarmed of aborts, failed clearings, throttles, a wrong clock and silence, by mail where there is an address', () => {
    const alarms = allOf('AWS::CloudWatch::Alarm');
    expect(alarms.map((alarm) => nameOf(alarm).replace(/^Alarms/, '')).sort()).toEqual(ALARMS);
    const topic = oneOf('AWS::SNS::Topic').arn;
    for (const { properties } of alarms) {
      expect(properties['AlarmActions']).toEqual([topic]);
      expect(properties['AlarmDescription']).toMatch(/^[A-Z].{20,}/);
    }
    const silent = alarms.find(({ logicalId }) => logicalId.startsWith('AlarmsSweepSilent'));
    expect(silent?.properties).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    expect(oneOf('AWS::SNS::Subscription').properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'operator@example.org',
    });
    for (const { properties } of allOf('AWS::CloudWatch::Alarm', bare.stacks[0])) {
      expect(properties['AlarmActions']).toBeUndefined();
    }
  });

  test('is alarmed by metrics that a handler emits under the name of the stack', () => {
    const alarms = allOf('AWS::CloudWatch::Alarm')
      .filter(({ properties }) => properties['Namespace'] === 'Tacit')
      .map(({ properties }) => [properties['MetricName'], properties['Dimensions']]);
    const dimensions = [{ Name: 'service', Value: stack.name }];
    expect(new Map(alarms as [string, unknown][])).toEqual(
      new Map(ALARM_METRICS.map((name) => [name, dimensions])),
    );
    for (const { properties } of allOf('AWS::Lambda::Function')) {
      expect(properties).toMatchObject({
        Environment: { Variables: { POWERTOOLS_SERVICE_NAME: stack.name } },
      });
    }
    const handlers = filesMatching('functions/*/*.handler.ts').map(readRepositoryFile).join('\n');
    for (const name of ALARM_METRICS) expect(handlers).toMatch(new RegExp(`meter\\.count\\w*\\('${name}'`));
  });

  test('has a page and a budget of what the tag costs', () => {
    oneOf('AWS::CloudWatch::Dashboard');
    expect(oneOf('AWS::Budgets::Budget').properties).toMatchObject({
      Budget: {
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        BudgetLimit: { Amount: 12, Unit: 'USD' },
        CostFilters: { TagKeyValue: ['user:tacit$party-0'] },
      },
      NotificationsWithSubscribers: [
        { Notification: { Threshold: 80, NotificationType: 'ACTUAL' } },
        { Notification: { Threshold: 100, NotificationType: 'FORECASTED' } },
      ],
    });
  });

  test('pays while nothing happens for what the cost model counts, and no more', () => {
    const plain = bare.stacks[0]!;
    const count = (type: string) => plain.resources.filter((resource) => resource.type === type).length;
    expect({
      keys: count('AWS::KMS::Key'),
      secrets: count('AWS::SecretsManager::Secret'),
      alarms: count('AWS::CloudWatch::Alarm'),
      dashboards: count('AWS::CloudWatch::Dashboard'),
    }).toEqual(STANDING_RESOURCES);
  });

  test('pays for nothing that is always on', () => {
    const types = new Set(synthesis.stacks.flatMap(({ resources }) => resources.map(({ type }) => type)));
    for (const type of types)
      expect(type).not.toMatch(/^AWS::(EC2|ECS|RDS|ElastiCache|ElasticLoadBalancing|Kinesis|Events)/);
    expect(JSON.stringify(synthesis.stacks)).not.toMatch(
      /ProvisionedConcurren|ReservedConcurren|ProvisionedThroughput/,
    );
  });
});
