/**
 * The outbox channel over DynamoDB: one table for each party, written by its owner alone.
 *
 * A post is one conditional put (write-once), or one for each chunk and then one for the head (items.ts). A
 * collect polls the peer's table with strongly consistent gets. Nothing here needs a transaction, a stream or
 * TTL to be correct, so the same code runs against dynalite. The peer's operator can withhold, repeat or
 * rewrite what its table shows; sessions detect all but the withholding, which ends in a timeout.
 *
 * Cost of a round of up to 350 KB: one write unit for each KB (both peers' parcels together), and for each
 * reader one read unit for each 4 KB of the whole item and one for each poll that came too early.
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
import * as z from 'zod/mini';
import { concatBytes, equalBytes } from '../../bytes.ts';
import type { Clock } from '../../clock.ts';
import { MpcError } from '../../errors.ts';
import type { PartyIndex } from '../../party.ts';
import { conflict, noParcel, requireAddress, requireWithinBound } from '../address.ts';
import type { Channel, Parcels, Posted } from '../channel.ts';
import { CHUNK_SORT_KEY, chunkKey, MAX_PARTS, type ParcelName, parcelFor, planItem } from './items.ts';

/** The attribute to name in the table's TTL setting: epoch seconds after which an item may vanish. */
export const OUTBOX_TTL_ATTRIBUTE = 'ttl';

/** Requests in flight for one chunked parcel: enough to fill a link, few enough not to crowd out polls. */
const CHUNKS_IN_FLIGHT = 8;

/** Items looked through for the latest one for everyone, 64 a page: beyond it the outbox is being flooded. */
const MAX_LATEST_PAGES = 64;
const LATEST_PAGE_ITEMS = 64;

export interface OutboxTable {
  readonly client: DynamoDBClient;
  /** Name, or ARN for a table of another account. */
  readonly tableName: string;
}

/** How soon a poll repeats: the first wait, its growth, and its bound. */
export interface PollBackoff {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** A put takes 4 to 6 ms in a region; beyond 50 ms a wait costs more latency than its polls cost money. */
export const DEFAULT_BACKOFF: PollBackoff = { firstMs: 2, factor: 1.5, maxMs: 50 };

export interface OutboxParameters {
  readonly self: PartyIndex;
  /** The outboxes of parties 0, 1 and 2; only the own one is written. */
  readonly tables: readonly [OutboxTable, OutboxTable, OutboxTable];
  readonly clock: Clock;
  /** Items expire that long after they were posted; without it they stay. */
  readonly expiresAfterSeconds?: number;
  readonly backoff?: PollBackoff;
}

/** Requests so far, and what DynamoDB says they consumed. */
export interface OutboxCounters {
  readonly puts: number;
  readonly gets: number;
  readonly queries: number;
  readonly writeUnits: number;
  readonly readUnits: number;
}

export interface OutboxChannel extends Channel {
  counters(): OutboxCounters;
}

export function createOutboxChannel(parameters: OutboxParameters): OutboxChannel {
  return new DynamodbOutbox(parameters);
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
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName: tableName });
}

type Attributes = Record<string, AttributeValue>;

const binaryAttribute = z.object({ B: z.instanceof(Uint8Array) });
const partsAttribute = z.object({ N: z.string().check(z.regex(/^[1-9][0-9]{0,3}$/)) });
const stringAttribute = z.object({ S: z.string() });

class DynamodbOutbox implements OutboxChannel {
  readonly self: PartyIndex;
  readonly #parameters: OutboxParameters;
  readonly #counters = { puts: 0, gets: 0, queries: 0, writeUnits: 0, readUnits: 0 };

  constructor(parameters: OutboxParameters) {
    this.self = parameters.self;
    this.#parameters = parameters;
  }

  async post(topic: string, step: string, parcels: Parcels): Promise<void> {
    requireAddress(topic, step);
    requireWithinBound(step, parcels);
    const { inline, parts, chunks } = planItem(topic, step, parcels);
    await inParallel(chunks, async ({ partitionKey, bytes }) => {
      const key = keyOf(partitionKey, CHUNK_SORT_KEY);
      if (!(await this.#putOnce(key, { bytes: { B: bytes } }))) throw conflict(topic, step);
    });
    const head: Attributes = {};
    for (const [name, bytes] of inline) head[name] = { B: bytes };
    for (const [name, count] of parts) head[`${name}Parts`] = { N: String(count) };
    if (!(await this.#putOnce(keyOf(topic, step), head))) throw conflict(topic, step);
  }

  async collect(topic: string, step: string, from: PartyIndex, signal: AbortSignal): Promise<Uint8Array> {
    requireAddress(topic, step);
    const { clock, backoff = DEFAULT_BACKOFF } = this.#parameters;
    let waitMs = backoff.firstMs;
    for (;;) {
      signal.throwIfAborted();
      const head = await abortable(this.#get(from, keyOf(topic, step), this.#ownAttributes()), signal);
      if (head !== undefined) {
        const bytes =
          (await abortable(this.#parcel(topic, step, from, 'all', head), signal)) ??
          (await abortable(this.#parcel(topic, step, from, parcelFor(this.self), head), signal));
        if (bytes === undefined) throw noParcel(topic, step, from);
        return bytes;
      }
      await clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * backoff.factor, backoff.maxMs);
    }
  }

  async recall(topic: string, step: string): Promise<Uint8Array | undefined> {
    requireAddress(topic, step);
    const head = await this.#get(this.self, keyOf(topic, step), ['all', 'allParts']);
    return head === undefined ? undefined : this.#parcel(topic, step, this.self, 'all', head);
  }

  async latest(topic: string, from: PartyIndex): Promise<Posted | undefined> {
    let startKey: Attributes | undefined;
    for (let page = 0; page < MAX_LATEST_PAGES; page++) {
      const { items, lastKey } = await this.#newest(topic, from, startKey);
      for (const item of items) {
        const step = malformedUnless(z.safeParse(stringAttribute, item['sk']), topic, 'sk', from).S;
        const bytes = await this.#parcel(topic, step, from, 'all', item);
        if (bytes !== undefined) return { step, bytes };
      }
      if (lastKey === undefined) return undefined;
      startKey = lastKey;
    }
    throw new MpcError('CHANNEL_ITEM_MALFORMED', `the outbox of party ${from} is flooded under one topic`, {
      topic,
      from,
    });
  }

  counters(): OutboxCounters {
    return { ...this.#counters };
  }

  /** Most topics have their item for everyone last, so the first page is a single item. */
  async #newest(topic: string, from: PartyIndex, startKey: Attributes | undefined) {
    const { client, tableName } = this.#parameters.tables[from];
    const answer = await client.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'pk = :topic',
        ExpressionAttributeValues: { ':topic': { S: topic } },
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: startKey === undefined ? 1 : LATEST_PAGE_ITEMS,
        ...(startKey === undefined ? {} : { ExclusiveStartKey: startKey }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    this.#counters.queries += 1;
    this.#counters.readUnits += answer.ConsumedCapacity?.CapacityUnits ?? 0;
    return { items: answer.Items ?? [], lastKey: answer.LastEvaluatedKey };
  }

  /** A parcel of an item that is there; undefined if the item has none of this name. */
  async #parcel(
    topic: string,
    step: string,
    from: PartyIndex,
    name: ParcelName,
    head: Attributes,
  ): Promise<Uint8Array | undefined> {
    const inline = head[name];
    if (inline !== undefined)
      return malformedUnless(z.safeParse(binaryAttribute, inline), topic, step, from).B;
    const partsValue = head[`${name}Parts`];
    if (partsValue === undefined) return undefined;
    const parts = Number(malformedUnless(z.safeParse(partsAttribute, partsValue), topic, step, from).N);
    if (parts > MAX_PARTS) throw malformedItem(topic, step, from);
    const chunks = new Array<Uint8Array>(parts);
    await inParallel([...chunks.keys()], async (index) => {
      const chunk = await this.#get(from, keyOf(chunkKey(topic, step, name, index), CHUNK_SORT_KEY), [
        'bytes',
      ]);
      chunks[index] = malformedUnless(z.safeParse(binaryAttribute, chunk?.['bytes']), topic, step, from).B;
    });
    return concatBytes(chunks);
  }

  async #get(
    from: PartyIndex,
    key: Attributes,
    attributes: readonly string[],
  ): Promise<Attributes | undefined> {
    const { client, tableName } = this.#parameters.tables[from];
    const names = Object.fromEntries(attributes.map((name, index) => [`#${index}`, name]));
    const answer = await client.send(
      new GetItemCommand({
        TableName: tableName,
        Key: key,
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

  /** False where the key holds other data; the same data is a retry after a lost answer. */
  async #putOnce(key: Attributes, data: Attributes): Promise<boolean> {
    const { client, tableName } = this.#parameters.tables[this.self];
    this.#counters.puts += 1;
    try {
      const answer = await client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: { ...key, ...data, ...this.#expiry() },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      this.#counters.writeUnits += answer.ConsumedCapacity?.CapacityUnits ?? 0;
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
    const names = ['all', 'to0', 'to1', 'to2', 'allParts', 'to0Parts', 'to1Parts', 'to2Parts', 'bytes'];
    const present = (await this.#get(this.self, key, names)) ?? {};
    return names.every((name) => sameAttribute(present[name], data[name]));
  }

  #expiry(): Attributes {
    const { clock, expiresAfterSeconds } = this.#parameters;
    if (expiresAfterSeconds === undefined) return {};
    const seconds = Math.ceil(clock.now() / 1000) + expiresAfterSeconds;
    return { [OUTBOX_TTL_ATTRIBUTE]: { N: String(seconds) } };
  }

  #ownAttributes(): readonly string[] {
    const own = parcelFor(this.self);
    return ['all', 'allParts', own, `${own}Parts`];
  }
}

function keyOf(partitionKey: string, sortKey: string): Attributes {
  return { pk: { S: partitionKey }, sk: { S: sortKey } };
}

function sameAttribute(left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  if (left.B !== undefined && right.B !== undefined) return equalBytes(left.B, right.B);
  return left.N !== undefined && left.N === right.N;
}

type Parsed<Value> = { readonly success: true; readonly data: Value } | { readonly success: false };

function malformedUnless<Value>(parsed: Parsed<Value>, topic: string, step: string, from: PartyIndex): Value {
  if (!parsed.success) throw malformedItem(topic, step, from);
  return parsed.data;
}

function malformedItem(topic: string, step: string, from: PartyIndex): MpcError {
  return new MpcError('CHANNEL_ITEM_MALFORMED', `an item of party ${from} does not have the shape of one`, {
    topic,
    step,
    from,
  });
}

async function inParallel<Work>(
  work: readonly Work[],
  perform: (unit: Work) => Promise<void>,
): Promise<void> {
  const queue = work.values();
  const worker = async () => {
    for (const unit of queue) await perform(unit);
  };
  await Promise.all(Array.from({ length: Math.min(CHUNKS_IN_FLIGHT, work.length) }, worker));
}

/** Settles as the promise does, or with the signal's reason as soon as that aborts: a hung request ends too. */
async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
