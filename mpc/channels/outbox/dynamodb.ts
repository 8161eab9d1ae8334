/**
 * The outbox channel over DynamoDB: one table for each party, written by its owner alone.
 *
 * A post is one conditional put, or one for each chunk and then one for the head (items.ts). A collect polls
 * the peer's table. The peer, or whoever operates its table, can withhold, repeat or rewrite what it shows;
 * sessions detect all but the withholding, which ends in a timeout. A table that cannot be reached withholds: a
 * collect goes on polling until its signal ends it, so a peer's restart within the timeout costs nothing.
 *
 * Cost of a round of up to 350 KB: one write unit for each KB (both peers' parcels together), and for each
 * reader one read unit for each 4 KB of the whole item and one for each poll that came too early.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { concatBytes, equalBytes } from '../../bytes.ts';
import type { Clock } from '../../clock.ts';
import { MpcError } from '../../errors.ts';
import type { PartyIndex } from '../../party.ts';
import { conflict, noParcel, requireAddress, requireWithinBound } from '../address.ts';
import type { Channel, Parcels, Posted } from '../channel.ts';
import { channelFailure, isUnavailable } from './failures.ts';
import { CHUNK_SORT_KEY, chunkKey, MAX_PARTS, type ParcelName, parcelFor, planItem } from './items.ts';
import {
  type Attributes,
  type ItemKey,
  type OutboxCounters,
  type OutboxTable,
  OutboxTableAccess,
  type Page,
} from './table/dynamodb.ts';

export { createOutboxTable } from './table/dynamodb.ts';

/** The attribute to name in the table's TTL setting: epoch seconds after which an item may vanish. */
export const OUTBOX_TTL_ATTRIBUTE = 'ttl';

/** Requests in flight for one chunked parcel: enough to fill a link, few enough not to crowd out polls. */
const CHUNKS_IN_FLIGHT = 8;

/** How far to look for the latest item for everyone; an outbox with more in front of it is being flooded. */
const MAX_LATEST_PAGES = 64;
const LATEST_PAGE_ITEMS = 64;

/** Every attribute in which two posts can differ. */
const DATA_ATTRIBUTES = [
  'all',
  'to0',
  'to1',
  'to2',
  'allParts',
  'to0Parts',
  'to1Parts',
  'to2Parts',
  'bytes',
] as const;

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

export interface OutboxChannel extends Channel {
  counters(): OutboxCounters;
}

export function createOutboxChannel(parameters: OutboxParameters): OutboxChannel {
  return new DynamodbOutbox(parameters);
}

const binaryAttribute = z.object({ B: z.instanceof(Uint8Array) });
const partsAttribute = z.object({ N: z.string().check(z.regex(/^[1-9][0-9]{0,3}$/)) });
const stringAttribute = z.object({ S: z.string() });

class DynamodbOutbox implements OutboxChannel {
  readonly self: PartyIndex;
  readonly #parameters: OutboxParameters;
  readonly #access = new OutboxTableAccess();

  constructor(parameters: OutboxParameters) {
    this.self = parameters.self;
    this.#parameters = parameters;
  }

  async post(topic: string, step: string, parcels: Parcels): Promise<void> {
    requireAddress(topic, step);
    requireWithinBound(step, parcels);
    const { inline, parts, chunks } = planItem(topic, step, parcels);
    await inParallel(chunks, async ({ partitionKey, bytes }) => {
      const data = { bytes: { B: bytes } };
      if (!(await this.#put({ partitionKey, sortKey: CHUNK_SORT_KEY }, data))) throw conflict(topic, step);
    });
    const head: Attributes = {};
    for (const [name, bytes] of inline) head[name] = { B: bytes };
    for (const [name, count] of parts) head[`${name}Parts`] = { N: String(count) };
    if (!(await this.#put({ partitionKey: topic, sortKey: step }, head))) throw conflict(topic, step);
  }

  async collect(topic: string, step: string, from: PartyIndex, signal: AbortSignal): Promise<Uint8Array> {
    requireAddress(topic, step);
    const { clock, backoff = DEFAULT_BACKOFF } = this.#parameters;
    const own = parcelFor(this.self);
    const attributes = ['all', 'allParts', own, `${own}Parts`];
    const key = { partitionKey: topic, sortKey: step };
    let waitMs = backoff.firstMs;
    for (;;) {
      signal.throwIfAborted();
      try {
        const head = await abortable(this.#get(from, key, attributes), signal);
        if (head !== undefined) {
          const name = 'all' in head || 'allParts' in head ? 'all' : own;
          const bytes = await abortable(this.#parcel(topic, step, from, name, head), signal);
          if (bytes === undefined) throw noParcel(topic, step, from);
          return bytes;
        }
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
      await clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * backoff.factor, backoff.maxMs);
    }
  }

  async recall(topic: string, step: string): Promise<Uint8Array | undefined> {
    requireAddress(topic, step);
    const head = await this.#get(this.self, { partitionKey: topic, sortKey: step }, ['all', 'allParts']);
    return head === undefined ? undefined : this.#parcel(topic, step, this.self, 'all', head);
  }

  /** Most topics have their item for everyone last, so the first page is a single item. */
  async latest(topic: string, from: PartyIndex): Promise<Posted | undefined> {
    let page = await this.#newest(from, topic, 1, undefined);
    for (let pages = 1; ; pages++) {
      for (const item of page.items) {
        const step = malformedUnless(z.safeParse(stringAttribute, item['sk']), topic, 'sk', from).S;
        const bytes = await this.#parcel(topic, step, from, 'all', item);
        if (bytes !== undefined) return { step, bytes };
      }
      if (page.lastKey === undefined) return undefined;
      if (pages >= MAX_LATEST_PAGES) throw malformedItem(topic, 'latest', from);
      page = await this.#newest(from, topic, LATEST_PAGE_ITEMS, page.lastKey);
    }
  }

  counters(): OutboxCounters {
    return this.#access.counters();
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
      const key = { partitionKey: chunkKey(topic, step, name, index), sortKey: CHUNK_SORT_KEY };
      const chunk = await this.#get(from, key, ['bytes']);
      chunks[index] = malformedUnless(z.safeParse(binaryAttribute, chunk?.['bytes']), topic, step, from).B;
    });
    return concatBytes(chunks);
  }

  /** False where the key holds other data; the same data is a retry after a lost answer. */
  async #put(key: ItemKey, data: Attributes): Promise<boolean> {
    const table = this.#parameters.tables[this.self];
    const put = this.#access.putOnce(table, key, { ...data, ...this.#expiry() });
    if (await this.#coded(this.self, put)) return true;
    const present = (await this.#get(this.self, key, DATA_ATTRIBUTES)) ?? {};
    return DATA_ATTRIBUTES.every((name) => sameAttribute(present[name], data[name]));
  }

  #get(from: PartyIndex, key: ItemKey, attributes: readonly string[]): Promise<Attributes | undefined> {
    return this.#coded(from, this.#access.get(this.#parameters.tables[from], key, attributes));
  }

  #newest(from: PartyIndex, topic: string, limit: number, startKey: Attributes | undefined): Promise<Page> {
    return this.#coded(from, this.#access.newest(this.#parameters.tables[from], topic, limit, startKey));
  }

  /** @throws MpcError CHANNEL_UNAVAILABLE, CHANNEL_REFUSED */
  async #coded<Answer>(party: PartyIndex, request: Promise<Answer>): Promise<Answer> {
    try {
      return await request;
    } catch (error) {
      throw channelFailure(error, party);
    }
  }

  #expiry(): Attributes {
    const { clock, expiresAfterSeconds } = this.#parameters;
    if (expiresAfterSeconds === undefined) return {};
    const seconds = Math.ceil(clock.now() / 1000) + expiresAfterSeconds;
    return { [OUTBOX_TTL_ATTRIBUTE]: { N: String(seconds) } };
  }
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
  return new MpcError('CHANNEL_ITEM_MALFORMED', `the outbox of party ${from} is not laid out as one`, {
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
