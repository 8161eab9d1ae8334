/**
 * Three parties that start at different times, with the timeouts that are deployed: one that comes a minute late is
 * waited for, and one that comes later than that costs an attempt and never an outcome.
 */

import { describe, expect, test } from 'vitest';
import { DEFAULT_TIMEOUTS } from '../../../auction/party/timeouts.ts';
import { PARTIES } from '../../../mpc/party.ts';
import { type AuctionWorld, codesOf, ManualClock, openWorld } from '../../support/auction-world.ts';

const MINUTE_MS = 60_000;

/** Looks at the peers, every second at the most, are made at once; longer waits end only when the clock is moved. */
const LONGEST_LOOK_MS = 1_000;
const LOOK_MS = 3;

/** Time that passes when the test says so: no wait for a peer ends because the machine is busy. */
class SteppedClock extends ManualClock {
  readonly #waits = new Set<{ readonly endMs: number; readonly end: () => void }>();

  override sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (durationMs <= LONGEST_LOOK_MS) return super.sleep(LOOK_MS, signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const wait = { endMs: this.now() + durationMs, end: resolve };
    this.#waits.add(wait);
    signal?.addEventListener('abort', () => {
      this.#waits.delete(wait);
      reject(signal.reason);
    });
    return promise;
  }

  override advance(durationMs: number): void {
    super.advance(durationMs);
    for (const wait of [...this.#waits].filter(({ endMs }) => endMs <= this.now())) {
      this.#waits.delete(wait);
      wait.end();
    }
  }
}

async function closedWorld(): Promise<AuctionWorld> {
  const world = await openWorld({ timeouts: DEFAULT_TIMEOUTS, clock: new SteppedClock(1_000) });
  await world.submit(await world.bid('Ann', 7n));
  await world.submit(await world.bid('Bob', 9n));
  await world.closeAll();
  return world;
}

/** Until the party's list is in its outbox: it waits for its peers from then on. */
const untilWaiting = (world: AuctionWorld, party: 0 | 1) =>
  expect
    .poll(() => world.channels[2].latest(`${world.id}/closing`, party), { timeout: 60_000 })
    .toBeDefined();

describe('a party that starts late', () => {
  test('by a minute is waited for, and there is one outcome, signed by all', async () => {
    const world = await closedWorld();
    const early = [world.parties[0].clear(world.id), world.parties[1].clear(world.id)];
    await untilWaiting(world, 0);
    await untilWaiting(world, 1);
    world.clock.advance(MINUTE_MS);
    const reports = await Promise.all([...early, world.parties[2].clear(world.id)]);
    const [first] = reports;
    for (const { outcome, statistics } of reports) {
      expect(outcome.statement).toEqual(first?.outcome.statement);
      expect(outcome.signatures).toHaveLength(3);
      expect(statistics.attempt).toBe(1);
    }
    expect(first?.outcome.statement.lots).toMatchObject([{ winner: 'Ann', price: '9' }]);
  });

  test('by more than they wait finds nothing signed, and all meet when they are started again', async () => {
    const world = await closedWorld();
    const early = world.clearEach([0, 1]);
    await untilWaiting(world, 0);
    await untilWaiting(world, 1);
    world.clock.advance(DEFAULT_TIMEOUTS.closingTimeoutMs);
    expect(codesOf(await early)).toEqual(['CHANNEL_TIMEOUT', 'CHANNEL_TIMEOUT']);
    for (const party of PARTIES) expect(await world.stores[party].outcome(world.id)).toBeUndefined();
    const reports = await world.clearAll();
    expect(new Set(reports.map(({ outcome }) => JSON.stringify(outcome.statement))).size).toBe(1);
    for (const { outcome } of reports) expect(outcome.signatures).toHaveLength(3);
  });
});
