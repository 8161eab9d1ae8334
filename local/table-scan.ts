/**
 * Reads every item that a local party stores, as its operator could, and looks for amounts in clear.
 *
 * An amount counts as found where an item holds it as decimal text (a whole run of digits and points, as typed,
 * in full decimals or in minor units), or as a whole-number field of its own in binary: a run of bytes equal to
 * the minor units or the rank, in 8 bytes of either order anywhere, or in the share's width as a whole attribute
 * or base64url field. Narrower windows would find chance matches in ciphertext.
 */

import { type AttributeValue, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { formatAmount, rankOf } from '../auction/amount.ts';
import { shareBytesOf } from '../auction/submission.ts';
import type { TenderTerms } from '../auction/tender.ts';
import { REQUEST_TIMEOUTS } from '../functions/request-timeouts.ts';
import type { LocalConsortium } from './consortium.ts';
import { accessKeyOf, outboxTableOf, STATE_TABLE } from './tables.ts';

export interface StoredItem {
  readonly table: string;
  readonly key: string;
  /** Every text and binary value in it, and those of JSON inside text. */
  readonly values: readonly (string | Uint8Array)[];
}

/** Every item of the state and outbox tables of a party. */
export async function scanParty(party: LocalConsortium['parties'][number]): Promise<readonly StoredItem[]> {
  const { index } = party.record;
  const client = new DynamoDBClient({
    endpoint: party.dynamodbEndpoint,
    region: 'local',
    credentials: { accessKeyId: accessKeyOf(index), secretAccessKey: 'local' },
    requestHandler: REQUEST_TIMEOUTS,
  });
  try {
    return [...(await scanTable(client, STATE_TABLE)), ...(await scanTable(client, outboxTableOf(index)))];
  } finally {
    client.destroy();
  }
}

export interface AmountFound {
  readonly item: StoredItem;
  readonly amount: bigint;
}

/** @param amounts minor units */
export function findAmounts(
  items: readonly StoredItem[],
  amounts: readonly bigint[],
  terms: TenderTerms,
): readonly AmountFound[] {
  const texts = new Map<string, bigint>();
  const wholes = new Map<string, bigint>();
  const windows = new Map<string, bigint>();
  for (const amount of amounts) {
    for (const text of spellingsOf(amount, terms.spec.decimals)) texts.set(text, amount);
    for (const value of new Set([amount, rankOf(amount, terms)])) {
      for (const bytes of bothOrders(value, shareBytesOf(terms.bits))) wholes.set(bytes, amount);
      for (const bytes of bothOrders(value, 8)) windows.set(bytes, amount);
    }
  }
  const search: Search = { texts, wholes, windows };
  return items.flatMap((item) => [...foundIn(item, search)].map((amount) => ({ item, amount })));
}

interface Search {
  readonly texts: ReadonlyMap<string, bigint>;
  readonly wholes: ReadonlyMap<string, bigint>;
  readonly windows: ReadonlyMap<string, bigint>;
}

function foundIn({ key, values }: StoredItem, { texts, wholes, windows }: Search): ReadonlySet<bigint> {
  const found = new Set<bigint>();
  const note = (amount: bigint | undefined) => {
    if (amount !== undefined) found.add(amount);
  };
  for (const value of [key, ...values]) {
    if (typeof value === 'string') for (const [run] of value.matchAll(/\d+(?:\.\d+)?/g)) note(texts.get(run));
    const bytes = typeof value === 'string' ? base64urlBytes(value) : Buffer.from(value);
    if (bytes === undefined) continue;
    const text = bytes.toString('latin1');
    note(wholes.get(text));
    for (const [run] of text.matchAll(/\d+(?:\.\d+)?/g)) note(texts.get(run));
    for (let start = 0; start + 8 <= text.length; start++) note(windows.get(text.slice(start, start + 8)));
  }
  return found;
}

/** 1200.5 may be stored as 1200.5, 1200.50 or 120050. */
function spellingsOf(amount: bigint, decimals: number): readonly string[] {
  const full = formatAmount(amount, decimals);
  const trimmed = full.includes('.') ? full.replace(/\.?0+$/, '') : full;
  return [full, trimmed, amount.toString()];
}

function bothOrders(value: bigint, width: number): readonly string[] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  const little = bytes.subarray(0, width).toString('latin1');
  return [little, [...little].reverse().join('')];
}

function base64urlBytes(text: string): Buffer | undefined {
  return /^[A-Za-z0-9_-]+$/.test(text) ? Buffer.from(text, 'base64url') : undefined;
}

async function scanTable(client: DynamoDBClient, table: string): Promise<readonly StoredItem[]> {
  const items: StoredItem[] = [];
  let start: Record<string, AttributeValue> | undefined;
  do {
    const page: { Items?: Record<string, AttributeValue>[] | undefined; LastEvaluatedKey?: typeof start } =
      await client.send(
        new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
    for (const item of page.Items ?? []) {
      const key = `${item['pk']?.S ?? ''} ${item['sk']?.S ?? ''}`;
      items.push({ table, key, values: Object.values(item).flatMap(leavesOfAttribute) });
    }
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return items;
}

function leavesOfAttribute(attribute: AttributeValue): readonly (string | Uint8Array)[] {
  if (attribute.B !== undefined) return [attribute.B];
  if (attribute.N !== undefined) return [attribute.N];
  if (attribute.S !== undefined) return [attribute.S, ...leavesOfJson(attribute.S)];
  if (attribute.L !== undefined) return attribute.L.flatMap(leavesOfAttribute);
  if (attribute.M !== undefined) return Object.values(attribute.M).flatMap(leavesOfAttribute);
  return [];
}

function leavesOfJson(text: string): readonly string[] {
  const leaves: string[] = [];
  try {
    JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === 'string' || typeof value === 'number') leaves.push(String(value));
      return value;
    });
  } catch {
    return [];
  }
  return leaves;
}
