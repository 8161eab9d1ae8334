/**
 * What the party's engine found when it last looked at the three outboxes: one item of the party's state table, which
 * `watch-peers` writes and `party-status` shows.
 *
 * | pk       | sk   | other attributes | written                            |
 * | -------- | ---- | ---------------- | ---------------------------------- |
 * | outboxes | look | document         | at each look, in place of the last |
 *
 * Of two looks at the same time the later write stays, and says as much as the other. An item of another version is as
 * good as none: the next look replaces it.
 */

import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { type OutboxLook, outboxLookSchema } from '../auction/api-answers.ts';

const KEY = { pk: { S: 'outboxes' }, sk: { S: 'look' } } as const;

export interface OutboxLooks {
  /** Undefined before the first. */
  latest(): Promise<OutboxLook | undefined>;
  keep(look: OutboxLook): Promise<void>;
}

export function outboxLooks(client: DynamoDBClient, tableName: string): OutboxLooks {
  return {
    latest: async () => {
      const { Item: item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: KEY, ConsistentRead: true }),
      );
      const document = item?.['document']?.S;
      return document === undefined ? undefined : z.safeParse(outboxLookSchema, JSON.parse(document)).data;
    },
    keep: async (look) => {
      const Item = { ...KEY, document: { S: JSON.stringify(look) } };
      await client.send(new PutItemCommand({ TableName: tableName, Item }));
    },
  };
}
