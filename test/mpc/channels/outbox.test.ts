import { type AddressInfo, createServer, type Socket } from 'node:net';
import { DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { createOutboxChannel } from '../../../mpc/channels/outbox/dynamodb.ts';
import { MAX_ITEM_BYTES, planItem } from '../../../mpc/channels/outbox/items.ts';
import { createOutboxTable } from '../../../mpc/channels/outbox/table/dynamodb.ts';
import { toEpochMs } from '../../../mpc/clock.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../../support/dynalite.ts';
import { createTestOutboxes } from '../../support/outboxes.ts';
import { outcomeOf } from '../../support/settle.ts';
import { forEachParty } from '../../support/world.ts';

const never = new AbortController().signal;

let dynamodb: LocalDynamodb;

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
});

afterAll(() => dynamodb.close());

describe('item plan', () => {
  const bytes = (length: number) => new Uint8Array(length);

  test('parcels that fit together share one item', () => {
    const plan = planItem('t', 's', {
      to: new Map([
        [1, bytes(MAX_ITEM_BYTES - 10)],
        [2, bytes(10)],
      ]),
    });
    expect(plan.chunks).toHaveLength(0);
    expect([...plan.inline.keys()]).toEqual(['to1', 'to2']);
  });

  test('no head and no chunk ever exceeds an item, and chunks have keys of their own', () => {
    for (const [one, two] of [
      [MAX_ITEM_BYTES + 1, 0],
      [MAX_ITEM_BYTES / 2 + 1, MAX_ITEM_BYTES / 2],
      [MAX_ITEM_BYTES / 2, MAX_ITEM_BYTES / 2 + 1],
      [5 * MAX_ITEM_BYTES, 3 * MAX_ITEM_BYTES + 7],
    ] as const) {
      const plan = planItem('t', 's', {
        to: new Map([
          [1, bytes(one)],
          [2, bytes(two)],
        ]),
      });
      const inline = [...plan.inline.values()].reduce((sum, { length }) => sum + length, 0);
      expect(inline).toBeLessThanOrEqual(MAX_ITEM_BYTES);
      for (const chunk of plan.chunks) expect(chunk.bytes.length).toBeLessThanOrEqual(MAX_ITEM_BYTES);
      const chunked = plan.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
      expect(inline + chunked).toBe(one + two);
      expect(new Set(plan.chunks.map(({ partitionKey }) => partitionKey)).size).toBe(plan.chunks.length);
      expect([...plan.parts.values()].reduce((sum, parts) => sum + parts, 0)).toBe(plan.chunks.length);
    }
  });
});

describe('outbox', () => {
  test('a party writes to its own table alone, whatever it does', async () => {
    const [zero, one, two] = await createTestOutboxes(dynamodb.client, 'alone');
    await zero.post('t', 's', { everyone: Uint8Array.of(1) });
    await one.collect('t', 's', 0, never);
    await two.latest('t', 0);
    await one.recall('t', 's');
    expect(one.counters()).toMatchObject({ puts: 0, gets: 2, writeUnits: 0 });
    expect(two.counters()).toMatchObject({ puts: 0, queries: 1 });
    for (const party of [1, 2]) {
      const scan = await dynamodb.client.send(new ScanCommand({ TableName: `alone-${party}` }));
      expect(scan.Count).toBe(0);
    }
  });

  test('requests and consumed units are counted', async () => {
    const [zero, one] = await createTestOutboxes(dynamodb.client, 'counted');
    await zero.post('t', 's', {
      to: new Map([
        [1, new Uint8Array(9000)],
        [2, new Uint8Array(9000)],
      ]),
    });
    expect(zero.counters()).toEqual({ puts: 1, gets: 0, queries: 0, writeUnits: 18, readUnits: 0 });
    await one.collect('t', 's', 0, never);
    expect(one.counters()).toEqual({ puts: 0, gets: 1, queries: 0, writeUnits: 0, readUnits: 5 });
  });

  test('items expire when they should, and a retry later is still the same item', async () => {
    const tables = forEachParty((party) => ({ client: dynamodb.client, tableName: `expiring-${party}` }));
    for (const { tableName } of tables) await createOutboxTable(dynamodb.client, tableName);
    let now = 1_000_500;
    const clock = { ...systemClock, now: () => toEpochMs(now) };
    const channel = createOutboxChannel({ self: 0, tables, clock, expiresAfterSeconds: 60 });
    await channel.post('t', 's', { everyone: Uint8Array.of(1) });
    const item = await dynamodb.client.send(
      new GetItemCommand({ TableName: 'expiring-0', Key: { pk: { S: 't' }, sk: { S: 's' } } }),
    );
    expect(item.Item?.['ttl']).toEqual({ N: '1061' });
    now += 10_000;
    await channel.post('t', 's', { everyone: Uint8Array.of(1) });
    expect(await outcomeOf(channel.post('t', 's', { everyone: Uint8Array.of(2) }))).toBe('CHANNEL_CONFLICT');
  });

  test('a writer that died between chunks and head is finished by a retry, and never half seen', async () => {
    const [zero, one] = await createTestOutboxes(dynamodb.client, 'half');
    const parcels = { everyone: new Uint8Array(MAX_ITEM_BYTES * 2 + 5).fill(3) };
    const { chunks } = planItem('t', 's', parcels);
    for (const { partitionKey, bytes } of chunks.slice(0, 2)) {
      await dynamodb.client.send(
        new PutItemCommand({
          TableName: 'half-0',
          Item: { pk: { S: partitionKey }, sk: { S: 'chunk' }, bytes: { B: bytes } },
        }),
      );
    }
    const controller = new AbortController();
    const waiting = one.collect('t', 's', 0, controller.signal);
    expect(await zero.recall('t', 's')).toBeUndefined();
    await zero.post('t', 's', parcels);
    expect(Buffer.from(await waiting).equals(parcels.everyone)).toBe(true);
    const other = { everyone: parcels.everyone.slice().fill(4) };
    expect(await outcomeOf(zero.post('t', 's', other))).toBe('CHANNEL_CONFLICT');
  });

  test.each([
    ['text instead of bytes', { all: { S: 'x' } }],
    ['no number of parts', { allParts: { N: '0' } }],
    ['too many parts', { to1Parts: { N: '9999' } }],
    ['a part that is not there', { to1Parts: { N: '1' } }],
    ['nothing for the reader', { to2: { B: Uint8Array.of(1) } }],
  ])("a peer's item with %s is refused", async (name, attributes) => {
    const [, one] = await createTestOutboxes(dynamodb.client, 'malformed');
    const step = name.replaceAll(' ', '-');
    await dynamodb.client.send(
      new PutItemCommand({
        TableName: 'malformed-0',
        Item: { pk: { S: 't' }, sk: { S: step }, ...attributes },
      }),
    );
    expect(await outcomeOf(one.collect('t', step, 0, never))).toBe('CHANNEL_ITEM_MALFORMED');
    expect(one.counters().gets, 'no search for parts that cannot be').toBeLessThanOrEqual(2);
  });

  test('a request that hangs ends with the signal', async () => {
    const silent = createServer();
    const connected = new Promise<Socket>((resolve) => silent.on('connection', resolve));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });
    const tables = forEachParty(() => ({ client, tableName: 'silent' }));
    const channel = createOutboxChannel({ self: 1, tables, clock: systemClock });
    const controller = new AbortController();
    const waiting = channel.collect('t', 's', 0, controller.signal);
    const socket = await connected;
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    client.destroy();
    socket.destroy();
    silent.close();
  });
});
