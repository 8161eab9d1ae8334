/** The clearing function logs whom an abort is blamed on, and nothing of the evidence. */

import { afterEach, expect, test, vi } from 'vitest';
import { createClearTenderHandler } from '../../../functions/clear-tender/clear-tender.handler.ts';
import { invocationContext } from '../../../local/invocation-context.ts';
import { CheatingWorld } from './blame-world.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

async function logOf(cheating: CheatingWorld): Promise<string> {
  const { world } = cheating;
  const lines: string[] = [];
  const capture = (chunk: unknown) => {
    lines.push(String(chunk));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(capture);
  vi.spyOn(process.stderr, 'write').mockImplementation(capture);
  const stop = new AbortController();
  const others = world.parties.slice(1).map((party) => party.clear(world.id, { signal: stop.signal }));
  const everybody = Promise.allSettled(others);
  const handler = createClearTenderHandler(world.parties[0]);
  await expect(
    handler({ tenderId: world.id }, invocationContext('clear-tender', 30_000)),
  ).rejects.toMatchObject({ code: expect.any(String) });
  stop.abort(new Error('stopped by the test'));
  await everybody;
  return lines.join('');
}

test('a proof', async () => {
  const cheating = await CheatingWorld.closed();
  cheating.listsBackwards();
  const line = await logOf(cheating);
  expect(JSON.parse(line)).toMatchObject({
    code: 'CLOSING_LIST_MALFORMED',
    blame: 'proven',
    blamed: '2',
  });
  expect(line).not.toContain('entries');
});

test('nobody', async () => {
  const cheating = await CheatingWorld.closed({ timeouts: { closingTimeoutMs: 100 } });
  cheating.lies.push({ from: 2, topic: 'closing', tell: () => undefined });
  const line: unknown = JSON.parse(await logOf(cheating));
  expect(line).toMatchObject({ code: 'CHANNEL_TIMEOUT', blame: 'nobody' });
  expect(line).not.toHaveProperty('blamed');
});
