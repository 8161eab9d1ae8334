/** Asks a table what each request consumed and adds it up: what the stores' own arithmetic is compared with. */

import type { ConsumedCapacity, DynamoDBClient } from '@aws-sdk/client-dynamodb';

export interface ReportedUnits {
  readUnits: number;
  writeUnits: number;
}

/** @returns sums that grow with every answer the client gets from now on */
export function reportUnits(client: DynamoDBClient): ReportedUnits {
  const sums: ReportedUnits = { readUnits: 0, writeUnits: 0 };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const asked = { ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } };
      const answer = await next(asked as typeof args);
      const { ConsumedCapacity: consumed = [] } = answer.output as {
        ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
      };
      const units = [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      if (context.commandName === 'BatchGetItemCommand') sums.readUnits += units;
      else sums.writeUnits += units;
      return answer;
    },
    { step: 'initialize' },
  );
  return sums;
}
