/**
 * A party's store in one DynamoDB table of its own account.
 *
 * Items have a partition key `pk` and a sort key `sk`; documents are compact JSON in the attribute `document`:
 *
 * | pk       | sk                               | other attributes    | written                       |
 * | -------- | -------------------------------- | ------------------- | ----------------------------- |
 * | tenders  | <tender id>                      |                     | once                          |
 * | <tender> | name#<bidder>                    | holder              | once                          |
 * | <tender> | submission#<lot>#<bidder>#<version> |                  | once                          |
 * | <tender> | state                            | revision            | when the revision is as read  |
 * | <tender> | coin, outcome, signature#<party> |                     | once                          |
 * | due      | <time>#<tender id>               | notedAtMs           | ever again, and deleted       |
 * | due      | !complete                        |                     | ever again                    |
 *
 * Tenders that wait stand under `due` until nothing is left to do about them: what reads it every minute pays for those
 * and for no other. (A sparse index would be read with delay and paid for twice; markers instead of deletions would be read
 * for ever.) The time is 16 decimal digits, so keys sort by it.
 *
 * Lots and bidders are base64url of their UTF-8 bytes, versions 16 decimal digits, so that keys sort by version
 * and no name can imitate a separator. Every write is a conditional put and stands alone: there are no
 * transactions, so a process may stop anywhere. Reads are strongly consistent. A tender's partition takes about
 * 1,000 write units a second, some 400 sealed bids.
 */

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { utf8 } from '../../mpc/bytes.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { PARTIES } from '../../mpc/party.ts';
import { toBase64url } from '../canonical.ts';
import type { SignedOutcome } from '../outcome.ts';
import { OPEN, parseTenderState, type TenderState } from '../state.ts';
import type { SignedTender, TenderId } from '../tender.ts';
import { behindDueKeysOf, type DueList, type DueTender, dueKey } from './due-list.ts';
import { JointReads } from './joint-reads.ts';
import { withSignatures } from './memory-store.ts';
import type {
  AuctionStore,
  NameClaim,
  PutResult,
  StoredOutcome,
  StoredState,
  StoredSubmission,
  TenderPage,
  TenderPageRequest,
} from './store.ts';

const TENDERS = 'tenders';

/** Partition of the tenders that wait; the one in which anything is ever deleted. */
export const DUE_PARTITION = 'due';

/** Sorts before every time. */
const COMPLETE = '!complete';

/** Number.MAX_SAFE_INTEGER has 16 decimal digits. */
const VERSION_DIGITS = 16;

/** Local tables are there at once; a fresh one in an account takes some seconds. */
const TABLE_WAIT_SECONDS = 60;

/** Names whose holders this process remembers, at some 200 bytes each; they never change. */
const MAX_REMEMBERED_NAMES = 10_000;

type Item = Record<string, AttributeValue>;

export class DynamoDbStore implements AuctionStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  /** By tender and bidder. */
  readonly #holders = new Map<string, string>();
  /** Every bid asks for the state of the tender, before its write and after it. */
  readonly #states = new JointReads((id: TenderId) => this.#readState(id));

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  putTender(id: TenderId, signed: SignedTender): Promise<PutResult> {
    return this.#putOnce(TENDERS, id, encode(signed));
  }

  async tender(id: TenderId): Promise<SignedTender | undefined> {
    return decode<SignedTender>(await this.#get(TENDERS, id));
  }

  async tenders(): Promise<readonly TenderId[]> {
    const signed = await this.#query(TENDERS, '');
    return signed.map((item) => textOf(item, 'sk') as TenderId);
  }

  /** A page is also cut where its tenders have 1 MB together, so it may hold fewer than `limit`. */
  async tenderPage({ limit, after }: TenderPageRequest): Promise<TenderPage> {
    const { Items: items = [], LastEvaluatedKey: last } = await this.#client.send(
      new QueryCommand({
        ...this.#condition(TENDERS, ''),
        ProjectionExpression: 'sk',
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: { pk: { S: TENDERS }, sk: { S: after } } }),
      }),
    );
    const tenders = items.map((item) => textOf(item, 'sk') as TenderId);
    return last === undefined ? { tenders } : { tenders, next: textOf(last, 'sk') as TenderId };
  }

  async nameHolder(id: TenderId, bidder: string): Promise<string | undefined> {
    const name = nameKey(bidder);
    const remembered = this.#holders.get(`${id}/${name}`);
    if (remembered !== undefined) return remembered;
    const item = await this.#get(id, name);
    return item === undefined ? undefined : this.#remember(id, name, textOf(item, 'holder'));
  }

  async claimName(id: TenderId, bidder: string, bidderKey: string): Promise<NameClaim> {
    const name = nameKey(bidder);
    const remembered = this.#holders.get(`${id}/${name}`);
    if (remembered !== undefined) return { holder: remembered, first: false };
    const put = await this.#putOnce(id, name, { holder: { S: bidderKey } });
    if (put === 'stored') return { holder: this.#remember(id, name, bidderKey), first: true };
    return { holder: (await this.nameHolder(id, bidder)) ?? bidderKey, first: false };
  }

  putSubmission(id: TenderId, stored: StoredSubmission): Promise<PutResult> {
    const { lot, bidder, version } = stored.submission;
    return this.#putOnce(id, submissionKey(lot, bidder, version), encode(stored));
  }

  async submission(
    id: TenderId,
    lot: string,
    bidder: string,
    version: number,
  ): Promise<StoredSubmission | undefined> {
    return decode<StoredSubmission>(await this.#get(id, submissionKey(lot, bidder, version)));
  }

  async latestSubmission(id: TenderId, lot: string, bidder: string): Promise<StoredSubmission | undefined> {
    const { Items: items } = await this.#client.send(
      new QueryCommand({
        ...this.#condition(id, `submission#${segment(lot)}#${segment(bidder)}#`),
        ScanIndexForward: false,
        Limit: 1,
      }),
    );
    return decode<StoredSubmission>(items?.[0]);
  }

  async submissions(id: TenderId): Promise<readonly StoredSubmission[]> {
    const items = await this.#query(id, 'submission#');
    return items.flatMap((item) => decode<StoredSubmission>(item) ?? []);
  }

  state(id: TenderId): Promise<StoredState> {
    return this.#states.read(id);
  }

  putState(id: TenderId, expectedRevision: number, state: TenderState): Promise<boolean> {
    const item = { ...encode(state), revision: { N: String(expectedRevision + 1) } };
    if (expectedRevision === 0) return this.#putOnce(id, 'state', item).then((put) => put === 'stored');
    return this.#put({
      Item: { pk: { S: id }, sk: { S: 'state' }, ...item },
      ConditionExpression: '#revision = :expected',
      ExpressionAttributeNames: { '#revision': 'revision' },
      ExpressionAttributeValues: { ':expected': { N: String(expectedRevision) } },
    });
  }

  async putCoin(id: TenderId, coin: string): Promise<string> {
    if ((await this.#putOnce(id, 'coin', encode(coin))) === 'stored') return coin;
    return decode<string>(await this.#get(id, 'coin')) ?? coin;
  }

  putOutcome(id: TenderId, stored: StoredOutcome): Promise<PutResult> {
    return this.#putOnce(id, 'outcome', encode(stored));
  }

  putOutcomeSignature(id: TenderId, signature: SignedOutcome['signatures'][number]): Promise<PutResult> {
    return this.#putOnce(id, `signature#${signature.party}`, encode(signature));
  }

  async outcome(id: TenderId): Promise<StoredOutcome | undefined> {
    const stored = decode<StoredOutcome>(await this.#get(id, 'outcome'));
    if (stored === undefined) return undefined;
    const known = new Set(stored.outcome.signatures.map(({ party }) => party));
    // Named one by one: who shows outcomes needs no right to query, which would show it sealed bids.
    const added = await Promise.all(
      PARTIES.filter((party) => !known.has(party)).map((party) => this.#get(id, `signature#${party}`)),
    );
    return withSignatures(
      stored,
      added.flatMap((item) => decode<SignedOutcome['signatures'][number]>(item) ?? []),
    );
  }

  async putDue(due: DueTender): Promise<void> {
    const notedAtMs = { N: String(due.notedAtMs) };
    await this.#put({ Item: { pk: { S: DUE_PARTITION }, sk: { S: dueKey(due) }, notedAtMs } });
  }

  async dueTenders(untilMs: number): Promise<DueList> {
    const items = await this.#queryAll({
      KeyConditionExpression: 'pk = :pk AND sk < :end',
      ExpressionAttributeValues: { ':pk': { S: DUE_PARTITION }, ':end': { S: behindDueKeysOf(untilMs) } },
    });
    return {
      tenders: items.filter((item) => textOf(item, 'sk') !== COMPLETE).map(readDue),
      completedFor: decode<string>(items.find((item) => textOf(item, 'sk') === COMPLETE)),
    };
  }

  async removeDue(due: DueTender): Promise<void> {
    await unlessConditionFails(
      this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: { pk: { S: DUE_PARTITION }, sk: { S: dueKey(due) } },
          ConditionExpression: 'notedAtMs = :noted',
          ExpressionAttributeValues: { ':noted': { N: String(due.notedAtMs) } },
        }),
      ),
    );
  }

  async completeDueList(completedFor: string): Promise<void> {
    await this.#put({ Item: { pk: { S: DUE_PARTITION }, sk: { S: COMPLETE }, ...encode(completedFor) } });
  }

  async #readState(id: TenderId): Promise<StoredState> {
    const item = await this.#get(id, 'state');
    const state = decode<unknown>(item);
    return state === undefined
      ? { state: OPEN, revision: 0 }
      : { state: parseTenderState(state), revision: Number(item?.['revision']?.N) };
  }

  #remember(id: TenderId, name: string, holder: string): string {
    const [oldest] = this.#holders.keys();
    if (oldest !== undefined && this.#holders.size >= MAX_REMEMBERED_NAMES) this.#holders.delete(oldest);
    this.#holders.set(`${id}/${name}`, holder);
    return holder;
  }

  /**
   * A retry of the same put after a lost answer finds 'exists'; callers then read what is there, so that an
   * ambiguous answer is never taken for a refusal.
   */
  async #putOnce(pk: string, sk: string, attributes: Item): Promise<PutResult> {
    const stored = await this.#put({
      Item: { pk: { S: pk }, sk: { S: sk }, ...attributes },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    return stored ? 'stored' : 'exists';
  }

  async #put(input: Omit<ConstructorParameters<typeof PutItemCommand>[0], 'TableName'>): Promise<boolean> {
    return await unlessConditionFails(
      this.#client.send(new PutItemCommand({ TableName: this.#table, ...input })),
    );
  }

  async #get(pk: string, sk: string): Promise<Item | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#table,
        Key: { pk: { S: pk }, sk: { S: sk } },
        ConsistentRead: true,
      }),
    );
    return item;
  }

  #query(pk: string, prefix: string): Promise<readonly Item[]> {
    return this.#queryAll(this.#condition(pk, prefix));
  }

  /** All pages; a page ends at 1 MB. */
  async #queryAll(condition: Omit<QueryCommandInput, 'TableName'>): Promise<readonly Item[]> {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const page: { Items?: Item[] | undefined; LastEvaluatedKey?: Item | undefined } =
        await this.#client.send(
          new QueryCommand({
            TableName: this.#table,
            ConsistentRead: true,
            ...condition,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
      items.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return items;
  }

  #condition(pk: string, prefix: string) {
    return {
      TableName: this.#table,
      ConsistentRead: true,
      KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ...(prefix === '' ? {} : { ':prefix': { S: prefix } }) },
    };
  }
}

/** Makes the table where it is not made by a deployment: on the local host and in tests. */
export async function createAuctionTable(client: DynamoDBClient, name: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  await waitUntilTableExists(
    { client, maxWaitTime: TABLE_WAIT_SECONDS, minDelay: 1, maxDelay: 1 },
    { TableName: name },
  );
}

/** @returns false where it fails */
async function unlessConditionFails(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function readDue(item: Item): DueTender {
  const [time = '', id = ''] = textOf(item, 'sk').split('#');
  const notedAtMs = toEpochMs(Number(item['notedAtMs']?.N));
  return { id: id as TenderId, dueAtMs: Number(time), notedAtMs };
}

function nameKey(bidder: string): string {
  return `name#${segment(bidder)}`;
}

function submissionKey(lot: string, bidder: string, version: number): string {
  return `submission#${segment(lot)}#${segment(bidder)}#${String(version).padStart(VERSION_DIGITS, '0')}`;
}

function segment(text: string): string {
  return toBase64url(utf8(text));
}

function textOf(item: Item, attribute: string): string {
  return item[attribute]?.S ?? '';
}

function encode(document: unknown): Item {
  return { document: { S: JSON.stringify(document) } };
}

/** Only this class writes these items, each put under the type it is read as. */
function decode<Document>(item: Item | undefined): Document | undefined {
  const text = item?.['document']?.S;
  return text === undefined ? undefined : (JSON.parse(text) as Document);
}
