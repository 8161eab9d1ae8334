/**
 * The request units of a sweep, counted: for what is due, and for nothing that is settled or closes later. And those of a
 * run that takes a tender in its turn, beside those of the clearing.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SignedOutcome } from '../../auction/outcome.ts';
import { statisticsWithoutSession } from '../../auction/party/clearing.ts';
import { createAuctionTable, DynamoDbStore } from '../../auction/party/dynamodb.ts';
import { AuctionParty } from '../../auction/party/service.ts';
import { TURN_UNITS } from '../../auction/party/tender-cost.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import { createClearingInTurn } from '../../functions/clear-tender/clear-in-turn.ts';
import { ClearingLeases } from '../../functions/clearing-lease.ts';
import { ClearingSlots } from '../../functions/clearing-slots.ts';
import { createSweepTendersHandler } from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { UnitWatch, unitsSince } from '../../functions/unit-watch.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { type PartyHost, START, startPartyHost } from './party-host.ts';

const SETTLED = 40;
const TO_COME = 10;

/** What the made up clearing of this file writes: the outcome, two signatures, the state. */
const SETTLING_WRITES = 4;

let local: LocalDynamodb;
let host: PartyHost;
const clients: DynamoDBClient[] = [];

beforeAll(async () => {
  local = await startLocalDynamodb();
  host = await startPartyHost();
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await host.close();
  await local.close();
});

const clock = { ...systemClock, now: () => START };

/** A party with a table of its own whose units are counted; what runs has just started. */
async function partyOn(tableName: string) {
  await createAuctionTable(local.client, tableName);
  const watch = new UnitWatch();
  const client = new DynamoDBClient({
    endpoint: local.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  clients.push(client);
  watch.attach(client);
  const store = new DynamoDbStore(client, tableName);
  const started = () => {
    const party = new AuctionParty({ ...host.parameters, store });
    const leases = new ClearingLeases({ client, tableName }, clock);
    return { party, leases, dueList: store, clock };
  };
  const counted = async <Result>(run: () => Promise<Result>) => {
    const before = watch.units;
    const result = await run();
    return { result, ...unitsSince(before, watch.units) };
  };
  const sweep = async (timeoutMs = 30_000) => {
    let waitedMs = 0;
    const waiting = {
      now: () => toEpochMs(START + waitedMs),
      sleep: async (durationMs: number) => {
        waitedMs += durationMs;
      },
    };
    const names: string[] = [];
    const starter = { start: async (id: string) => void names.push(id) };
    const handler = createSweepTendersHandler({
      ...started(),
      ...{ starter, clock: waiting, clockWatch: { skewMs: 0 } },
    });
    const { readUnits, writeUnits } = await counted(() =>
      handler({}, invocationContext('sweep-tenders', timeoutMs)),
    );
    return { started: names, readUnits, writeUnits };
  };
  const publish = async (spec: Record<string, unknown>) => {
    const tender = host.tender(spec);
    await started().party.publishTender(tender.signed);
    return tender;
  };
  return { store, started, counted, sweep, publish, table: { client, tableName } };
}

test('a run reads and writes as much for its turn as the cost model says', async () => {
  const { store, started, counted, publish, table } = await partyOn('turns');
  const tender = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  const run = () => {
    const of = started();
    return createClearingInTurn<{ readonly signatures: number } | { readonly busy: true }>({
      ...of,
      slots: new ClearingSlots(table, clock),
      clear: async (_event, { awsRequestId }) => {
        const clear = async () => {
          await settle(store, tender);
          return { signatures: 3 };
        };
        return (await of.leases.hold(tender.id, awsRequestId, clear, () => 'settled')) ?? { busy: true };
      },
      telling: (clear) => clear,
      tenderOf: () => tender.id,
    })({}, invocationContext('clear-tender', 900_000));
  };
  // Slots are there since the first clearing of all.
  await new ClearingSlots(table, clock).hold('before', async () => {});
  const { result, readUnits, writeUnits } = await counted(run);
  expect(result).toEqual({ signatures: 3 });
  const own = { reads: readUnits, writes: writeUnits - SETTLING_WRITES };
  expect(own).toEqual(TURN_UNITS);
});

test('a sweep costs one unit, whatever is settled or to come, and some for each tender that is due', async () => {
  const { store, sweep, publish } = await partyOn('sweeps');

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
  // Of each of them: tender, state, outcome and two signatures; its item is taken off. The whole list is in one unit.
  const takingOff = await sweep();
  expect(takingOff).toEqual({ started: [], readUnits: 1 + SETTLED * 5, writeUnits: SETTLED });
  expect(await sweep()).toEqual({ started: [], readUnits: 1, writeUnits: 0 });

  const due = await publish({ closesAt: '2026-12-31T00:00:00Z' });
  // The list, the tender, its state and its lease.
  expect(await sweep()).toEqual({ started: [due.id], readUnits: 4, writeUnits: 0 });

  await settle(store, due);
  await sweep();
  const soon = await publish({ closesAt: new Date(START + 40_000).toISOString() });
  // The list, the tender, its state before the wait and after it, and the lease.
  expect(await sweep(90_000)).toEqual({ started: [soon.id], readUnits: 5, writeUnits: 0 });
}, 30_000);

async function settle(store: DynamoDbStore, { id, terms }: CheckedTender): Promise<void> {
  const signature = (party: 0 | 1 | 2) => ({ party, signature: 'made up' });
  const outcome = {
    statement: { kind: 'outcome', tender: id },
    signatures: [signature(0)],
  } as unknown as SignedOutcome;
  const closing = { rounds: 2 } as Parameters<typeof statisticsWithoutSession>[1];
  await store.putOutcome(id, {
    outcome,
    statistics: statisticsWithoutSession(terms, closing, 'verified'),
  });
  for (const peer of [1, 2] as const) await store.putOutcomeSignature(id, signature(peer));
  const closed = { closedAt: START, closingRoot: 'A'.repeat(43) };
  await store.putState(id, 0, { phase: 'cleared', ...closed, outcomeHash: 'A'.repeat(43) });
}
