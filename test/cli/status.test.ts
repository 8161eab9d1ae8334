/** `tacit status` against real handlers of parties in this process. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloseOrder } from '../../auction/close-order.ts';
import { LOOK_OVERDUE_AFTER_MS, OVERDUE_AFTER_MS, statusOf } from '../../cli/party-status.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { type ExampleParty, runExampleExchange } from '../docs/example-exchange.ts';
import { type PartyHost, START, startPartyHost } from '../functions/party-host.ts';
import { tacit } from './run.ts';

/** How long the party gives one answer of its table. */
const KEPT_MS = 5_000;

let own: PartyHost;
let peer: PartyHost;

beforeAll(async () => {
  [own, peer] = await Promise.all([startPartyHost(), startPartyHost()]);
});

afterAll(() => Promise.all([own.close(), peer.close()]));

const request = (peers: readonly string[] = []) => ({
  url: own.url,
  peers,
  maxTenders: 50,
  maxOutcomes: 5,
  // Standing still like those of the parties: what they differ by is not how long a request took.
  now: () => START,
});

describe('the status of a party', () => {
  test('is healthy where tables answer and nothing is due', async () => {
    own.moveClock(START);
    const report = await statusOf(request());
    expect(report).toMatchObject({
      index: 0,
      stateAnswers: true,
      due: [],
      outcomes: [],
      problems: [],
    });
  });

  test('names the outboxes that did not answer its engine, and an engine that looks no more', async () => {
    own.moveClock(START);
    const answering = { answeredAt: START, failures: 0 };
    const refusing = { answeredAt: START - 60_000, failures: 2, code: 'CHANNEL_REFUSED' };
    await own.looks.keep({ lookedAt: START, parties: [answering, refusing, answering] });
    own.moveClock(toEpochMs(START + KEPT_MS));
    const refused = await statusOf(request());
    expect(refused.outboxes?.parties[1]).toEqual(refusing);
    expect(refused.problems).toEqual(['the outbox of party 1 does not answer it (CHANNEL_REFUSED)']);

    await own.looks.keep({ lookedAt: START, parties: [answering, answering, answering] });
    own.moveClock(toEpochMs(START + LOOK_OVERDUE_AFTER_MS));
    expect((await statusOf(request())).problems).toEqual([]);
    own.moveClock(toEpochMs(START + LOOK_OVERDUE_AFTER_MS + KEPT_MS));
    expect((await statusOf(request())).problems).toEqual([
      'its engine has not looked at the outboxes since 2027-01-01T00:00:00.000Z',
    ]);
    await own.looks.keep({ lookedAt: START + 3_600_000, parties: [answering, answering, answering] });
  });

  test('compares clocks, and names a peer whose clock is seconds off, or that does not answer', async () => {
    own.moveClock(START);
    peer.moveClock(START);
    const together = await statusOf(request([peer.url, 'http://127.0.0.1:9']));
    const [, near, silent] = together.clocks;
    expect(Math.abs(near!.aheadMs!)).toBeLessThan(2_000);
    expect(silent).toEqual({
      url: 'http://127.0.0.1:9',
      index: undefined,
      aheadMs: undefined,
      uncertaintyMs: undefined,
    });
    expect(together.problems).toEqual([]);
    for (const offMs of [3_600_000, -3_600_000]) {
      peer.moveClock(toEpochMs(START + offMs));
      const { clocks, problems } = await statusOf(request([peer.url]));
      expect(Math.abs(clocks[1]!.aheadMs! - offMs)).toBeLessThan(10_000);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain('the clock of party 0 is');
    }
  });

  test('tells tenders that are open from those that are due, and when they are overdue', async () => {
    own.moveClock(START);
    const open = own.tender();
    const timed = own.tender({ closesAt: new Date(START + 60_000).toISOString() });
    const closed = own.tender();
    for (const { signed } of [open, timed, closed]) await own.party.publishTender(signed);
    await own.party.close(closed.id, createCloseOrder(closed.id, own.auctioneer));
    const idsOf = (tenders: readonly { id: string }[]) => tenders.map(({ id }) => id).sort();

    const early = await statusOf(request());
    expect(idsOf(early.open)).toEqual(idsOf([open, timed]));
    expect(idsOf(early.due)).toEqual([closed.id]);
    expect(early.problems).toEqual([]);

    own.moveClock(toEpochMs(START + 60_000 + OVERDUE_AFTER_MS + 1));
    const late = await statusOf(request());
    expect(idsOf(late.open)).toEqual([open.id]);
    expect(idsOf(late.due)).toEqual(idsOf([timed, closed]));
    expect([...late.problems].sort()).toEqual(
      [`tender ${closed.id} is closing and overdue`, `tender ${timed.id} is open and overdue`].sort(),
    );

    const bounded = await statusOf({ ...request(), maxTenders: 2 });
    expect([bounded.open.length + bounded.due.length, bounded.more]).toEqual([2, true]);
  });
});

describe('tacit status', () => {
  test('ends with 1 and the reasons where something is wrong', async () => {
    own.moveClock(START);
    peer.moveClock(toEpochMs(START + 3_600_000));
    const { code, stdout, stderr } = await tacit('status', '--url', own.url, '--peer', peer.url, '--json');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^PARTY_UNHEALTHY: the clock of party 0 is \d+ ms ahead of its own/);
    expect(JSON.parse(stdout).problems).toHaveLength(1);
  });

  test('shows the last outcomes with the parties that signed', async () => {
    const example: ExampleParty = await runExampleExchange();
    const { code, stdout, stderr } = await tacit('status', '--url', example.url);
    await example.close();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('0 open, 0 due, 1 cleared.');
    expect(stdout).toMatch(
      /^ {2}[A-Za-z0-9_-]{43} {2}2027-01-01T09:00:03\.000Z +3 of 3 {2}Road salt, 4,000 tonnes$/m,
    );
  });

  test('refuses a party that is not the one of the consortium, and says when there is none', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tacit-status-'));
    const init = (index: number) =>
      tacit(
        ...['consortium', 'init', '--dir', directory, '--index', String(index), '--operator', `O${index}`],
        ...['--account', `11111111111${index}`, '--region', 'eu-west-1'],
      );
    await Promise.all([init(0), init(1), init(2)]);
    const records = [0, 1, 2].map((index) => join(directory, `operator/party-${index}.record.json`));
    const file = join(directory, 'c.json');
    await tacit('consortium', 'join', ...records, '--out', file);
    const other = await tacit('status', '--url', own.url, '--consortium', file);
    expect([other.code, other.stderr.split(':')[0]]).toEqual([1, 'CONSORTIUM_KEYS_DIFFER']);
    await writeFile(file, '{}');
    const malformed = await tacit('status', '--url', own.url, '--consortium', file);
    expect([malformed.code, malformed.stderr.split(':')[0]]).toEqual([1, 'CONSORTIUM_MALFORMED']);
    expect((await tacit('status', '--url', 'http://127.0.0.1:9')).code).toBe(3);
    expect((await tacit('status', '--url', 'party')).code).toBe(2);
    const nowhere = await tacit('status', '--dir', directory);
    expect([nowhere.code, nowhere.stderr.split(':')[0]]).toEqual([3, 'NOT_FOUND']);
    await rm(directory, { recursive: true, force: true });
  });
});
