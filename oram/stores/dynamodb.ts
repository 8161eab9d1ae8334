/**
 * A vault's items in a DynamoDB table, which may belong to somebody else.
 *
 * Reads are batches of 100 keys, strongly consistent; every write of the protocol is a put of its own with a
 * condition on the version, since a batch takes no conditions and a transaction costs twice as much. Requests
 * that fail for a time are sent again, keys and bytes the same, so that whoever watches the table sees a
 * repetition and nothing else; how often depends on the table and never on what is in the items. Versions are
 * stored as eight hexadecimal digits, whose text order is their order.
 *
 * Units of writes are what the table reports, which depends on the size of what was there before; units of reads are
 * computed from the items that came back, since a stand-in for DynamoDB charges for keys it left unprocessed. A
 * request that was never answered counts as a request and not in units. The client must give up by itself on a
 * connection that hangs (`requestTimeout` with `throwOnRequestTimeout`): there is no second timer here.
 */

import { randomBytes } from 'node:crypto';
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type ConsumedCapacity,
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  ResourceInUseException,
  type WriteRequest,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { equalBytes } from '../../mpc/bytes.ts';
import type { Clock } from '../../mpc/clock.ts';
import { OramError } from '../errors.ts';
import { decodeItem, decodeKey, encodeItem, encodeKey, encodeVersion, malformed } from './attributes.ts';
import { type Pace, repeated, storeFailure, untilProcessed, wasRepeatedByClient } from './failures.ts';
import { keyIdentifier, requireDistinct } from './keys.ts';
import { inParallel } from './parallel.ts';
import type { Item, ItemKey, ItemStore, StoreUnits } from './store.ts';
import {
  ATTRIBUTES,
  BATCH_READ_KEYS,
  BATCH_WRITE_ITEMS,
  billedBytes,
  readUnits,
  writeUnits,
} from './units.ts';

/** The SDK's client opens 50 connections by default; more puts at a time would only wait in its queue. */
const PARALLEL_PUTS = 50;

/** A batch may be 16 MB in either direction; eight of them are what a small function has memory for. */
const PARALLEL_BATCHES = 8;

/** Long enough for DynamoDB, which takes some 10 s for an empty table. */
const CREATE_TIMEOUT_SECONDS = 60;

const NEWER_IS_NOT_HELD = `attribute_not_exists(${ATTRIBUTES.partition}) OR ${ATTRIBUTES.version} <= :version`;
const NOTHING_IS_HELD = `attribute_not_exists(${ATTRIBUTES.partition})`;
const EXPECTED_IS_HELD = `${ATTRIBUTES.version} = :version`;

export interface DynamodbStoreOptions {
  readonly client: DynamoDBClient;
  /** Name, or ARN for a table of another account. */
  readonly tableName: string;
  /** Times the waits between tries. */
  readonly clock: Clock;
  /** Spreads the waits between tries; default `randomBytes`. */
  readonly random?: (bytes: number) => Uint8Array;
}

export function createDynamodbStore(options: DynamodbStoreOptions): ItemStore {
  return new TableStore(options);
}

/**
 * Creates a table for a vault, billed by request, and waits for it; a table of this name that exists is kept.
 * @throws OramError STORE_UNAVAILABLE, STORE_REFUSED
 */
export async function createVaultTable(client: DynamoDBClient, tableName: string): Promise<void> {
  const { partition, sort } = ATTRIBUTES;
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: partition, AttributeType: 'S' },
          { AttributeName: sort, AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: partition, KeyType: 'HASH' },
          { AttributeName: sort, KeyType: 'RANGE' },
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw storeFailure(error);
  }
  try {
    await waitUntilTableExists(
      { client, maxWaitTime: CREATE_TIMEOUT_SECONDS, minDelay: 1, maxDelay: 2 },
      { TableName: tableName },
    );
  } catch (error) {
    throw storeFailure(error);
  }
}

interface Condition {
  readonly expression: string;
  readonly version?: number;
}

class TableStore implements ItemStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #pace: Pace;
  #requests = 0;
  #readUnits = 0;
  #writeUnits = 0;

  constructor({ client, tableName, clock, random = randomBytes }: DynamodbStoreOptions) {
    this.#client = client;
    this.#table = tableName;
    this.#pace = { clock, random };
  }

  async read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> {
    requireDistinct(keys);
    const found = new Map<string, Item>();
    await inParallel(batches(keys, BATCH_READ_KEYS), PARALLEL_BATCHES, (batch) => {
      const entries = new Map(batch.map((key) => [keyIdentifier(key), key]));
      return untilProcessed(entries, (pending) => this.#readBatch(pending, found), this.#pace);
    });
    return keys.map((key) => found.get(keyIdentifier(key)));
  }

  async write(items: readonly Item[]): Promise<boolean> {
    requireDistinct(items.map(({ key }) => key));
    const answers = await inParallel(items, PARALLEL_PUTS, (item) =>
      repeated(() => this.#put(item, { expression: NEWER_IS_NOT_HELD, version: item.version }), this.#pace),
    );
    return answers.every((answer) => answer === 'put');
  }

  async fill(items: readonly Item[]): Promise<void> {
    requireDistinct(items.map(({ key }) => key));
    const entries = items.map((item) => [keyIdentifier(item.key), item] as const);
    await this.#writeBatches(entries, (item) => ({ PutRequest: { Item: encodeItem(item) } }));
  }

  async replace(item: Item, expected: number | undefined): Promise<boolean> {
    const condition =
      expected === undefined
        ? { expression: NOTHING_IS_HELD }
        : { expression: EXPECTED_IS_HELD, version: expected };
    let again = false;
    const answer = await repeated((repeats) => {
      again = repeats;
      return this.#put(item, condition);
    }, this.#pace);
    if (answer === 'put') return true;
    if (!again && answer === 'refused') return false;
    // An earlier try may have arrived, and be what this one failed on.
    const [held] = await this.read([item.key]);
    if (held === undefined || held.version > item.version) {
      throw new OramError(
        'STORE_UNAVAILABLE',
        'an item was put without an answer, or not at all, and others went on since; look before calling again',
      );
    }
    return held.version === item.version && equalBytes(held.bytes, item.bytes);
  }

  async remove(keys: readonly ItemKey[]): Promise<void> {
    requireDistinct(keys);
    const entries = keys.map((key) => [keyIdentifier(key), key] as const);
    await this.#writeBatches(entries, (key) => ({ DeleteRequest: { Key: encodeKey(key) } }));
  }

  units(): StoreUnits {
    return { requests: this.#requests, readUnits: this.#readUnits, writeUnits: this.#writeUnits };
  }

  /** @returns identifiers of the keys that the table left unprocessed */
  async #readBatch(keys: readonly ItemKey[], found: Map<string, Item>): Promise<ReadonlySet<string>> {
    const command = new BatchGetItemCommand({
      RequestItems: { [this.#table]: { Keys: keys.map(encodeKey), ConsistentRead: true } },
    });
    const answer = await repeated(() => {
      this.#requests += 1;
      return this.#client.send(command);
    }, this.#pace);
    // One table was asked, whose name or ARN the answer repeats in a form of its own.
    const items = Object.values(answer.Responses ?? {})
      .flat()
      .map(decodeItem);
    const left = identifiersOf(Object.values(answer.UnprocessedKeys ?? {}).flatMap(({ Keys = [] }) => Keys));
    const answered = new Set(keys.map(keyIdentifier).filter((identifier) => !left.has(identifier)));
    for (const item of items) {
      const identifier = keyIdentifier(item.key);
      if (!answered.delete(identifier))
        throw malformed('the table answered with an item that was not asked for');
      found.set(identifier, item);
      this.#readUnits += readUnits(billedBytes(item));
    }
    this.#readUnits += answered.size * readUnits(0);
    return left;
  }

  /** @returns 'put', 'refused', or 'unsure' where the condition failed after the client itself had tried before */
  async #put(item: Item, { expression, version }: Condition): Promise<'put' | 'refused' | 'unsure'> {
    this.#requests += 1;
    const ownUnits = writeUnits(billedBytes(item));
    try {
      const answer = await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: encodeItem(item),
          ConditionExpression: expression,
          ...(version === undefined
            ? {}
            : { ExpressionAttributeValues: { ':version': encodeVersion(version) } }),
          ReturnConsumedCapacity: 'TOTAL',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      this.#writeUnits += answer.ConsumedCapacity?.CapacityUnits ?? ownUnits;
      return 'put';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // Charged as the larger of the two items, and no capacity is reported for it.
      const heldUnits = error.Item === undefined ? 0 : writeUnits(billedBytes(decodeItem(error.Item)));
      this.#writeUnits += Math.max(ownUnits, heldUnits);
      return wasRepeatedByClient(error) ? 'unsure' : 'refused';
    }
  }

  async #writeBatches<T>(
    entries: readonly (readonly [string, T])[],
    encode: (entry: T) => WriteRequest,
  ): Promise<void> {
    await inParallel(batches(entries, BATCH_WRITE_ITEMS), PARALLEL_BATCHES, (batch) =>
      untilProcessed(new Map(batch), (pending) => this.#writeBatch(pending.map(encode)), this.#pace),
    );
  }

  /** @returns identifiers of the keys that the table left unprocessed */
  async #writeBatch(writes: WriteRequest[]): Promise<ReadonlySet<string>> {
    const command = new BatchWriteItemCommand({
      RequestItems: { [this.#table]: writes },
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await repeated(() => {
      this.#requests += 1;
      return this.#client.send(command);
    }, this.#pace);
    this.#writeUnits += unitsOf(answer.ConsumedCapacity);
    const left = Object.values(answer.UnprocessedItems ?? {}).flat();
    return identifiersOf(left.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key));
  }
}

function unitsOf(consumed: readonly ConsumedCapacity[] = []): number {
  return consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

function identifiersOf(keys: readonly (Record<string, AttributeValue> | undefined)[]): ReadonlySet<string> {
  return new Set(keys.map((key) => keyIdentifier(decodeKey(key))));
}

function batches<T>(entries: readonly T[], size: number): T[][] {
  const starts = Array.from({ length: Math.ceil(entries.length / size) }, (_, index) => index * size);
  return starts.map((start) => entries.slice(start, start + size));
}
