/** A party whose machine shows the wrong time, on a real table that shows the right one: it takes nothing in. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloseOrder } from '../../auction/close-order.ts';
import { createAuctionTable, DynamoDbStore } from '../../auction/party/dynamodb.ts';
import { generatePartyKeys, loadPartyKeys, partyRecordOf } from '../../auction/party/keys.ts';
import { AuctionParty } from '../../auction/party/service.ts';
import { type CheckedTender, checkTender, createTender } from '../../auction/tender.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import { ClockWatch } from '../../functions/clock-watch.ts';
import { problemOf } from '../../functions/problem-details.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { REFUSED_CLOCK_SKEW_MS, trustedClock } from '../../functions/trusted-clock.ts';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { bidFor, random } from './party-host.ts';

const TABLE = 'state';
const HOUR_MS = 3_600_000;

let dynamodb: LocalDynamodb;
let party: AuctionParty;
let tender: CheckedTender;
const auctioneer = random(32);
/** How far the machine's clock is ahead of everybody else's. */
let aheadMs = 0;

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
  await createAuctionTable(dynamodb.client, TABLE);
  const keys = await Promise.all(
    ([0, 1, 2] as const).map(async (index) => loadPartyKeys(await generatePartyKeys(index, random))),
  );
  const [first, second, third] = keys.map(partyRecordOf);
  const records = [first!, second!, third!] as const;
  const clockWatch = new ClockWatch();
  const machine = { ...systemClock, now: () => toEpochMs(Date.now() + aheadMs) };
  clockWatch.attach(dynamodb.client, machine.now);
  party = new AuctionParty({
    keys: keys[0]!,
    peers: records,
    store: new DynamoDbStore(dynamodb.client, TABLE),
    channel: createMemoryNetwork()[0],
    clock: trustedClock(machine, clockWatch),
    random,
  });
  const spec = parseTenderSpec({
    ...{ title: 'Road salt', direction: 'lowest', rule: 'first-price', currency: 'EUR', decimals: 2 },
    ...{ ceiling: '5000.00', tieBreak: 'earliest' },
  });
  tender = checkTender(createTender(spec, records, auctioneer, random(16)));
  await party.publishTender(tender.signed);
});

afterAll(() => dynamodb.close());

describe('a party whose clock is wrong', () => {
  test.each([
    ['ahead', HOUR_MS],
    ['behind', -HOUR_MS],
  ])('refuses bids and close orders while it is %s, and stores nothing', async (_where, aheadBy) => {
    const bid = await bidFor(tender, { bidder: `Saline ${aheadBy}` });
    const order = createCloseOrder(tender.id, auctioneer);
    aheadMs = aheadBy;
    const refused = { code: 'CLOCK_OFF', message: expect.stringMatching(/clock is 3[56]\d\d s off/) };
    await expect(party.submit(tender.id, bid)).rejects.toMatchObject(refused);
    await expect(party.close(tender.id, order)).rejects.toMatchObject(refused);
    aheadMs = 0;
    expect((await party.tender(tender.id)).state.phase).toBe('open');
    const receipt = await party.submit(tender.id, bid);
    expect(Math.abs(receipt.receivedAt - Date.now())).toBeLessThan(HOUR_MS / 2);
  });

  test('takes a tender with a deadline as soon as it is right, though nothing was read since', async () => {
    const timed = (await party.tender(tender.id)).signed.tender;
    const spec = { ...timed.spec, closesAt: '2099-01-01T00:00:00Z' };
    const { signed } = checkTender(createTender(spec, timed.parties, auctioneer, random(16)));
    aheadMs = HOUR_MS;
    await expect(party.submit(tender.id, await bidFor(tender))).rejects.toMatchObject({ code: 'CLOCK_OFF' });
    await expect(party.publishTender(signed)).rejects.toMatchObject({ code: 'CLOCK_OFF' });
    aheadMs = 0;
    await expect(party.publishTender(signed)).resolves.toHaveProperty('id');
  });

  test('tells the client that it is unavailable', async () => {
    aheadMs = HOUR_MS;
    const refused: unknown = await party.submit(tender.id, await bidFor(tender)).catch((error) => error);
    aheadMs = 0;
    expect(problemOf(refused, 'request')).toMatchObject({ status: 503, code: 'CLOCK_OFF' });
  });
});

describe('the trusted clock', () => {
  test('tells the time up to its bound, and pauses whatever it shows', async () => {
    const watch = { skewMs: REFUSED_CLOCK_SKEW_MS };
    const clock = trustedClock({ now: () => toEpochMs(5), sleep: async () => {} }, watch);
    expect(clock.now()).toBe(5);
    watch.skewMs += 1;
    expect(() => clock.now()).toThrow('CLOCK_OFF');
    await expect(clock.sleep(1)).resolves.toBeUndefined();
  });
});
