/**
 * Which events there are and who was told: items beside a tender's others in the party's state table.
 *
 * | pk       | sk                       | other attributes       | written                                  |
 * | -------- | ------------------------ | ---------------------- | ---------------------------------------- |
 * | <tender> | event#<id>               | failures, notBeforeMs  | once; the two others after a failed run  |
 * | <tender> | event#<id>#<destination> |                        | once, after the destination took it      |
 *
 * Writes are conditional and stand alone, so a process may stop between any two. One query reads all of a tender.
 */

import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type PartyEvent, parsePartyEvent } from '../auction/party-event.ts';
import type { TenderId } from '../auction/tender.ts';

const PREFIX = 'event#';

export interface EventRecord {
  readonly event: PartyEvent;
  /** Ids of destinations that have it. */
  readonly told: ReadonlySet<string>;
  /** Runs in which some destination did not take it. */
  readonly failures: number;
  /** Milliseconds since 1970; 0 before the first failure. */
  readonly notBeforeMs: number;
}

export interface EventRecords {
  /** In the order in which they came about. */
  ofTender(tender: TenderId): Promise<readonly EventRecord[]>;
  /** Write-once by id. */
  put(event: PartyEvent): Promise<void>;
  markTold(event: PartyEvent, destination: string): Promise<void>;
  postpone(event: PartyEvent, failures: number, notBeforeMs: number): Promise<void>;
}

export function eventRecords(client: DynamoDBClient, tableName: string): EventRecords {
  const put = async (tender: string, sortKey: string, attributes: Record<string, { readonly S: string }>) => {
    await ignoringCondition(
      client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: { pk: { S: tender }, sk: { S: sortKey }, ...attributes },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
  };
  return {
    ofTender: async (tender) => {
      // At most some hundred items of a few KB: far from the megabyte at which a page ends.
      const { Items: items = [] } = await client.send(
        new QueryCommand({
          TableName: tableName,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': { S: tender }, ':prefix': { S: PREFIX } },
        }),
      );
      const sortKeys = items.map(({ sk }) => sk?.S ?? '');
      const records = items.flatMap((item, position) => {
        const document = item['document']?.S;
        if (document === undefined) return [];
        const own = `${sortKeys[position]}#`;
        return {
          event: parsePartyEvent(JSON.parse(document)),
          told: new Set(sortKeys.filter((key) => key.startsWith(own)).map((key) => key.slice(own.length))),
          failures: Number(item['failures']?.N ?? 0),
          notBeforeMs: Number(item['notBeforeMs']?.N ?? 0),
        };
      });
      return records.sort((left, right) => left.event.at - right.event.at);
    },
    put: (event) => put(event.tender, sortKeyOf(event), { document: { S: JSON.stringify(event) } }),
    markTold: (event, destination) => put(event.tender, `${sortKeyOf(event)}#${destination}`, {}),
    postpone: (event, failures, notBeforeMs) =>
      ignoringCondition(
        client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: { pk: { S: event.tender }, sk: { S: sortKeyOf(event) } },
            UpdateExpression: 'SET failures = :failures, notBeforeMs = :notBefore',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeValues: {
              ':failures': { N: String(failures) },
              ':notBefore': { N: String(notBeforeMs) },
            },
          }),
        ),
      ),
  };
}

function sortKeyOf({ id }: PartyEvent): string {
  return `${PREFIX}${id}`;
}

async function ignoringCondition(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
