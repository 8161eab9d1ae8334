/**
 * One outbox table in DynamoDB: create, put once, get, list the newest; every request counted.
 *
 * Items are attribute maps under (pk, sk). Puts are conditional on the key being free, gets and queries are
 * strongly consistent: a party that was told of a write must see it. Nothing here needs a transaction, a stream
 * or TTL to be correct, so the same code runs against dynalite.
 */

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  CreateTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';

/** Long enough for DynamoDB, which takes some 10 s for an empty table. */
const CREATE_TIMEOUT_SECONDS = 60;

export type Attributes = Record<string, AttributeValue>;

export interface ItemKey {
  readonly partitionKey: string;
  readonly sortKey: string;
}

export interface OutboxTable {
  readonly client: DynamoDBClient;
  /** Name, or ARN for a table of another account. */
  readonly tableName: string;
}

/** Requests so far, and what DynamoDB says they consumed. */
export interface OutboxCounters {
  readonly puts: number;
  readonly gets: number;
  readonly queries: number;
  readonly writeUnits: number;
  readonly readUnits: number;
}

export interface Page {
  readonly items: readonly Attributes[];
  /** Where the next page starts; undefined on the last one. */
  readonly lastKey: Attributes | undefined;
}

/** Creates an outbox table and waits for it; a table of this name that exists already is kept. */
export async function createOutboxTable(client: DynamoDBClient, tableName: string): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists(
    { client, maxWaitTime: CREATE_TIMEOUT_SECONDS, minDelay: 1, maxDelay: 2 },
    { TableName: tableName },
  );
}

export class OutboxTableAccess {
  readonly #counters = { puts: 0, gets: 0, queries: 0, writeUnits: 0, readUnits: 0 };

  counters(): OutboxCounters {
    return { ...this.#counters };
  }

  /** False where the key is taken; a refused put is charged like any other. */
  async putOnce({ client, tableName }: OutboxTable, key: ItemKey, data: Attributes): Promise<boolean> {
    this.#counters.puts += 1;
    try {
      const answer = await client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: { ...encodeKey(key), ...data },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      this.#counters.writeUnits += answer.ConsumedCapacity?.CapacityUnits ?? 0;
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Those of the named attributes that the item has; undefined if there is no item. */
  async get(
    { client, tableName }: OutboxTable,
    key: ItemKey,
    attributes: readonly string[],
  ): Promise<Attributes | undefined> {
    const names = Object.fromEntries(attributes.map((name, index) => [`#${index}`, name]));
    const answer = await client.send(
      new GetItemCommand({
        TableName: tableName,
        Key: encodeKey(key),
        ConsistentRead: true,
        ProjectionExpression: ['pk', ...Object.keys(names)].join(', '),
        ExpressionAttributeNames: names,
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    this.#counters.gets += 1;
    this.#counters.readUnits += answer.ConsumedCapacity?.CapacityUnits ?? 0;
    return answer.Item;
  }

  /** One page of a partition, greatest sort key first. */
  async newest(
    { client, tableName }: OutboxTable,
    partitionKey: string,
    limit: number,
    startKey: Attributes | undefined,
  ): Promise<Page> {
    const answer = await client.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'pk = :partition',
        ExpressionAttributeValues: { ':partition': { S: partitionKey } },
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: limit,
        ...(startKey === undefined ? {} : { ExclusiveStartKey: startKey }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    this.#counters.queries += 1;
    this.#counters.readUnits += answer.ConsumedCapacity?.CapacityUnits ?? 0;
    return { items: answer.Items ?? [], lastKey: answer.LastEvaluatedKey };
  }
}

function encodeKey({ partitionKey, sortKey }: ItemKey): Attributes {
  return { pk: { S: partitionKey }, sk: { S: sortKey } };
}
