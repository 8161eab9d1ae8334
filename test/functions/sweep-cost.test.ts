/** The request units of a sweep, counted: for what is due, and for nothing that is settled or closes later. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SignedOutcome } from '../../auction/outcome.ts';
import { statisticsWithoutSession } from '../../auction/party/clearing.ts';
import { createAuctionTable, DynamoDbStore } from '../../auction/party/dynamodb.ts';
import { AuctionParty } from '../../auction/party/service.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import { ClearingLeases } from '../../functions/clearing-lease.ts';
import { createSweepTendersHandler } from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { UnitWatch, unitsSince } from '../../functions/unit-watch.ts';
import { invocationContext } from '../../local/event-adapter.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { type PartyHost, START, startPartyHost } from './party-host.ts';

const SETTLED = 40;
const TO_COME = 10;

let local: LocalDynamodb;
let host: PartyHost;

beforeAll(async () => {
  local = await startLocalDynamodb();
  host = await startPartyHost();
});

afterAll(async () => {
  await host.close();
  await local.close();
});

test('a sweep costs one unit, whatever is settled or to come, and some for each tender that is due', async () => {
  await createAuctionTable(local.client, 'state');
  const watch = new UnitWatch();
  const client = new DynamoDBClient({
    endpoint: local.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  watch.attach(client);
  const store = new DynamoDbStore(client, 'state');
  const clock = { now: () => START, sleep: () => new Promise<void>(() => {}) };
  /** As in an environment that has just started. */
  const sweep = async () => {
    const { parameters } = host;
    const party = new AuctionParty({ ...parameters, store });
    const leases = new ClearingLeases({ client, tableName: 'state' }, clock);
    const started: string[] = [];
    const starter = { start: async (id: string) => void started.push(id) };
    const before = watch.units;
    await createSweepTendersHandler({
      ...{ party, dueList: store, starter, leases, clock },
      clockWatch: { skewMs: 0 },
    })({}, invocationContext('sweep-tenders', 30_000));
    return { started, ...unitsSince(before, watch.units) };
  };
  const publish = async (spec: Record<string, unknown>) => {
    const tender = host.tender(spec);
    await new AuctionParty({ ...host.parameters, store }).publishTender(tender.signed);
    return tender;
  };

  // The first sweep of a table looks at what is kept and says so; every other finds that. (Queries that find nothing are
  // billed as one unit, which dynalite does not count.)
  expect(await sweep()).toEqual({ started: [], readUnits: 1, writeUnits: 1 });
  expect(await sweep()).toEqual({ started: [], readUnits: 1, writeUnits: 0 });

  for (let count = 0; count < TO_COME; count++) await publish({ closesAt: '2027-06-01T00:00:00Z' });
  const settled: CheckedTender[] = [];
  for (let count = 0; count < SETTLED; count++) {
    const tender = await publish({ closesAt: '2026-12-31T00:00:00Z' });
    await settle(store, tender);
    settled.push(tender);
  }
  // Of each of them: tender, state, outcome; its item is taken off. The list itself has more than one unit.
  const takingOff = await sweep();
  expect(takingOff).toEqual({ started: [], readUnits: 1 + SETTLED * 3, writeUnits: SETTLED });
  expect(await sweep()).toEqual({ started: [], readUnits: 1, writeUnits: 0 });

  const due = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  // The list, the tender, its state and its lease.
  expect(await sweep()).toEqual({ started: [due.id], readUnits: 4, writeUnits: 0 });
  client.destroy();
}, 30_000);

async function settle(store: DynamoDbStore, { id, terms }: CheckedTender): Promise<void> {
  const signature = (party: 0 | 1 | 2) => ({ party, signature: 'made up' });
  const outcome = {
    statement: { kind: 'outcome', tender: id },
    signatures: [signature(0), signature(1), signature(2)],
  } as unknown as SignedOutcome;
  const closing = { rounds: 2 } as Parameters<typeof statisticsWithoutSession>[1];
  await store.putOutcome(id, {
    outcome,
    statistics: statisticsWithoutSession(terms, closing, 'verified'),
  });
  const closed = { closedAt: START, closingRoot: 'A'.repeat(43) };
  await store.putState(id, 0, { phase: 'cleared', ...closed, outcomeHash: 'A'.repeat(43) });
}
