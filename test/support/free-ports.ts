/**
 * Ports for parties that a test starts by command: below those that systems give to outgoing connections, one of which
 * could take a port while its party is down, and apart from those of tests that run at the same time.
 */

import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';

/** The parties answer on three ports from the one that is named, the page on the next, their tables on three from 10 above. */
const OFFSETS = [0, 1, 2, 3, 10, 11, 12];

const STRIDE = 20;
const FIRST = 12_000;
const SLOTS = 1_000;

/** Vitest numbers the processes that run tests at the same time. */
const pool = Number(process.env['VITEST_POOL_ID'] ?? 0);
const given = new Set<number>();

/** @returns what `tacit up --port` takes */
export async function freePortForParties(): Promise<number> {
  for (let tried = 0; tried < SLOTS; tried++) {
    const slot = Math.floor((Math.random() * SLOTS) / 4) * 4 + (pool % 4);
    if (given.has(slot)) continue;
    given.add(slot);
    const base = FIRST + STRIDE * slot;
    const servers = OFFSETS.map((offset) => ({ server: createServer(), port: base + offset }));
    const taken = await Promise.allSettled(servers.map(({ server, port }) => listenOnLoopback(server, port)));
    await Promise.all(
      servers.filter(({ server }) => server.listening).map(({ server }) => closeServer(server)),
    );
    if (taken.every(({ status }) => status === 'fulfilled')) return base;
  }
  throw new Error('no seven free ports were found');
}
