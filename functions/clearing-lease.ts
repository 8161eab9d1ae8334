/**
 * Who clears a tender now, and when the next try is due: one item for each tender in the party's own state table.
 *
 * Starts arrive at least once and from several sides (a close order, the sweep of every minute, Lambda's own
 * retries), while two runs of one party at the same time would take each other's attempt over. So a run holds a
 * lease, renews it while it lasts, and gives it back; one that was cut off loses it by time. This is for progress
 * alone: a lease that lies, expires early or is ignored costs an attempt, never a second outcome, because what a party
 * says and signs is written once.
 *
 * After failures the sweep pauses, 1, 2, 4 up to 64 minutes, and takes up at the next multiple of the pause since
 * 1970. Multiples of a longer pause are multiples of every shorter one, so three parties that failed at different
 * times and differently often meet again at the same minute, where waits of their own would pass each other.
 */

import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { TenderId } from '../auction/tender.ts';
import type { Clock } from '../mpc/clock.ts';

/** A run that was cut off keeps the others out for so long at most. */
const LEASE_MS = 60_000;

/** Two renewals may fail before the lease is lost. */
const RENEWAL_MS = 20_000;

const MINUTE_MS = 60_000;

/** 64 minutes: a tender that cannot be cleared costs some 20 attempts a day. */
const LONGEST_PAUSE_DOUBLINGS = 6;

const SORT_KEY = 'lease';

export interface LeaseTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

export class ClearingLeases {
  readonly #table: LeaseTable;
  readonly #clock: Clock;

  constructor(table: LeaseTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Runs while holding the lease of a tender.
   * @param holder differs for each run, such as a request id
   * @param isDone whether the value settles the tender; otherwise, and after an error, the pause grows
   * @returns undefined where another run holds it
   */
  async hold<Value>(
    id: TenderId,
    holder: string,
    run: () => Promise<Value>,
    isDone: (value: Value) => boolean,
  ): Promise<Value | undefined> {
    if (!(await this.#take(id, holder))) return undefined;
    const ended = new AbortController();
    const renewing = this.#renew(id, holder, ended.signal);
    let done = false;
    try {
      const value = await run();
      done = isDone(value);
      return value;
    } finally {
      ended.abort();
      await renewing;
      await this.#giveBack(id, holder, done).catch(() => {});
    }
  }

  /** Whether earlier runs failed and the pause after them is not over. */
  async isPaused(id: TenderId): Promise<boolean> {
    const { Item: item } = await this.#table.client.send(
      new GetItemCommand({ ...this.#key(id), ConsistentRead: true }),
    );
    return Number(item?.['notBeforeMs']?.N ?? 0) > this.#clock.now();
  }

  #take(id: TenderId, holder: string): Promise<boolean> {
    const now = this.#clock.now();
    return this.#update(id, 'SET holder = :holder, expiresAtMs = :expires', {
      condition: 'attribute_not_exists(holder) OR expiresAtMs < :now',
      values: { ':holder': { S: holder }, ':expires': number(now + LEASE_MS), ':now': number(now) },
    });
  }

  /** Ends with the signal; a renewal that fails is tried again at the next. */
  async #renew(id: TenderId, holder: string, signal: AbortSignal): Promise<void> {
    const pause = () => this.#clock.sleep(RENEWAL_MS, signal);
    while (
      await pause().then(
        () => true,
        () => false,
      )
    ) {
      await this.#update(id, 'SET expiresAtMs = :expires', {
        condition: 'holder = :holder',
        values: { ':holder': { S: holder }, ':expires': number(this.#clock.now() + LEASE_MS) },
      }).catch(() => {});
    }
  }

  async #giveBack(id: TenderId, holder: string, done: boolean): Promise<void> {
    const condition = 'holder = :holder';
    const values = { ':holder': { S: holder } };
    if (done) {
      await this.#update(id, 'REMOVE holder, expiresAtMs, failures, notBeforeMs', { condition, values });
      return;
    }
    const { Item: item } = await this.#table.client.send(
      new GetItemCommand({ ...this.#key(id), ConsistentRead: true }),
    );
    const failures = Number(item?.['failures']?.N ?? 0) + 1;
    await this.#update(id, 'SET failures = :failures, notBeforeMs = :notBefore REMOVE holder, expiresAtMs', {
      condition,
      values: {
        ...values,
        ':failures': number(failures),
        ':notBefore': number(nextTryAtMs(failures, this.#clock.now())),
      },
    });
  }

  async #update(
    id: TenderId,
    expression: string,
    {
      condition,
      values,
    }: { condition: string; values: Record<string, { readonly S: string } | { readonly N: string }> },
  ): Promise<boolean> {
    try {
      await this.#table.client.send(
        new UpdateItemCommand({
          ...this.#key(id),
          UpdateExpression: expression,
          ConditionExpression: condition,
          ExpressionAttributeValues: values,
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  #key(id: TenderId) {
    return { TableName: this.#table.tableName, Key: { pk: { S: id }, sk: { S: SORT_KEY } } };
  }
}

/** The next multiple of the pause after so many failures; both times in milliseconds since 1970. */
export function nextTryAtMs(failures: number, nowMs: number): number {
  const pauseMs = MINUTE_MS * 2 ** Math.min(failures - 1, LONGEST_PAUSE_DOUBLINGS);
  return (Math.floor(nowMs / pauseMs) + 1) * pauseMs;
}

function number(value: number): { readonly N: string } {
  return { N: String(value) };
}
