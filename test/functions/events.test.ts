/** Events on real tables and to real receivers: once recorded, told at least once, whatever stops in between. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AuctionError } from '../../auction/errors.ts';
import { createAuctionTable } from '../../auction/party/dynamodb.ts';
import { MemoryStore } from '../../auction/party/memory-store.ts';
import type { PartyEvent } from '../../auction/party-event.ts';
import { clearedEvent } from '../../auction/party-event.ts';
import type { TenderId } from '../../auction/tender.ts';
import { createTellingHandler } from '../../functions/clear-tender/tell-events.ts';
import { FunctionError } from '../../functions/errors.ts';
import { type EventRecords, eventRecords } from '../../functions/event-records.ts';
import {
  EVENT_LIFETIME_MS,
  Events,
  type EventsParameters,
  OVERDUE_AFTER_MS,
} from '../../functions/events.ts';
import { silentMeter } from '../../functions/meter.ts';
import {
  createSweepTendersHandler,
  type SweepParameters,
} from '../../functions/sweep-tenders/sweep-tenders.handler.ts';
import { isWebhookUrl, webhook } from '../../functions/webhook.ts';
import { type DynamodbServer, startDynamodbServer } from '../../local/dynamodb-server.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { MpcError } from '../../mpc/errors.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { clearedAuction, LOSING_AMOUNT, type ToldAuction } from './told-auction.ts';

const TABLE = 'state';
const MINUTE_MS = 60_000;

let server: DynamodbServer;
let client: DynamoDBClient;
let auction: ToldAuction;
let records: EventRecords;
let receiver: Receiver;
let now = toEpochMs(Date.now());
let tenders = 0;
/** The outcome is one tender's; what is told of it here goes under a new name in each test. */
let id: TenderId;

const clock = { now: () => now, sleep: async () => {} };

beforeAll(async () => {
  auction = await clearedAuction();
  server = await startDynamodbServer({
    port: 0,
    ownerAccessKey: 'owner',
    peerAccessKeys: [],
    outboxTable: '-',
  });
  const credentials = { accessKeyId: 'owner', secretAccessKey: 'local' };
  client = new DynamoDBClient({ endpoint: server.endpoint, region: 'local', credentials });
  await createAuctionTable(client, TABLE);
  records = eventRecords(client, TABLE);
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

beforeEach(async () => {
  receiver = await startReceiver();
  now = toEpochMs(Date.now());
  id = `${auction.tender.id.slice(0, 40)}${String(tenders++).padStart(2, '0')}A` as TenderId;
});

afterEach(() => receiver.close());

function eventsTo(receivers: readonly Pick<Receiver, 'url'>[], changes: Partial<EventsParameters> = {}) {
  return new Events({
    ...{ record: auction.record, records, clock },
    destinations: receivers.map(({ url }, position) =>
      webhook(url, position, { signer: auction.keys.signing, clock }),
    ),
    pausesMs: [1, 1],
    ...changes,
  });
}

const party = { outcome: async () => auction.outcome };
const unending = () => new AbortController().signal;

async function tellOfOutcome(events: Events): Promise<void> {
  await events.cleared(id, party.outcome);
  await events.deliver(id, unending());
}

const seen = (one: Receiver): readonly PartyEvent[] => one.events([auction.record.signingKey], now);

describe('an outcome', () => {
  test('is told once to each receiver, however often the clearing is started again', async () => {
    const second = await startReceiver();
    for (let run = 0; run < 3; run++) await tellOfOutcome(eventsTo([receiver, second]));
    expect(seen(receiver)).toMatchObject([{ kind: 'tender.cleared', tender: id }]);
    expect(seen(second)).toEqual(seen(receiver));
    expect(await eventsTo([receiver, second]).standing(id)).toBe('settled');
    await second.close();
  });

  test('is told by the next process where one died before it was recorded', async () => {
    expect(await eventsTo([receiver]).standing(id)).toBe('due');
    await tellOfOutcome(eventsTo([receiver]));
    expect(seen(receiver)).toHaveLength(1);
  });

  test('is told where the process died between the record and the telling', async () => {
    await eventsTo([receiver]).cleared(id, party.outcome);
    expect(await eventsTo([receiver]).standing(id)).toBe('due');
    await eventsTo([receiver]).deliver(id, unending());
    expect(seen(receiver)).toHaveLength(1);
  });

  test('is told twice under one id where the process died between the telling and the record of it', async () => {
    const dying: EventRecords = {
      ...records,
      markTold: () => Promise.reject(new Error('the process is gone')),
    };
    await tellOfOutcome(eventsTo([receiver], { records: dying }));
    expect(await eventsTo([receiver]).standing(id)).toBe('due');
    await tellOfOutcome(eventsTo([receiver]));
    const ids = seen(receiver).map((event) => event.id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  test('has one record where two processes write it at the same time', async () => {
    await Promise.all(Array.from({ length: 5 }, () => eventsTo([receiver]).cleared(id, party.outcome)));
    expect(await records.ofTender(id)).toHaveLength(1);
  });

  test('has the same id with fewer signatures, and another at another party', async () => {
    const source = { record: auction.record, tender: id, at: now };
    const fewer = { ...auction.outcome, signatures: auction.outcome.signatures.slice(0, 1) };
    const full = clearedEvent(source, auction.outcome);
    expect(clearedEvent({ ...source, at: toEpochMs(now + 1) }, fewer).id).toBe(full.id);
    const { signingKey } = auction.tender.signed.tender.parties[1];
    expect(clearedEvent({ ...source, record: { index: 1, signingKey } }, auction.outcome).id).not.toBe(
      full.id,
    );
  });
});

describe('a receiver', () => {
  test('that fails is asked three times, and again at growing intervals until it takes the event', async () => {
    receiver.answer = 500;
    await tellOfOutcome(eventsTo([receiver]));
    expect(receiver.received).toHaveLength(3);
    expect(await eventsTo([receiver]).standing(id)).toBe('waiting');
    await tellOfOutcome(eventsTo([receiver]));
    expect(receiver.received).toHaveLength(3);

    now = toEpochMs(now + MINUTE_MS);
    expect(await eventsTo([receiver]).standing(id)).toBe('due');
    await tellOfOutcome(eventsTo([receiver]));
    expect(receiver.received).toHaveLength(6);
    // The second pause is one of two minutes.
    const [{ notBeforeMs = 0, failures = 0 } = {}] = await records.ofTender(id);
    expect([failures, notBeforeMs % (2 * MINUTE_MS)]).toEqual([2, 0]);

    now = toEpochMs(notBeforeMs);
    receiver.answer = 200;
    await tellOfOutcome(eventsTo([receiver]));
    expect(receiver.received).toHaveLength(7);
    expect(await eventsTo([receiver]).standing(id)).toBe('settled');
  });

  test('that is down gets the event once it is up', async () => {
    const { url, port } = receiver;
    await receiver.close();
    await tellOfOutcome(eventsTo([{ url }]));
    now = toEpochMs(now + MINUTE_MS);
    receiver = await startReceiver(port);
    await tellOfOutcome(eventsTo([receiver]));
    expect(seen(receiver)).toHaveLength(1);
  });

  test('that never answers holds up no other, and costs no more than its tries', async () => {
    const silent = await startReceiver();
    silent.answer = 'never';
    // Long enough for the other receiver on a busy machine.
    await tellOfOutcome(eventsTo([silent, receiver], { tryLimitMs: 500 }));
    expect(seen(receiver)).toHaveLength(1);
    const tries = silent.received.length;
    expect(tries).toBeLessThanOrEqual(3);
    now = toEpochMs(now + MINUTE_MS);
    silent.answer = 202;
    await tellOfOutcome(eventsTo([silent, receiver]));
    expect(silent.received).toHaveLength(tries + 1);
    expect(receiver.received).toHaveLength(1);
    await silent.close();
  });

  test('that refuses one event gets the others', async () => {
    const picky = {
      name: 'picky',
      id: 'picky',
      tell: async ({ kind }: PartyEvent) => (kind === 'tender.aborted' ? 400 : 200),
    };
    const events = eventsTo([], { destinations: [picky] });
    await events.aborted(id, { code: 'CHECK_FAILED', blamed: [] });
    await tellOfOutcome(events);
    const told = (await records.ofTender(id)).filter((one) => one.told.has('picky'));
    expect(told.map(({ event }) => event.kind)).toEqual(['tender.cleared']);
  });

  test('that stays away for three days is given up', async () => {
    receiver.answer = 503;
    await tellOfOutcome(eventsTo([receiver]));
    now = toEpochMs(now + EVENT_LIFETIME_MS);
    expect(await eventsTo([receiver]).standing(id)).toBe('settled');
    await tellOfOutcome(eventsTo([receiver]));
    expect(receiver.received).toHaveLength(3);
  });

  test('that is added later is told what is not older than that', async () => {
    await tellOfOutcome(eventsTo([receiver]));
    const added = await startReceiver();
    expect(await eventsTo([receiver, added]).standing(id)).toBe('due');
    await tellOfOutcome(eventsTo([receiver, added]));
    expect([receiver.received.length, added.received.length]).toEqual([1, 1]);
    await added.close();
  });
});

describe('an abort', () => {
  const aborted = new MpcError('CHECK_FAILED', 'a check failed', { party: 1 });

  const run = (clear: () => Promise<object>, events = eventsTo([receiver])) =>
    createTellingHandler(clear, party, events)({ tenderId: id }, invocationContext('clear-tender', 60_000));

  test('is told, and the invocation ends with its error as before', async () => {
    await expect(run(() => Promise.reject(aborted))).rejects.toBe(aborted);
    expect(seen(receiver)).toMatchObject([
      { kind: 'tender.aborted', code: 'CHECK_FAILED', blamed: [], tender: id },
    ]);
  });

  test('that repeats is one event, and one of another code another', async () => {
    for (let tries = 0; tries < 4; tries++) {
      await run(() => Promise.reject(aborted)).catch(() => {});
      await run(() => Promise.reject(new AuctionError('COIN_MISMATCH', 'a coin'))).catch(() => {});
    }
    await run(async () => ({}));
    expect(
      seen(receiver).map((event) => (event.kind === 'tender.aborted' ? event.code : event.kind)),
    ).toEqual(['CHECK_FAILED', 'COIN_MISMATCH', 'tender.cleared']);
  });

  test.each([
    new AuctionError('CLEARING_BUSY', 'another run'),
    new MpcError('ATTEMPT_SUPERSEDED', 'another attempt'),
    new FunctionError('REQUEST_TIMED_OUT', 'too long'),
    new Error('a bug'),
  ])('is none: %s', async (error) => {
    await expect(run(() => Promise.reject(error))).rejects.toBe(error);
    expect(receiver.received).toEqual([]);
  });

  test('nothing is told of a run that found another one going', async () => {
    expect(await run(async () => ({ busy: true }))).toEqual({ busy: true });
    expect(await records.ofTender(id)).toEqual([]);
  });

  test('a table that does not answer changes nothing about how a clearing ends', async () => {
    const broken: EventRecords = { ...records, ofTender: () => Promise.reject(new Error('no table')) };
    expect(await run(async () => ({ done: 1 }), eventsTo([receiver], { records: broken }))).toEqual({
      done: 1,
    });
    const failed = run(() => Promise.reject(aborted), eventsTo([receiver], { records: broken }));
    await expect(failed).rejects.toBe(aborted);
  });
});

describe('a sweep', () => {
  type Phase = 'cleared' | 'closing';

  /** What a sweep of this tender counts as overdue, with what it starts done before the next. */
  function sweeping(phase: Phase, receivers: readonly Pick<Receiver, 'url'>[] = [receiver]) {
    const events = eventsTo(receivers);
    const dueList = new MemoryStore();
    let overdue = 0;
    const meter = {
      ...silentMeter,
      count: (name: string, value: number) => {
        if (name === 'EventsOverdue') overdue += value;
      },
    };
    const state =
      phase === 'cleared'
        ? { phase, closedAt: now, closingRoot: '', outcomeHash: '' }
        : { phase, closedAt: now };
    const sweptParty: SweepParameters['party'] = {
      tenders: async () => [id],
      tender: async () => ({ signed: auction.tender.signed, state }),
      signatures: async () => 3,
    };
    const sweep = createSweepTendersHandler({
      ...{ party: sweptParty, dueList, clock, events, meter },
      starter: { start: () => events.deliver(id, unending()) },
      leases: { isPaused: async () => false },
      clockWatch: { skewMs: 0 },
    });
    return async (): Promise<number> => {
      overdue = 0;
      await sweep({}, invocationContext('sweep-tenders', 30_000));
      return overdue;
    };
  }

  /** Every minute for a while: what each sweep counted. */
  async function swept(sweep: () => Promise<number>, minutes: number): Promise<readonly number[]> {
    const counted: number[] = [];
    for (let minute = 0; minute < minutes; minute++) {
      now = toEpochMs(now + MINUTE_MS);
      counted.push(await sweep());
    }
    return counted;
  }

  test('counts an event that a receiver has not taken for an hour, until it takes it', async () => {
    receiver.answer = 500;
    await tellOfOutcome(eventsTo([receiver]));
    const sweep = sweeping('cleared');
    const minutes = OVERDUE_AFTER_MS / MINUTE_MS;
    expect(new Set(await swept(sweep, minutes - 1))).toEqual(new Set([0]));
    const tries = receiver.received.length / 3;
    expect(tries).toBeGreaterThanOrEqual(6);
    // Most sweeps do not try again, and each counts.
    expect(new Set(await swept(sweep, 20))).toEqual(new Set([1]));
    receiver.answer = 200;
    const triedInVain = receiver.received.length;
    await swept(sweep, 70);
    expect(receiver.received).toHaveLength(triedInVain + 1);
    expect(await sweep()).toBe(0);
  });

  test('counts one of an abort, though the tender is not cleared', async () => {
    receiver.answer = 500;
    const events = eventsTo([receiver]);
    await events.aborted(id, { code: 'CHECK_FAILED', blamed: [] });
    await events.deliver(id, unending());
    const sweep = sweeping('closing');
    expect(await sweep()).toBe(0);
    now = toEpochMs(now + OVERDUE_AFTER_MS);
    expect(await sweep()).toBe(1);
  });

  test('does not count what was given up after three days, nor what a new receiver was not told yet', async () => {
    receiver.answer = 500;
    await tellOfOutcome(eventsTo([receiver]));
    now = toEpochMs(now + EVENT_LIFETIME_MS);
    expect(await sweeping('cleared')()).toBe(0);

    id = `${id.slice(0, 40)}new` as TenderId;
    receiver.answer = 200;
    await tellOfOutcome(eventsTo([receiver]));
    now = toEpochMs(now + OVERDUE_AFTER_MS);
    const added = await startReceiver();
    expect(await sweeping('cleared', [receiver, added])()).toBe(0);
    expect(seen(added)).toHaveLength(1);
    await added.close();
  });
});

describe('an event', () => {
  test('has no secret and no losing bid in it', async () => {
    await tellOfOutcome(eventsTo([receiver]));
    const [{ body, headers } = { body: new Uint8Array(), headers: {} }] = receiver.received;
    const text = `${new TextDecoder().decode(body)} ${JSON.stringify(headers)}`;
    expect(text).toContain('1234.56');
    for (const hidden of [String(LOSING_AMOUNT), '9876.54', 'Brine', 'secretKey', 'share']) {
      expect(text).not.toContain(hidden);
    }
    expect(Object.keys(JSON.parse(new TextDecoder().decode(body))).sort()).toEqual(
      ['at', 'id', 'kind', 'outcome', 'party', 'protocol', 'signingKey', 'tender'].sort(),
    );
  });

  test("leaves no address in the party's log", async () => {
    const lines: string[] = [];
    const writes = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }));
    for (const { stream } of writes)
      stream.write = (line: string | Uint8Array) => lines.push(String(line)) > 0;
    try {
      await tellOfOutcome(eventsTo([receiver, { url: 'http://127.0.0.1:1/secret-path' }]));
    } finally {
      for (const { stream, write } of writes) stream.write = write;
    }
    const log = lines.join('');
    expect(log).toContain('"destination":"webhook 1"');
    for (const hidden of ['quarry', 'secret-path', '127.0.0.1']) expect(log).not.toContain(hidden);
  });
});

test.each([
  ['https://hooks.example/tacit?token=1', true],
  ['http://127.0.0.1:8080/', true],
  ['http://localhost/', true],
  ['http://[::1]:9/', true],
  ['http://hooks.example/', false],
  ['http://169.254.169.254/latest/meta-data', false],
  ['http://127.0.0.1.evil.example/', false],
  ['https://user:pass@hooks.example/', false],
  ['https://hooks.example/#part', false],
  ['ftp://hooks.example/', false],
  ['file:///etc/passwd', false],
  ['hooks.example', false],
])('an operator may configure %s: %s', (url, allowed) => {
  expect(isWebhookUrl(url)).toBe(allowed);
});
