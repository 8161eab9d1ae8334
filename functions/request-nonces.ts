/**
 * Takes the nonce of a signed request, once: a second request with it is a replay, which could undo what was
 * written in between.
 *
 * An item for each nonce in the vault's state table, put on the condition that there is none. Its key is a hash of
 * vault, requester and nonce: nothing of what the request asks for goes into it, so who watches the table learns that a
 * request came and not what it is about. The nonce is taken before the vault is touched and never given back, so a
 * request that failed on the way is signed anew. Items carry a time to live far beyond the time for which a request is
 * good; one that DynamoDB keeps longer does no harm.
 */

import { createHash, randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { frame } from '../mpc/bytes.ts';
import { storeFailure, wasRepeatedByClient } from '../oram/stores/failures.ts';
import { FunctionError } from './errors.ts';
import type { VaultRequest } from './vault-request.ts';

/** Attribute that the table's time to live is set to; seconds since 1970. */
export const NONCE_EXPIRY_ATTRIBUTE = 'expiresAt';

/** A day: no clock of a party is off by that much and gets requests served. */
const KEPT_SECONDS = 86_400;

/** No vault item has a colon in its key. */
const PARTITION_PREFIX = 'request:';

export interface RequestNonces {
  /** @throws FunctionError VAULT_REQUEST_REPLAYED; OramError STORE_UNAVAILABLE, STORE_REFUSED */
  take(request: Pick<VaultRequest, 'vault' | 'requester' | 'nonce' | 'issuedAt'>): Promise<void>;
}

export function requestNonces(client: DynamoDBClient, tableName: string): RequestNonces {
  /** A batch of one: the function's role allows the vault's own calls and no other. */
  const takerOf = async (key: Record<string, AttributeValue>): Promise<string | undefined> => {
    const RequestItems = { [tableName]: { Keys: [key], ConsistentRead: true } };
    const { Responses = {} } = await client.send(new BatchGetItemCommand({ RequestItems }));
    return Object.values(Responses).flat()[0]?.['taker']?.S;
  };
  return {
    take: async ({ vault, requester, nonce, issuedAt }) => {
      const digest = createHash('sha256')
        .update(frame(vault, requester, nonce))
        .digest('base64url');
      const expiresAt = Math.ceil(issuedAt / 1000) + KEPT_SECONDS;
      const taker = randomUUID();
      const key = { pk: { S: `${PARTITION_PREFIX}${digest}` }, sk: { S: 'nonce' } };
      try {
        await client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: {
              ...key,
              taker: { S: taker },
              [NONCE_EXPIRY_ATTRIBUTE]: { N: String(expiresAt) },
            },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw storeFailure(error);
        // The client sends a put again whose answer was lost: then the nonce may be taken by this very call.
        if (wasRepeatedByClient(error) && (await takerOf(key).catch(rethrowStoreFailure)) === taker) return;
        throw new FunctionError(
          'VAULT_REQUEST_REPLAYED',
          'this request was received before; sign a new one with a fresh nonce',
        );
      }
    },
  };
}

function rethrowStoreFailure(error: unknown): never {
  throw storeFailure(error);
}
