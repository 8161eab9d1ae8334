/**
 * What DynamoDB charges, as arithmetic on item sizes: one write unit for each KB begun of an item put or deleted,
 * one read unit for each 4 KB begun of an item read consistently, at least one unit for a miss
 * (DynamoDB Developer Guide, "Read and write operations"; batch requests round for each item).
 */

import type { Item, ItemKey } from './store.ts';

/** Attribute names of an item: partition key, sort key, version, data. */
export const ATTRIBUTES = { partition: 'pk', sort: 'sk', version: 'v', bytes: 'd' } as const;

const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;

/** Keys in a BatchGetItem, items in a BatchWriteItem: DynamoDB takes no more. */
export const BATCH_READ_KEYS = 100;
export const BATCH_WRITE_ITEMS = 25;

/** DynamoDB takes no larger item, names of attributes included. */
export const MAX_ITEM_BYTES = 400 * 1024;

const NAME_BYTES = Object.values(ATTRIBUTES).reduce((sum, name) => sum + name.length, 0);

/** A version is stored as that many hexadecimal digits, so that its size never changes and text order is number order. */
export const VERSION_DIGITS = 8;

/** Bytes that are billed for an item: names and values of its four attributes. Keys are ASCII. */
export function itemBytes(key: ItemKey, dataBytes: number): number {
  return NAME_BYTES + key.partition.length + key.sort.length + VERSION_DIGITS + dataBytes;
}

export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

/** Of a strongly consistent read. */
export function readUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES));
}

export function billedBytes(item: Item): number {
  return itemBytes(item.key, item.bytes.length);
}
