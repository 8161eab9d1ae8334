import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DynamodbServer, startDynamodbServer } from '../../local/dynamodb-server.ts';

let directory: string;
let server: DynamodbServer;
const clients: DynamoDBClient[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  server = await start();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

function start(): Promise<DynamodbServer> {
  return startDynamodbServer({
    path: join(directory, 'tables'),
    port: 0,
    ownerAccessKey: 'owner',
    peerAccessKeys: ['owner', 'peer'],
    outboxTable: 'outbox',
  });
}

function clientOf(accessKeyId: string): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'local',
    credentials: { accessKeyId, secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
}

async function createTable(name: string): Promise<void> {
  await clientOf('owner').send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
}

const item = { pk: { S: 'key' }, bytes: { B: new Uint8Array([1, 2, 3]) } };
const get = (table: string) => new GetItemCommand({ TableName: table, Key: { pk: { S: 'key' } } });
const put = (table: string) => new PutItemCommand({ TableName: table, Item: item });

describe('a local DynamoDB', () => {
  test('lets a peer read the outbox table and do nothing else', async () => {
    await createTable('outbox');
    await createTable('state');
    await clientOf('owner').send(put('outbox'));
    await clientOf('owner').send(put('state'));

    expect((await clientOf('peer').send(get('outbox'))).Item).toEqual(item);
    const query = new QueryCommand({
      TableName: 'outbox',
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: 'key' } },
    });
    expect((await clientOf('peer').send(query)).Count).toBe(1);

    const denied = { name: 'AccessDeniedException' };
    await expect(clientOf('peer').send(put('outbox'))).rejects.toMatchObject(denied);
    await expect(clientOf('peer').send(new ScanCommand({ TableName: 'outbox' }))).rejects.toMatchObject(
      denied,
    );
    await expect(clientOf('peer').send(get('state'))).rejects.toMatchObject(denied);
    await expect(clientOf('stranger').send(get('outbox'))).rejects.toMatchObject(denied);
  });

  test('has its items again after it was closed and started on the same files', async () => {
    await createTable('outbox');
    await clientOf('owner').send(put('outbox'));
    await server.close();
    server = await start();
    expect((await clientOf('owner').send(get('outbox'))).Item).toEqual(item);
  });
});
