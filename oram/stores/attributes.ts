/**
 * An item as DynamoDB's attributes and back. The table may belong to somebody else: what comes back is checked for its
 * shape here, and for its authenticity where it is opened.
 */

import * as z from 'zod/mini';
import { OramError } from '../errors.ts';
import type { Item, ItemKey } from './store.ts';
import { ATTRIBUTES, VERSION_DIGITS } from './units.ts';

const keySchema = z.object({
  [ATTRIBUTES.partition]: z.object({ S: z.string() }),
  [ATTRIBUTES.sort]: z.object({ S: z.string() }),
});

const itemSchema = z.object({
  [ATTRIBUTES.partition]: z.object({ S: z.string() }),
  [ATTRIBUTES.sort]: z.object({ S: z.string() }),
  [ATTRIBUTES.version]: z.object({ S: z.string().check(z.regex(/^[0-9a-f]{8}$/)) }),
  [ATTRIBUTES.bytes]: z.object({ B: z.instanceof(Uint8Array) }),
});

export function encodeKey({ partition, sort }: ItemKey) {
  return { [ATTRIBUTES.partition]: { S: partition }, [ATTRIBUTES.sort]: { S: sort } };
}

export function encodeVersion(version: number) {
  return { S: version.toString(16).padStart(VERSION_DIGITS, '0') };
}

export function encodeItem(item: Item) {
  return {
    ...encodeKey(item.key),
    [ATTRIBUTES.version]: encodeVersion(item.version),
    [ATTRIBUTES.bytes]: { B: item.bytes },
  };
}

/** @throws OramError STORE_ITEM_MALFORMED */
export function decodeItem(attributes: unknown): Item {
  const parsed = z.safeParse(itemSchema, attributes);
  if (!parsed.success) throw malformed('an item lacks the attributes pk, sk, v and d of their types');
  const { pk, sk, v, d } = parsed.data;
  return { key: { partition: pk.S, sort: sk.S }, version: Number.parseInt(v.S, 16), bytes: d.B };
}

/** @throws OramError STORE_ITEM_MALFORMED */
export function decodeKey(attributes: unknown): ItemKey {
  const parsed = z.safeParse(keySchema, attributes);
  if (!parsed.success) throw malformed('a key lacks the attributes pk and sk, both strings');
  return { partition: parsed.data.pk.S, sort: parsed.data.sk.S };
}

export function malformed(detail: string): OramError {
  return new OramError('STORE_ITEM_MALFORMED', detail);
}
