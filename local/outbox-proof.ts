/**
 * The proof that a party posted in its outbox when a clearing was aborted, read by an operator with credentials of its
 * own: with those of the party's account, or of a peer's engine. Nothing read is believed; evidence is checked against
 * the tender.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PROOF_STEP, proofTopicOf } from '../auction/party/blame-exchange.ts';
import type { TenderId } from '../auction/tender.ts';
import { REQUEST_TIMEOUTS } from '../functions/request-timeouts.ts';
import { systemClock } from '../functions/system-clock.ts';
import { regionOf } from '../functions/table-region.ts';
import { createOutboxChannel } from '../mpc/channels/outbox/dynamodb.ts';
import type { PartyIndex } from '../mpc/party.ts';

export interface OutboxPlace {
  readonly party: PartyIndex;
  /** Name, or ARN of a table in another account or region. */
  readonly table: string;
  readonly region?: string | undefined;
  /** Of a stand-in; default DynamoDB's own. */
  readonly endpoint?: string | undefined;
  /** Of the AWS configuration files. */
  readonly profile?: string | undefined;
}

/**
 * Costs one read, and more for a proof of over 350 KB.
 * @returns the bytes of a JSON document, unchecked; undefined where none was posted
 * @throws MpcError CHANNEL_UNAVAILABLE, CHANNEL_REFUSED, CHANNEL_ITEM_MALFORMED; what the SDK says of credentials
 */
export async function readPostedProof(
  { party, table, endpoint, profile, ...place }: OutboxPlace,
  tender: TenderId,
): Promise<Uint8Array | undefined> {
  const region = regionOf(table) ?? place.region;
  const client = new DynamoDBClient({
    requestHandler: REQUEST_TIMEOUTS,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
  });
  const outbox = { client, tableName: table };
  const channel = createOutboxChannel({
    self: party,
    tables: [outbox, outbox, outbox],
    clock: systemClock,
  });
  try {
    return await channel.recall(proofTopicOf(tender), PROOF_STEP);
  } finally {
    client.destroy();
  }
}
