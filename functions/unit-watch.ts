/**
 * How many request units DynamoDB says the requests of some clients consumed: each request asks for that to be in its
 * answer, at no cost. Requests that failed are not in it.
 */

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';

export interface RequestUnits {
  readonly readUnits: number;
  readonly writeUnits: number;
}

const answerSchema = z.object({ ConsumedCapacity: z.object({ CapacityUnits: z.number() }) });

const WRITES = new Set(['PutItemCommand', 'UpdateItemCommand', 'DeleteItemCommand']);

const ASKED = new Set([...WRITES, 'GetItemCommand', 'QueryCommand']);

export class UnitWatch {
  #readUnits = 0;
  #writeUnits = 0;

  /** Since it was made. */
  get units(): RequestUnits {
    return { readUnits: this.#readUnits, writeUnits: this.#writeUnits };
  }

  /** Watches every request of one item that the client sends; batches are the vaults', which count their own. */
  attach(client: DynamoDBClient): void {
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (request) => {
          if (!ASKED.has(commandName)) return await next(request);
          Object.assign(request.input, { ReturnConsumedCapacity: 'TOTAL' });
          const result = await next(request);
          const answer = z.safeParse(answerSchema, result.output);
          const units = answer.success ? answer.data.ConsumedCapacity.CapacityUnits : 0;
          if (WRITES.has(commandName)) this.#writeUnits += units;
          else this.#readUnits += units;
          return result;
        },
      { step: 'initialize', name: 'tacitUnitWatch' },
    );
  }
}

export function unitsSince(before: RequestUnits, now: RequestUnits): RequestUnits {
  return { readUnits: now.readUnits - before.readUnits, writeUnits: now.writeUnits - before.writeUnits };
}
