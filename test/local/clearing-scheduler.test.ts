import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { ClearingScheduler } from '../../local/clearing-scheduler.ts';

/** For what would never end. */
const PATIENCE = { timeout: 60_000 };

function scheduler(invoke: (tenderId: string) => Promise<boolean>, giveUpAfterMs = 600_000) {
  const givenUp: string[] = [];
  const pausesMs: number[] = [];
  const started = new ClearingScheduler({
    invoke,
    isFinal: (error) => error instanceof RangeError,
    firstPauseMs: 1,
    giveUpAfterMs,
    onRetry: (_tenderId, _tries, pauseMs) => pausesMs.push(pauseMs),
    onGivenUp: (tenderId, tries) => givenUp.push(`${tenderId} ${tries}`),
  });
  return { started, givenUp, pausesMs };
}

describe('the clearing scheduler', () => {
  test('tries a failed clearing again until it succeeds', async () => {
    const done = Promise.withResolvers<void>();
    let tries = 0;
    const { started } = scheduler(async () => {
      tries++;
      if (tries < 3) throw new Error('a peer is down');
      done.resolve();
      return true;
    });
    await started.start('tender');
    await done.promise;
    expect(tries).toBe(3);
  });

  test('clears again while signatures are missing', async () => {
    const done = Promise.withResolvers<void>();
    let tries = 0;
    const { started, pausesMs } = scheduler(async () => {
      tries++;
      if (tries === 3) done.resolve();
      return tries === 3;
    });
    await started.start('tender');
    await done.promise;
    await sleep(50);
    expect([tries, pausesMs]).toEqual([3, [1, 2]]);
  });

  test('runs one clearing of a tender at a time', async () => {
    const release = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    const { started } = scheduler(async () => {
      most = Math.max(most, ++running);
      await release.promise;
      running--;
      return true;
    });
    await started.start('tender');
    await started.start('tender');
    await started.start('other');
    expect(most).toBe(2);
    release.resolve();
    await sleep(0);
    expect(running).toBe(0);
  });

  test('pauses longer and longer, gives up once its time is over, and can be started again', async () => {
    const invoke = vi.fn(async () => {
      throw new Error('a peer is down');
    });
    const { started, givenUp, pausesMs } = scheduler(invoke, 1_000);
    await started.start('tender');
    await vi.waitFor(() => expect(givenUp).toHaveLength(1), PATIENCE);
    const tries = invoke.mock.calls.length;
    expect(givenUp).toEqual([`tender ${tries}`]);
    expect(tries).toBeGreaterThan(1);
    expect(pausesMs).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512].slice(0, tries - 1));
    await started.start('tender');
    expect(invoke.mock.calls.length).toBeGreaterThan(tries);
  });

  test('does not try again where trying cannot help', async () => {
    const invoke = vi.fn(async () => {
      throw new RangeError('unknown tender');
    });
    const { started, givenUp } = scheduler(invoke);
    await started.start('tender');
    await sleep(50);
    expect(invoke).toHaveBeenCalledTimes(1);
    expect(givenUp).toEqual([]);
  });

  test('starts at a deadline, and at once where it has passed', async () => {
    const at = new Map<string, number>();
    const { started } = scheduler(async (tenderId) => {
      at.set(tenderId, Date.now());
      return true;
    });
    const deadline = Date.now() + 60;
    await started.startAt('later', deadline);
    await started.startAt('past', deadline - 100_000);
    await vi.waitFor(() => expect([...at.keys()]).toEqual(['past', 'later']), PATIENCE);
    expect(at.get('later')).toBeGreaterThanOrEqual(deadline);
  });

  test('starts nothing after it was stopped', async () => {
    const invoke = vi.fn(async () => true);
    const { started } = scheduler(invoke);
    await started.startAt('tender', Date.now() + 20);
    started.stop();
    await started.start('other');
    await sleep(60);
    expect(invoke).not.toHaveBeenCalled();
  });
});
