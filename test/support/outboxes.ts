/** The outbox channels of three parties over tables of one local DynamoDB. */

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../../functions/system-clock.ts';
import { createOutboxChannel, type OutboxChannel } from '../../mpc/channels/outbox/dynamodb.ts';
import { createOutboxTable } from '../../mpc/channels/outbox/table/dynamodb.ts';
import { forEachParty, type Three } from './world.ts';

/** @param prefix names the three tables; the same prefix gives the same outboxes */
export async function createTestOutboxes(
  client: DynamoDBClient,
  prefix = 'outbox',
): Promise<Three<OutboxChannel>> {
  const tables = forEachParty((party) => ({ client, tableName: `${prefix}-${party}` }));
  await Promise.all(tables.map(({ tableName }) => createOutboxTable(client, tableName)));
  return forEachParty((self) => createOutboxChannel({ self, tables, clock: systemClock }));
}
