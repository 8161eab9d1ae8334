/** What the functions measure: the lines that CloudWatch reads, and the numbers in them. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createAuctionTable, DynamoDbStore } from '../../auction/party/dynamodb.ts';
import type { ClearingProgress, ClearingReport } from '../../auction/party/service.ts';
import type { ClearingStatistics } from '../../auction/party/statistics.ts';
import { createClearTenderHandler } from '../../functions/clear-tender/clear-tender.handler.ts';
import { ALARM_METRICS, METRICS, type Meter } from '../../functions/meter.ts';
import { embeddedMetrics } from '../../functions/metrics.ts';
import { UnitWatch } from '../../functions/unit-watch.ts';
import { type DynamodbServer, startDynamodbServer } from '../../local/dynamodb-server.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { MpcError } from '../../mpc/errors.ts';
import { clearedAuction, type ToldAuction } from './told-auction.ts';

const lineSchema = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ]),
  }),
});

/** What is written to standard output meanwhile, as lines of the embedded metric format. */
function linesOf(use: () => void) {
  const written: string[] = [];
  const { write } = process.stdout;
  process.stdout.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  try {
    use();
  } finally {
    process.stdout.write = write;
  }
  return written
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => z.parse(lineSchema, JSON.parse(line)));
}

describe('embedded metrics', () => {
  test('go out in one line of an invocation, with unit and service', () => {
    const meter = embeddedMetrics(true);
    const lines = linesOf(() => {
      meter.count('ClearingRounds', 12);
      meter.count('ClearingSeconds', 1.5);
      meter.flush();
      meter.flush();
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ service: 'tacit', ClearingRounds: 12, ClearingSeconds: 1.5 });
    const [directive] = lines[0]!._aws.CloudWatchMetrics;
    expect(directive).toMatchObject({ Namespace: 'Tacit', Dimensions: [['service']] });
    expect(directive.Metrics).toMatchObject([
      { Name: 'ClearingRounds', Unit: 'Count' },
      { Name: 'ClearingSeconds', Unit: 'Seconds' },
    ]);
  });

  test('count a failure for its alarm, and by its code', () => {
    const meter = embeddedMetrics(true);
    const lines = linesOf(() => {
      meter.countByCode('FailedClearings', 1, 'CHECK_FAILED');
      meter.flush();
    });
    const dimensions = lines.map((line) => line._aws.CloudWatchMetrics[0].Dimensions);
    expect(dimensions).toEqual([[['service', 'code']], [['service']]]);
    expect(lines[0]).toMatchObject({ code: 'CHECK_FAILED', FailedClearings: 1 });
  });

  test('are those of the alarms alone unless all are asked for', () => {
    const meter = embeddedMetrics(false);
    const lines = linesOf(() => {
      for (const name of ['Clearings', 'ClearingBytes', ...ALARM_METRICS] as const) meter.count(name, 1);
      meter.countByCode('FailedClearings', 1, 'CHECK_FAILED');
      meter.flush();
    });
    expect(lines).toHaveLength(1);
    const names = lines[0]!._aws.CloudWatchMetrics[0].Metrics.map(({ Name }) => Name);
    expect(new Set(names)).toEqual(new Set(ALARM_METRICS));
  });

  test('are none where nothing was measured, or where they are turned off', () => {
    expect(linesOf(() => embeddedMetrics(true).flush())).toEqual([]);
    process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
    try {
      const meter = embeddedMetrics(true);
      expect(
        linesOf(() => {
          meter.count('Clearings', 1);
          meter.flush();
        }),
      ).toEqual([]);
    } finally {
      delete process.env['POWERTOOLS_METRICS_DISABLED'];
    }
  });
});

describe('a clearing', () => {
  let auction: ToldAuction;
  const statistics: ClearingStatistics = {
    bids: 2,
    bits: 8,
    protocol: 'verified',
    ands: 3,
    attempt: 2,
    rounds: 9,
    bytesSent: 4_321,
    predicted: { rounds: 9, ands: 3, bytes: 4_321 },
    closingRounds: 2,
    handshakeRounds: 1,
    clearingMs: 250,
  };

  beforeAll(async () => {
    auction = await clearedAuction();
  });

  async function measured(stages: readonly ClearingProgress['stage'][], error?: Error) {
    const values = new Map<string, number>();
    const add = (name: string, value: number) => void values.set(name, (values.get(name) ?? 0) + value);
    const meter: Meter = {
      count: add,
      countByCode: (name, value, code) => add(`${name} ${code}`, value),
      flush: () => {},
    };
    let units = 0;
    const unitWatch = {
      get units() {
        units += 10;
        return { readUnits: units, writeUnits: 2 * units };
      },
    };
    const clear = async (
      _id: unknown,
      { onProgress }: { onProgress?: (progress: ClearingProgress) => void } = {},
    ): Promise<ClearingReport> => {
      for (const stage of stages) {
        if (stage === 'signing') onProgress?.({ stage });
        else if (stage === 'closing') onProgress?.({ stage, step: 'list' });
        else if (stage === 'hello') onProgress?.({ stage });
        else {
          const sent = { rounds: 9, bytesSent: 4_321 };
          if (stage === 'computing') onProgress?.({ stage, attempt: 2, bids: 2, rounds: 9, sent });
          else onProgress?.({ stage, attempt: 2, sent });
        }
      }
      if (error !== undefined) throw error;
      return { outcome: auction.outcome, statistics };
    };
    const handler = createClearTenderHandler({ clear }, { meter, unitWatch });
    const context = invocationContext('clear-tender', 60_000);
    await handler({ tenderId: auction.tender.id }, context).catch(() => {});
    return Object.fromEntries(values);
  }

  test('is measured when it reaches its outcome', async () => {
    const values = await measured(['closing', 'computing', 'signing']);
    expect(values).toMatchObject({
      ...{
        Clearings: 1,
        ClearingAttempts: 2,
        ClearingRounds: 9,
        ClearingBytes: 4_321,
        ClearingSeconds: 0.25,
      },
    });
    expect(values['ClearingReadUnits']).toBeGreaterThan(0);
    expect(values['ClearingWriteUnits']).toBe(2 * values['ClearingReadUnits']!);
  });

  test('is not measured again by a run that found the outcome there', async () => {
    const values = await measured(['signing', 'closing', 'computing']);
    expect(Object.keys(values).sort()).toEqual(['ClearingReadUnits', 'ClearingWriteUnits']);
  });

  test('that fails is counted by its code', async () => {
    const values = await measured(['closing'], new MpcError('CHANNEL_TIMEOUT', 'late', { party: 1 }));
    expect(values).toMatchObject({ 'FailedClearings CHANNEL_TIMEOUT': 1 });
    expect(values).not.toHaveProperty('Clearings');
  });
});

describe('request units', () => {
  let server: DynamodbServer;

  beforeAll(async () => {
    server = await startDynamodbServer({
      port: 0,
      ownerAccessKey: 'owner',
      peerAccessKeys: [],
      outboxTable: '-',
    });
  });

  afterAll(() => server.close());

  test('are what DynamoDB says', async () => {
    const credentials = { accessKeyId: 'owner', secretAccessKey: 'local' };
    const client = new DynamoDBClient({ endpoint: server.endpoint, region: 'local', credentials });
    await createAuctionTable(client, 'state');
    const watch = new UnitWatch();
    watch.attach(client);
    const { tender, outcome } = await clearedAuction();
    const store = new DynamoDbStore(client, 'state');
    await store.putTender(tender.id, tender.signed);
    const { writeUnits } = watch.units;
    // 1 KB a unit.
    expect(writeUnits).toBe(Math.ceil(JSON.stringify(tender.signed).length / 1_024));
    await store.tender(tender.id);
    expect(watch.units).toEqual({ readUnits: 1, writeUnits });
    expect(await store.outcome(outcome.statement.tender as typeof tender.id)).toBeUndefined();
    expect(watch.units.readUnits).toBeGreaterThan(1);
    client.destroy();
  });
});

test('every metric is counted by some handler, under no other name', async () => {
  const { filesMatching, readRepositoryFile } = await import('../docs/repository.ts');
  const counted = filesMatching('functions/**/*.ts').flatMap((path) =>
    [...readRepositoryFile(path).matchAll(/eter\.count(?:ByCode)?\(\s*'(\w+)'/g)].map(([, name]) => name),
  );
  expect(new Set(counted)).toEqual(new Set(Object.keys(METRICS)));
});
