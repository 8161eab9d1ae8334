import { describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { type Clock, toEpochMs } from '../../../mpc/clock.ts';

const never = new AbortController().signal;

/** A clock whose sleepers wake only when the test says so. */
function manualClock() {
  const wakers: (() => void)[] = [];
  const clock: Clock = {
    now: () => toEpochMs(0),
    sleep: () => new Promise<void>((resolve) => wakers.push(resolve)),
  };
  return { clock, wakeAll: () => wakers.splice(0).forEach((wake) => void wake()) };
}

describe('memory network', () => {
  test('with a delay, items reach peers only once it has passed, and their owner at once', async () => {
    const { clock, wakeAll } = manualClock();
    const [zero, one] = createMemoryNetwork({ delay: { durationMs: 30, clock } });
    await zero.post('t', 's', { everyone: Uint8Array.of(1) });
    let arrived = false;
    const waiting = one.collect('t', 's', 0, never).then(() => {
      arrived = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(arrived).toBe(false);
    expect(await one.latest('t', 0)).toBeUndefined();
    expect((await zero.latest('t', 0))?.step).toBe('s');
    wakeAll();
    await waiting;
    expect((await one.latest('t', 0))?.step).toBe('s');
  });

  test('bytes are copied on the way in and out, of Buffers too', async () => {
    const [zero, one, two] = createMemoryNetwork();
    for (const message of [Uint8Array.of(1), Buffer.of(1)]) {
      const step = message.constructor.name;
      await zero.post('t', step, { everyone: message });
      message[0] = 2;
      const received = await one.collect('t', step, 0, never);
      expect([...received]).toEqual([1]);
      received[0] = 3;
      const recalled = await zero.recall('t', step);
      recalled![0] = 4;
      expect([...(await two.collect('t', step, 0, never))]).toEqual([1]);
    }
  });

  test('the hook changes or withholds what one reader gets, and nothing else', async () => {
    const [zero, one, two] = createMemoryNetwork({
      deliver: ({ step, to, bytes }) => {
        if (to !== 1) return bytes;
        return step === 'gone' ? undefined : Uint8Array.of(9);
      },
    });
    await zero.post('t', 's', { everyone: Uint8Array.of(1) });
    await zero.post('t', 'gone', { everyone: Uint8Array.of(1) });
    expect([...(await one.collect('t', 's', 0, never))]).toEqual([9]);
    expect([...(await two.collect('t', 's', 0, never))]).toEqual([1]);
    const controller = new AbortController();
    const waiting = one.collect('t', 'gone', 0, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect([...(await two.collect('t', 'gone', 0, never))]).toEqual([1]);
  });
});
