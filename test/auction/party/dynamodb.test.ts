import { afterAll, beforeAll } from 'vitest';
import { createAuctionTable, DynamoDbStore } from '../../../auction/party/dynamodb.ts';
import { auctionStoreSuite } from '../../conformance/auction-store.suite.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../../support/dynalite.ts';

let local: LocalDynamodb;
let tables = 0;

beforeAll(async () => {
  local = await startLocalDynamodb();
});

afterAll(() => local.close());

auctionStoreSuite('DynamoDB', async () => {
  const table = `auction-${++tables}`;
  await createAuctionTable(local.client, table);
  return new DynamoDbStore(local.client, table);
});
