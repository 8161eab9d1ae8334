/**
 * One auction of three parties over DynamoDB tables, with every request unit that the tables say was consumed, by
 * what it was for: what predictions of costs are held against.
 */

import { randomBytes } from 'node:crypto';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createCloseOrder } from '../../auction/close-order.ts';
import { createAuctionTable, DynamoDbStore } from '../../auction/party/dynamodb.ts';
import { generateThreePartyKeys } from '../../auction/party/in-process.ts';
import { partyRecordOf } from '../../auction/party/keys.ts';
import { AuctionParty } from '../../auction/party/service.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import type { Told } from '../../auction/party/telling-units.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import type { Signer } from '../../auction/signature.ts';
import { checkTender, createTender } from '../../auction/tender.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import { createTellingHandler } from '../../functions/clear-tender/tell-events.ts';
import { eventRecords } from '../../functions/event-records.ts';
import { type EventDestination, Events } from '../../functions/events.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { webhook } from '../../functions/webhook.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { createOutboxChannel, createOutboxTable } from '../../mpc/channels/outbox/dynamodb.ts';
import { type Clock, toEpochMs } from '../../mpc/clock.ts';
import { PARTIES } from '../../mpc/party.ts';
import type { ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { startReceiver } from '../functions/receiver.ts';
import { startLocalDynamodb } from './dynalite.ts';

export interface CountedRequest {
  readonly stage: 'publish' | 'bid' | 'close' | 'clear' | 'outcome' | 'tell';
  readonly table: 'state' | 'outbox';
  readonly command: string;
  readonly units: number;
  /** Whether a read found something; true for writes. */
  readonly found: boolean;
  /** Partition and sort key, with a space between. */
  readonly key: string;
}

export interface CountedAuction {
  readonly requests: readonly CountedRequest[];
  readonly rounds: number;
}

/** Time passes for waits and not for measurements: every run plans for the default link. */
const stillClock: Clock = { ...systemClock, now: () => toEpochMs(Date.parse('2027-01-01T00:00:00Z')) };

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

export async function runCountedAuction(shape: {
  readonly bids: number;
  readonly bits: number;
  readonly rule: 'first-price' | 'second-price';
  readonly protocol?: ThreePartyName;
  /** Whom each party tells, by the handler that does it on AWS. */
  readonly told?: Told;
}): Promise<CountedAuction> {
  const database = await startLocalDynamodb();
  const requests: CountedRequest[] = [];
  let stage: CountedRequest['stage'] = 'publish';
  const keys = await generateThreePartyKeys(random);
  const parties = [partyRecordOf(keys[0]), partyRecordOf(keys[1]), partyRecordOf(keys[2])] as const;
  const clients = PARTIES.map(() =>
    counting(database.endpoint, (request) => requests.push({ ...request, stage })),
  );
  const tables = PARTIES.map((party) => ({ client: clients[party]!, tableName: `outbox-${party}` }));
  await Promise.all(
    PARTIES.flatMap((party) => [
      createAuctionTable(database.client, `state-${party}`),
      createOutboxTable(database.client, `outbox-${party}`),
    ]),
  );
  const services = PARTIES.map((self) => {
    const outboxes = tables.map(({ tableName }) => ({ client: clients[self]!, tableName }));
    return new AuctionParty({
      keys: keys[self],
      peers: parties,
      store: new DynamoDbStore(clients[self]!, `state-${self}`),
      channel: createOutboxChannel({
        self,
        tables: [outboxes[0]!, outboxes[1]!, outboxes[2]!],
        clock: systemClock,
        expiresAfterSeconds: 3_600,
      }),
      clock: stillClock,
      random,
      ...(shape.protocol === undefined ? {} : { protocol: shape.protocol }),
    });
  });
  const auctioneer = random(32);
  const spec = parseTenderSpec({
    title: 'Road salt, 4,000 tonnes',
    direction: 'lowest',
    rule: shape.rule,
    currency: 'EUR',
    decimals: 2,
    ceiling: ceilingOf(shape.bits),
    tieBreak: 'earliest',
  });
  const tender = checkTender(createTender(spec, parties, auctioneer, random(16), nodeSignatures));
  const { id, terms } = tender;
  for (const party of services) {
    await party.publishTender(tender.signed);
    await party.tender(id);
  }
  stage = 'bid';
  for (let bid = 0; bid < shape.bids; bid++) {
    const sealed = await sealBid({
      terms,
      parties,
      lot: '1',
      bidder: `Example Bidder No. ${100 + bid} Limited`,
      bidderSecretKey: random(32),
      version: 1,
      amount: terms.ceiling - BigInt(bid),
      random,
      signatures: nodeSignatures,
    });
    for (const party of services) await party.submit(id, sealed);
  }
  stage = 'close';
  const order = createCloseOrder(id, auctioneer, nodeSignatures);
  for (const party of services) await party.close(id, order);
  stage = 'clear';
  const reports = await Promise.all(services.map((party) => party.clear(id)));
  stage = 'outcome';
  for (const party of services) await party.outcome(id);
  stage = 'tell';
  if (shape.told !== undefined) {
    const receiver = await startReceiver();
    for (const self of PARTIES) {
      const events = new Events({
        record: parties[self],
        records: eventRecords(clients[self]!, `state-${self}`),
        destinations: destinationsOf(shape.told, receiver.url, keys[self].signing),
        clock: stillClock,
      });
      const tell = createTellingHandler(async () => ({}), services[self]!, events);
      await tell({ tenderId: id }, invocationContext('clear-tender', 60_000));
      // As the sweep asks before it is done with the tender.
      if ((await events.standing(id)) !== 'settled') throw new Error('an event was not taken');
    }
    await receiver.close();
  }
  for (const client of clients) client.destroy();
  await database.close();
  return { requests, rounds: reports[0]!.statistics.rounds };
}

function destinationsOf({ bus, webhooks }: Told, url: string, signer: Signer): readonly EventDestination[] {
  const addresses = Array.from({ length: webhooks }, (_, position) => `${url}&receiver=${position}`);
  return [
    ...(bus ? [{ name: 'event bus', id: 'B'.repeat(43), tell: async () => 200 }] : []),
    ...addresses.map((address, position) => webhook(address, position, { signer, clock: stillClock })),
  ];
}

/** The greatest amount of that many bits of minor units. */
function ceilingOf(bits: number): string {
  const digits = String(2n ** BigInt(bits) - 1n).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function counting(endpoint: string, count: (request: Omit<CountedRequest, 'stage'>) => void): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as {
        TableName: string;
        Key?: Record<string, { S?: string }>;
        Item?: Record<string, { S?: string }>;
        ExpressionAttributeValues?: Record<string, { S?: string }>;
      };
      const command = (context['commandName'] as string).replace('Command', '');
      const table = input.TableName.startsWith('state') ? 'state' : 'outbox';
      const key = Object.values(input.Key ?? input.Item ?? input.ExpressionAttributeValues ?? {})
        .slice(0, 2)
        .map(({ S }) => S ?? '')
        .join(' ');
      const answer = await next({
        ...args,
        input: { ...input, ReturnConsumedCapacity: 'TOTAL' },
      } as typeof args).catch((error: unknown) => {
        // A refused write is paid for like one that succeeds; these items are below 1 KB.
        if (error instanceof ConditionalCheckFailedException)
          count({ table, command, units: 1, found: true, key });
        throw error;
      });
      const output = answer.output as {
        ConsumedCapacity?: { CapacityUnits?: number };
        Item?: unknown;
        Items?: unknown[];
      };
      const found = command === 'PutItem' || output.Item !== undefined || (output.Items ?? []).length > 0;
      // A query that finds nothing is billed as one that finds little.
      const units = Math.max(output.ConsumedCapacity?.CapacityUnits ?? 0, command === 'Query' ? 1 : 0);
      count({ table, command, units, found, key });
      return answer;
    },
    { step: 'initialize' },
  );
  return client;
}
