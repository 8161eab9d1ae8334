/**
 * Many tenders that are due together, at three parties whose accounts run fewer functions at a time than there are tenders,
 * and start them in orders of their own: all are cleared, each in one attempt, none twice.
 */

import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCloseOrder } from '../../auction/close-order.ts';
import type { ClearingReport } from '../../auction/party/clearing-run.ts';
import { createAuctionTable } from '../../auction/party/dynamodb.ts';
import type { AuctionParty } from '../../auction/party/service.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import { type CheckedTender, checkTender, createTender, type TenderId } from '../../auction/tender.ts';
import { createClearingInTurn } from '../../functions/clear-tender/clear-in-turn.ts';
import {
  createClearTenderHandler,
  createLeasedClearTenderHandler,
  type LeasedResult,
} from '../../functions/clear-tender/clear-tender.handler.ts';
import { ClearingLeases } from '../../functions/clearing-lease.ts';
import { ClearingSlots } from '../../functions/clearing-slots.ts';
import { toTenderId } from '../../functions/http-handler.ts';
import { createSweepTendersHandler } from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { type AuctionWorld, openWorld, random, specOf } from '../support/auction-world.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';

const TENDERS = 10;
const SLOTS = 2;
const AUCTIONEER = random(32);
const DEADLINE_MS = 60_000;
const LOOK_INTERVAL_MS = 50;

let local: LocalDynamodb;
let tables = 0;

beforeAll(async () => {
  local = await startLocalDynamodb();
});

afterAll(() => local.close());

/** Lambda as a party has it: so many invocations at a time, the others in a queue. */
class Account {
  readonly results: Promise<unknown>[] = [];
  readonly #limit: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  invoke(run: () => Promise<unknown>): void {
    const result = this.#run(run);
    result.catch(() => {});
    this.results.push(result);
  }

  async #run(run: () => Promise<unknown>): Promise<unknown> {
    if (this.#running >= this.#limit) await new Promise<void>((go) => this.#queue.push(go));
    this.#running += 1;
    try {
      return await run();
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }
}

class Operator {
  readonly account: Account;
  readonly computed: TenderId[] = [];
  readonly reports = new Map<TenderId, ClearingReport>();
  readonly clear: (event: unknown, context: Context) => Promise<unknown>;
  readonly sweep: () => Promise<unknown>;
  running = 0;
  mostAtOnce = 0;

  constructor(world: AuctionWorld, index: PartyIndex, party: AuctionParty, limit: number, tableName: string) {
    this.account = new Account(limit);
    const table = { client: local.client, tableName };
    const leases = new ClearingLeases(table, world.clock);
    const { clock } = world;
    const dueList = world.stores[index];
    const counted: Pick<AuctionParty, 'clear'> = {
      clear: async (id, options = {}) => {
        this.running += 1;
        this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
        try {
          const report = await party.clear(id, {
            ...options,
            onProgress: (progress) => {
              if (progress.stage === 'computing') this.computed.push(id);
              options.onProgress?.(progress);
            },
          });
          this.reports.set(id, report);
          return report;
        } finally {
          this.running -= 1;
        }
      },
    };
    this.clear = createClearingInTurn<LeasedResult>({
      ...{ party, dueList, leases, clock },
      slots: new ClearingSlots(table, clock, SLOTS),
      clear: createLeasedClearTenderHandler(createClearTenderHandler(counted), leases),
      telling: (clear) => clear,
      lookIntervalMs: LOOK_INTERVAL_MS,
      tenderOf: (event) => toTenderId((event as { tenderId: string }).tenderId),
    });
    const sweep = createSweepTendersHandler({
      ...{ party, dueList, leases, clock },
      starter: { start: async (id) => this.start(id) },
      clockWatch: { skewMs: 0 },
    });
    this.sweep = () => sweep({}, invocationContext('sweep-tenders', 55_000));
  }

  start(tenderId: string): void {
    this.account.invoke(() => this.clear({ tenderId }, invocationContext('clear-tender', 900_000)));
  }
}

async function publishedIn(world: AuctionWorld, spec: Record<string, unknown>, count = TENDERS) {
  const { records, parties } = world;
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const signed = createTender(specOf(spec), records, AUCTIONEER, random(16), nodeSignatures);
      const tender = checkTender(signed, nodeSignatures);
      for (const party of parties) await party.publishTender(signed);
      const bid = await sealBid({
        ...{ terms: tender.terms, parties: records, lot: '1', bidder: 'Ann', version: 1 },
        ...{ bidderSecretKey: random(32), amount: 5n, random, signatures: nodeSignatures },
      });
      for (const party of parties) await party.submit(tender.id, bid);
      return tender;
    }),
  );
}

async function operatorsIn(world: AuctionWorld, limits: readonly number[]): Promise<Operator[]> {
  return await Promise.all(
    PARTIES.map(async (index) => {
      const table = `state-${tables++}`;
      await createAuctionTable(local.client, table);
      return new Operator(world, index, world.parties[index], limits[index] ?? 1, table);
    }),
  );
}

/** Until nothing runs at any party. */
async function quiet(operators: readonly Operator[]): Promise<readonly PromiseSettledResult<unknown>[]> {
  for (;;) {
    const all = operators.flatMap(({ account }) => account.results);
    const ended = await Promise.allSettled(all);
    if (operators.flatMap(({ account }) => account.results).length === all.length) return ended;
  }
}

async function expectEachClearedOnce(
  world: AuctionWorld,
  operators: readonly Operator[],
  tenders: readonly CheckedTender[],
) {
  for (const { id } of tenders) {
    const outcomes = await Promise.all(world.parties.map((party) => party.outcome(id)));
    for (const outcome of outcomes) {
      expect(outcome).toEqual(outcomes[0]);
      expect(outcome.signatures).toHaveLength(3);
    }
    for (const { computed, reports } of operators) {
      expect(computed.filter((one) => one === id)).toEqual([id]);
      expect(reports.get(id)?.statistics.attempt).toBe(1);
    }
  }
}

const byId = (tenders: readonly CheckedTender[]) =>
  tenders.map(({ id }) => id).sort((left, right) => (left < right ? -1 : 1));

afterEach(() => vi.restoreAllMocks());

describe('tenders that close together', () => {
  let world: AuctionWorld;

  beforeEach(async () => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    world = await openWorld({ nowMs: 1_000 });
  });

  test.each([
    ['as many as a party clears at once', [SLOTS, SLOTS, SLOTS]],
    ['one at one of the parties', [SLOTS, 1, SLOTS + 3]],
  ] as const)('are all cleared where accounts run %s', async (_what, limits) => {
    const tenders = await publishedIn(world, { closesAt: new Date(DEADLINE_MS).toISOString() });
    world.clock.set(DEADLINE_MS);
    const operators = await operatorsIn(world, limits);
    const ids = byId(tenders);
    // The queue of each account in an order of its own, as if each party cleared others than its peers.
    const orders = [ids, ids.toReversed(), [...ids.slice(5), ...ids.slice(0, 5)]];
    for (const [index, order] of orders.entries()) for (const id of order) operators[index]!.start(id);
    for (const { status } of await quiet(operators)) expect(status).toBe('fulfilled');
    await expectEachClearedOnce(world, operators, tenders);
    for (const { mostAtOnce } of operators) expect(mostAtOnce).toBeLessThanOrEqual(SLOTS);
  });

  test('are all cleared by what one sweep of each party starts, and taken off the list by the next', async () => {
    const tenders = await publishedIn(world, { closesAt: new Date(DEADLINE_MS).toISOString() });
    world.clock.set(DEADLINE_MS);
    const operators = await operatorsIn(world, [SLOTS, SLOTS, SLOTS]);
    for (const { sweep } of operators) await sweep();
    await quiet(operators);
    await expectEachClearedOnce(world, operators, tenders);
    for (const { sweep } of operators) expect(await sweep()).toMatchObject({ started: [], paused: [] });
    for (const store of world.stores) expect((await store.dueTenders(Infinity)).tenders).toEqual([]);
  });

  test('are all cleared where orders reach the parties in opposite orders, each while others are under way', async () => {
    const tenders = await publishedIn(world, {});
    const operators = await operatorsIn(world, [SLOTS, SLOTS, SLOTS]);
    const ids = byId(tenders);
    const order = async (party: PartyIndex, id: TenderId) => {
      await world.parties[party].close(id, createCloseOrder(id, AUCTIONEER, nodeSignatures));
      operators[party]!.start(id);
    };
    // Both slots of the first party are taken by what its peers have not heard of, and theirs by what it has not.
    for (const id of ids.slice(-SLOTS)) await order(0, id);
    for (const id of ids.slice(0, -SLOTS)) {
      await order(1, id);
      await order(2, id);
    }
    const allWait = () => operators.every(({ running }) => running === SLOTS);
    await expect.poll(allWait, { timeout: 10_000 }).toBe(true);
    for (const id of ids.slice(0, -SLOTS)) await order(0, id);
    for (const id of ids.slice(-SLOTS)) {
      await order(1, id);
      await order(2, id);
    }
    for (const { status } of await quiet(operators)) expect(status).toBe('fulfilled');
    await expectEachClearedOnce(world, operators, tenders);
  });

  test('are cleared though one of them cannot be, which is left for later', async () => {
    const closesAt = new Date(DEADLINE_MS).toISOString();
    world.restartPatiently();
    const tenders = await publishedIn(world, { closesAt }, 4);
    const unknown = createTender(specOf({ closesAt }), world.records, AUCTIONEER, random(16), nodeSignatures);
    const { id: lonely } = checkTender(unknown, nodeSignatures);
    for (const party of [0, 1] as const) {
      world.parties[party] = world.start(party, { timeouts: { closingTimeoutMs: 1_000 } });
      await world.parties[party].publishTender(unknown);
    }
    world.clock.set(DEADLINE_MS);
    const operators = await operatorsIn(world, [SLOTS, SLOTS, SLOTS]);
    for (const { sweep } of operators) await sweep();
    await quiet(operators);
    await expectEachClearedOnce(world, operators, tenders);
    for (const party of [0, 1] as const) {
      expect(await operators[party]!.sweep()).toMatchObject({ started: [], paused: [lonely] });
    }
  });
});

describe('a run', () => {
  let world: AuctionWorld;

  beforeEach(async () => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    world = await openWorld({ nowMs: 1_000 });
  });

  test('of a tender that is not due says so, and one of a tender that is settled repeats its outcome', async () => {
    const [tender] = await publishedIn(world, {}, 1);
    const operators = await operatorsIn(world, [1, 1, 1]);
    const run = (id: TenderId) =>
      operators[0]!.clear({ tenderId: id }, invocationContext('clear-tender', 900_000));
    await expect(run(tender!.id)).rejects.toMatchObject({ code: 'CLOSE_BEFORE_DEADLINE' });
    await expect(run('A'.repeat(43) as TenderId)).rejects.toMatchObject({ code: 'TENDER_UNKNOWN' });
    for (const party of world.parties) {
      await party.close(tender!.id, createCloseOrder(tender!.id, AUCTIONEER, nodeSignatures));
    }
    for (const operator of operators) operator.start(tender!.id);
    await quiet(operators);
    expect(await run(tender!.id)).toMatchObject({ tenderId: tender!.id, signatures: 3 });
    await expectEachClearedOnce(world, operators, [tender!]);
  });

  test('that has little time left begins nothing that it may not end', async () => {
    const [tender] = await publishedIn(world, {}, 1);
    await world.parties[0].close(tender!.id, createCloseOrder(tender!.id, AUCTIONEER, nodeSignatures));
    const [operator] = await operatorsIn(world, [1, 1, 1]);
    const context = invocationContext('clear-tender', 299_000);
    expect(await operator!.clear({ tenderId: tender!.id }, context)).toEqual({ busy: true });
  });
});
