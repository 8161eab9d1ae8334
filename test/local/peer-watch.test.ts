import { expect, test } from 'vitest';
import type { OutboxLook } from '../../auction/api-answers.ts';
import { PeerWatch } from '../../local/peer-watch.ts';

const answering = { answeredAt: 1, failures: 0 };
const silent = { failures: 1, code: 'CHANNEL_UNAVAILABLE' };

const NEVER_MS = 1_000_000;

/** Looks that end as listed, then all well; what was found. */
function looksEnding(...ends: readonly (OutboxLook['parties'] | Error)[]) {
  let looks = 0;
  const look = async (): Promise<OutboxLook> => {
    const end = ends[looks++] ?? [answering, answering, answering];
    if (end instanceof Error) throw end;
    return { lookedAt: 1, parties: end };
  };
  return { look, count: () => looks };
}

test('looks again soon while an outbox does not answer or the look itself fails, and then seldom', async () => {
  const { look, count } = looksEnding([answering, silent, answering], new RangeError('the own table'));
  const watch = new PeerWatch(look, { everyMs: NEVER_MS, whileFailingMs: 1 });
  watch.start();
  await expect.poll(count).toBe(3);
  watch.stop();
});

test('goes on looking, and stops when it is told to', async () => {
  const { look, count } = looksEnding();
  const watch = new PeerWatch(look, { everyMs: 1, whileFailingMs: NEVER_MS });
  watch.start();
  await expect.poll(count).toBeGreaterThan(3);
  watch.stop();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const stoppedAt = count();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(count()).toBe(stoppedAt);
});
