/**
 * Items of the party's own state table that have one holder at a time: who holds one renews it while it lasts and gives it
 * back; a holder that was cut off loses it by time.
 *
 * This is for progress alone. A hold that lies, expires early or is ignored costs an attempt, never a second outcome,
 * because what a party says and signs is written once.
 */

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../mpc/clock.ts';

/** A run that was cut off keeps the others out for so long at most. */
const HOLD_MS = 60_000;

/** Two renewals may fail before the item is lost. */
const RENEWAL_MS = 20_000;

export interface HeldTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export type HeldItem = Record<string, AttributeValue>;

type Values = Readonly<Record<string, { readonly S: string } | { readonly N: string }>>;

export class HeldItems {
  readonly #table: HeldTable;
  readonly #clock: Clock;

  constructor(table: HeldTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  async read(key: ItemKey): Promise<HeldItem | undefined> {
    const { Item: item } = await this.#table.client.send(
      new GetItemCommand({ ...this.#of(key), ConsistentRead: true }),
    );
    return item;
  }

  /** All of a partition: a few. */
  async readAll(pk: string): Promise<readonly HeldItem[]> {
    const { Items: items = [] } = await this.#table.client.send(
      new QueryCommand({
        TableName: this.#table.tableName,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
      }),
    );
    return items;
  }

  isHeld(item: HeldItem | undefined): boolean {
    return item?.['holder'] !== undefined && Number(item['expiresAtMs']?.N) >= this.#clock.now();
  }

  /**
   * Runs while holding the item.
   * @param holder differs for each run, such as a request id
   * @param giveBack what becomes of the item, after errors too: an update that removes the holder, under the condition
   *   that there is still this one
   * @returns undefined where another has it
   */
  async hold<Value>(
    key: ItemKey,
    holder: string,
    run: () => Promise<Value>,
    giveBack: (ended: { readonly value: Value } | undefined) => Promise<Update>,
  ): Promise<{ readonly value: Value } | undefined> {
    if (!(await this.#take(key, holder))) return undefined;
    const over = new AbortController();
    const renewing = this.#renew(key, holder, over.signal);
    let ended: { readonly value: Value } | undefined;
    try {
      ended = { value: await run() };
      return ended;
    } finally {
      over.abort();
      await renewing;
      await giveBack(ended)
        .then((update) => this.#update(key, update, 'holder = :holder', { ':holder': { S: holder } }))
        .catch(() => {});
    }
  }

  #take(key: ItemKey, holder: string): Promise<boolean> {
    const now = this.#clock.now();
    const set = {
      expression: 'SET holder = :holder, expiresAtMs = :expires',
      values: { ':expires': number(now + HOLD_MS) },
    };
    const condition = 'attribute_not_exists(holder) OR expiresAtMs < :now';
    return this.#update(key, set, condition, { ':holder': { S: holder }, ':now': number(now) });
  }

  /** Ends with the signal; a renewal that fails is tried again at the next. */
  async #renew(key: ItemKey, holder: string, signal: AbortSignal): Promise<void> {
    const pause = () => this.#clock.sleep(RENEWAL_MS, signal);
    while (
      await pause().then(
        () => true,
        () => false,
      )
    ) {
      const set = {
        expression: 'SET expiresAtMs = :expires',
        values: { ':expires': number(this.#clock.now() + HOLD_MS) },
      };
      await this.#update(key, set, 'holder = :holder', { ':holder': { S: holder } }).catch(() => {});
    }
  }

  async #update(
    key: ItemKey,
    { expression, values = {} }: Update,
    condition: string,
    conditionValues: Values,
  ): Promise<boolean> {
    try {
      await this.#table.client.send(
        new UpdateItemCommand({
          ...this.#of(key),
          UpdateExpression: expression,
          ConditionExpression: condition,
          ExpressionAttributeValues: { ...values, ...conditionValues },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  #of({ pk, sk }: ItemKey) {
    return { TableName: this.#table.tableName, Key: { pk: { S: pk }, sk: { S: sk } } };
  }
}

export interface Update {
  readonly expression: string;
  readonly values?: Values;
}

export function number(value: number): { readonly N: string } {
  return { N: String(value) };
}
