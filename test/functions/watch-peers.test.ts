/** The look at the outboxes: what it keeps, what it counts, and on real tables behind the guard of local parties. */

import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAuctionTable } from '../../auction/party/dynamodb.ts';
import type { Meter } from '../../functions/meter.ts';
import { type OutboxLooks, outboxLooks } from '../../functions/outbox-looks.ts';
import {
  createWatchPeersHandler,
  LOOKS_BEFORE_ALARM,
} from '../../functions/watch-peers/watch-peers.handler.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { MpcError, type MpcErrorCode } from '../../mpc/errors.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { startLocalDynamodb } from '../support/dynalite.ts';
import { memoryLooks } from './party-host.ts';

const context = invocationContext('watch-peers', 60_000);

let lines: Record<string, unknown>[];
const writeError = process.stderr.write;
const writeOutput = process.stdout.write;

beforeEach(() => {
  lines = [];
  const keep = (line: string) => lines.push(JSON.parse(line)) > 0;
  process.stderr.write = keep;
  process.stdout.write = keep;
});

afterEach(() => {
  process.stderr.write = writeError;
  process.stdout.write = writeOutput;
});

/** Outboxes that fail as they are told to, and a clock that goes on by a minute at each look. */
function watched(looks: OutboxLooks = memoryLooks()) {
  const failing = new Map<PartyIndex, MpcErrorCode | 'bug'>();
  const counted: string[] = [];
  const meter: Meter = {
    count: (name, value) => counted.push(`${name} ${value}`),
    countByCode: () => {},
    flush: () => {},
  };
  let nowMs = 0;
  const handler = createWatchPeersHandler({
    party: {
      lookAtOutbox: async (party) => {
        const code = failing.get(party);
        if (code === 'bug') throw new RangeError('a secret of some sort');
        if (code !== undefined) throw new MpcError(code, 'the outbox does not answer', { party });
      },
    },
    looks,
    clock: { now: () => toEpochMs(nowMs) },
    meter,
  });
  const look = () => {
    nowMs += 60_000;
    return handler({}, context);
  };
  return { failing, counted, look, looks };
}

describe('a look at the outboxes', () => {
  test('keeps when each answered, and in how many looks it has not, with the code of the last', async () => {
    const { failing, look, looks } = watched();
    expect(await looks.latest()).toBeUndefined();
    failing.set(2, 'CHANNEL_REFUSED');
    await look();
    failing.set(1, 'CHANNEL_UNAVAILABLE').set(2, 'CHANNEL_UNAVAILABLE');
    const second = await look();
    expect(second).toEqual({
      lookedAt: 120_000,
      parties: [
        { answeredAt: 120_000, failures: 0 },
        { answeredAt: 60_000, failures: 1, code: 'CHANNEL_UNAVAILABLE' },
        { failures: 2, code: 'CHANNEL_UNAVAILABLE' },
      ],
    });
    expect(await looks.latest()).toEqual(second);
    failing.clear();
    expect((await look()).parties).toEqual([0, 1, 2].map(() => ({ answeredAt: 180_000, failures: 0 })));
  });

  test('is counted from the third in a row on at which the same outbox did not answer', async () => {
    const { failing, look, counted } = watched();
    const countedAfter = async (...parties: readonly PartyIndex[]) => {
      failing.clear();
      for (const party of parties) failing.set(party, 'CHANNEL_UNAVAILABLE');
      await look();
      return counted.length;
    };
    expect(LOOKS_BEFORE_ALARM).toBe(3);
    expect(await countedAfter(1)).toBe(0);
    expect(await countedAfter(1)).toBe(0);
    expect(await countedAfter(2)).toBe(0);
    expect(await countedAfter(1, 2)).toBe(0);
    expect(await countedAfter(1, 2)).toBe(1);
    expect(await countedAfter(1, 2)).toBe(2);
    expect(await countedAfter(0)).toBe(2);
    expect(await countedAfter(0)).toBe(2);
    expect(await countedAfter(0)).toBe(3);
    expect(await countedAfter()).toBe(3);
    expect(new Set(counted)).toEqual(new Set(['PeerUnreachable 1']));
  });

  test('is logged where an outbox fails, fails in another way or for the third time, and where it is back', async () => {
    const { failing, look } = watched();
    failing.set(1, 'CHANNEL_UNAVAILABLE');
    for (let looks = 0; looks < 5; looks++) await look();
    failing.set(1, 'CHANNEL_REFUSED');
    await look();
    failing.clear();
    await look();
    await look();
    expect(lines.map(({ message, party, code }) => [message, party, code])).toEqual([
      ['an outbox does not answer', 1, 'CHANNEL_UNAVAILABLE'],
      ['an outbox does not answer', 1, 'CHANNEL_UNAVAILABLE'],
      ['an outbox does not answer', 1, 'CHANNEL_REFUSED'],
      ['an outbox answers again', 1, undefined],
    ]);
  });

  test('goes on where one outbox fails in a way that nobody expected, and says nothing of what it said', async () => {
    const { failing, look } = watched();
    failing.set(1, 'bug');
    expect((await look()).parties[1]).toEqual({ failures: 1, code: 'INTERNAL' });
    expect(lines).toMatchObject([{ code: 'INTERNAL', errorClass: 'RangeError' }]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('is one item of the state table, and one of another version is replaced', async () => {
    const { client, close } = await startLocalDynamodb();
    try {
      await createAuctionTable(client, 'state');
      const looks = outboxLooks(client, 'state');
      const { look } = watched(looks);
      expect(await looks.latest()).toBeUndefined();
      const found = await look();
      expect(await looks.latest()).toEqual(found);
      const Item = { pk: { S: 'outboxes' }, sk: { S: 'look' }, document: { S: '{"version":9}' } };
      await client.send(new PutItemCommand({ TableName: 'state', Item }));
      expect(await looks.latest()).toBeUndefined();
      expect(await look()).toEqual(await looks.latest());
    } finally {
      await close();
    }
  });
});
