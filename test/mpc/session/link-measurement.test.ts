/**
 * Measuring the link: all parties plan for the same one, a skewed start does not matter, and what a peer sends is checked.
 */

import { describe, expect, test } from 'vitest';
import { type Clock, toEpochMs } from '../../../mpc/clock.ts';
import { PARTIES, type PartyIndex } from '../../../mpc/party.ts';
import { DEFAULT_LINK } from '../../../mpc/planner/link.ts';
import { agreeOnPlan, linkFor, measureLink } from '../../../mpc/session/link-measurement.ts';
import type { Links } from '../../../mpc/session/links.ts';

/** Virtual time for three parties: messages arrive `delayMs` after they were sent, and each party starts late by its skew. */
function simulate(delayMs: number, skewMs: readonly [number, number, number], lie?: Uint8Array) {
  const arrivals = new Map<string, Promise<{ bytes: Uint8Array; atMs: number }>>();
  const resolvers = new Map<string, (message: { bytes: Uint8Array; atMs: number }) => void>();
  const slot = (key: string) => {
    let arrival = arrivals.get(key);
    if (arrival === undefined) {
      arrival = new Promise((resolve) => resolvers.set(key, resolve));
      arrivals.set(key, arrival);
    }
    return arrival;
  };
  return PARTIES.map((self) => {
    let nowMs = 1000 + skewMs[self];
    const clock: Clock = { now: () => toEpochMs(nowMs), sleep: async () => {} };
    const links: Links = {
      self,
      counters: () => ({ rounds: 0, bytesSent: 0 }),
      send: async (step, parcels) => {
        for (const [to, bytes] of parcels) {
          const key = `${step} ${self} ${to}`;
          void slot(key);
          const sent = lie !== undefined && self === 0 && step === 'link/wait' ? lie : bytes;
          resolvers.get(key)?.({ bytes: sent, atMs: nowMs + delayMs });
        }
      },
      receive: async (step: string, from: PartyIndex) => {
        const { bytes, atMs } = await slot(`${step} ${from} ${self}`);
        nowMs = Math.max(nowMs, atMs);
        return bytes;
      },
    };
    return { links, clock };
  });
}

describe('measureLink', () => {
  test.each([
    [0, [0, 0, 0], 40],
    [20, [0, 0, 0], 40],
    [21, [0, 0, 0], 80],
    [100, [0, 60, 30], 320],
    [12, [0, 5, 3], 40],
  ] as const)(
    'a delay of %i ms with starts at %j plans for %i ms there and back',
    async (delay, skew, expected) => {
      const links = await Promise.all(
        simulate(delay, [...skew]).map(({ links, clock }) => measureLink(links, clock)),
      );
      for (const link of links) expect(link).toEqual({ ...DEFAULT_LINK, roundTripMs: expected });
    },
  );

  test('a lying party slows the plan down for all alike, within the bound', async () => {
    const lie = new Uint8Array(8).fill(255);
    const parties = simulate(5, [0, 0, 0], lie);
    const [, one, two] = await Promise.all(parties.map(({ links, clock }) => measureLink(links, clock)));
    expect(one).toEqual(two);
    expect(one?.roundTripMs).toBe(2560);
  });

  test('waits of another length are refused', async () => {
    const parties = simulate(5, [0, 0, 0], new Uint8Array(7));
    const [, one] = await Promise.allSettled(parties.map(({ links, clock }) => measureLink(links, clock)));
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'MESSAGE_MALFORMED' } });
  });
});

describe('agreeOnPlan', () => {
  test('passes when all planned the same circuit, and names the party that did not', async () => {
    const same = new Uint8Array(32).fill(1);
    await Promise.all(simulate(1, [0, 0, 0]).map(({ links }) => agreeOnPlan(links, same)));
    const results = await Promise.allSettled(
      simulate(1, [0, 0, 0]).map(({ links }) =>
        agreeOnPlan(links, links.self === 2 ? same.toReversed().fill(2) : same),
      ),
    );
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'HANDSHAKE_MISMATCH' } });
    }
    expect(results[0]).toMatchObject({ reason: { facts: { field: 'plannedCircuit', party: 2 } } });
  });
});

test('the link to plan for is bounded', () => {
  expect(linkFor(0)).toEqual(DEFAULT_LINK);
  expect(linkFor(1e9).roundTripMs).toBe(2560);
});
