/**
 * How a channel's item lies in an outbox table: keys, attributes and chunks, without a word of AWS.
 *
 * | item  | pk                               | sk    | attributes                                        |
 * | ----- | -------------------------------- | ----- | ------------------------------------------------- |
 * | head  | topic                            | step  | `all`, or `to0` `to1` `to2`: bytes;               |
 * |       |                                  |       | or the same name with `Parts`: number of chunks   |
 * | chunk | topic#step#attribute#index       | chunk | `bytes`                                           |
 *
 * DynamoDB holds 400 KB an item and about 1 MB/s a partition key, so longer parcels go in chunks, each under a
 * key of its own. Chunks are written before the head: who sees the head finds every chunk. All items are
 * written once; topics and steps have no `#`, so keys of chunks never meet keys of heads.
 */

import type { PartyIndex } from '../../party.ts';
import { MAX_MESSAGE_BYTES, type Parcels } from '../channel.ts';

/** Below 400 KB with room for names and keys. */
export const MAX_ITEM_BYTES = 350 * 1024;

export const MAX_PARTS = Math.ceil(MAX_MESSAGE_BYTES / MAX_ITEM_BYTES);

export const CHUNK_SORT_KEY = 'chunk';

export type ParcelName = 'all' | `to${PartyIndex}`;

export interface Chunk {
  readonly partitionKey: string;
  readonly bytes: Uint8Array;
}

export interface ItemPlan {
  /** Parcels that lie in the head itself. */
  readonly inline: ReadonlyMap<ParcelName, Uint8Array>;
  /** Parcels that lie in chunks, with the number of them. */
  readonly parts: ReadonlyMap<ParcelName, number>;
  readonly chunks: readonly Chunk[];
}

export function parcelFor(party: PartyIndex): ParcelName {
  return `to${party}`;
}

/**
 * One head where all parcels fit together. Otherwise every parcel above half an item is chunked: of the at most
 * two parcels of an item, what is left then fits.
 */
export function planItem(topic: string, step: string, parcels: Parcels): ItemPlan {
  const named: [ParcelName, Uint8Array][] =
    'everyone' in parcels
      ? [['all', parcels.everyone]]
      : [...parcels.to].map(([party, bytes]) => [parcelFor(party), bytes]);
  const total = named.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  const inline = new Map<ParcelName, Uint8Array>();
  const parts = new Map<ParcelName, number>();
  const chunks: Chunk[] = [];
  for (const [name, bytes] of named) {
    if (total <= MAX_ITEM_BYTES || bytes.length <= MAX_ITEM_BYTES / 2) {
      inline.set(name, bytes);
      continue;
    }
    const count = Math.ceil(bytes.length / MAX_ITEM_BYTES);
    parts.set(name, count);
    for (let index = 0; index < count; index++) {
      chunks.push({
        partitionKey: chunkKey(topic, step, name, index),
        bytes: bytes.subarray(index * MAX_ITEM_BYTES, (index + 1) * MAX_ITEM_BYTES),
      });
    }
  }
  return { inline, parts, chunks };
}

export function chunkKey(topic: string, step: string, name: ParcelName, index: number): string {
  return `${topic}#${step}#${name}#${index}`;
}
