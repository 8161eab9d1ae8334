/**
 * Measuring the link: all parties plan for the same one, a skewed start does not matter, and what a peer sends is checked.
 */

import { describe, expect, test } from 'vitest';
import { type Clock, toEpochMs } from '../../../mpc/clock.ts';
import { PARTIES, type PartyIndex } from '../../../mpc/party.ts';
import { DEFAULT_LINK, type Link, linkSchema } from '../../../mpc/planner/link.ts';
import { agreeOnPlan, linkFor, measureLink } from '../../../mpc/session/link-measurement.ts';
import type { Links } from '../../../mpc/session/links.ts';

/** What party 0 says instead of the truth. */
type Lie = (step: string, to: PartyIndex, bytes: Uint8Array) => Uint8Array;

interface Simulated {
  readonly delayMs?: number;
  /** How late each party starts. */
  readonly skewMs?: readonly [number, number, number];
  /** Unlimited if left out. */
  readonly bandwidthMbps?: number;
  readonly lie?: Lie;
}

interface SimulatedParty {
  readonly self: PartyIndex;
  readonly links: Links;
  readonly clock: Clock;
}

/**
 * Runs the work of three parties in virtual time: messages leave one after another and arrive `delayMs` after their last
 * bit left. A party's promise stays open if it waits for what never comes.
 */
function simulate<Result>(
  { delayMs = 0, skewMs = [0, 0, 0], bandwidthMbps, lie }: Simulated,
  work: (party: SimulatedParty) => Promise<Result>,
) {
  let nowMs = 1000;
  const events: { readonly atMs: number; readonly happen: () => void }[] = [];
  const messages = new Map<string, PromiseWithResolvers<Uint8Array>>();
  const message = (step: string, from: PartyIndex, to: PartyIndex) => {
    const key = `${step} ${from} ${to}`;
    const present = messages.get(key) ?? Promise.withResolvers<Uint8Array>();
    messages.set(key, present);
    return present;
  };
  const steps: string[] = [];
  const clock: Clock = { now: () => toEpochMs(Math.floor(nowMs)), sleep: async () => {} };
  const results = PARTIES.map((self) => {
    let freeAtMs = 0;
    const links: Links = {
      self,
      counters: () => ({ rounds: 0, bytesSent: 0 }),
      send: async (step, parcels) => {
        if (self === 1) steps.push(step);
        for (const [to, bytes] of parcels) {
          const said = self === 0 && lie !== undefined ? lie(step, to, bytes) : bytes;
          const sendingMs = bandwidthMbps === undefined ? 0 : (said.length * 8) / 1000 / bandwidthMbps;
          freeAtMs = Math.max(freeAtMs, nowMs) + sendingMs;
          events.push({ atMs: freeAtMs + delayMs, happen: () => message(step, self, to).resolve(said) });
        }
      },
      receive: (step, from) => message(step, from, self).promise,
    };
    const started = Promise.withResolvers<void>();
    events.push({ atMs: nowMs + skewMs[self], happen: started.resolve });
    const result = started.promise.then(() => work({ self, links, clock }));
    result.catch(() => undefined);
    return result;
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const play = async () => {
    for (await settle(); events.length > 0; await settle()) {
      events.sort((one, other) => one.atMs - other.atMs);
      const event = events.shift()!;
      nowMs = event.atMs;
      event.happen();
    }
  };
  void play();
  return { results, steps };
}

/** What each of the parties plans for. */
function measured(simulated: Simulated, floors: readonly Link[] = []) {
  return simulate(simulated, ({ self, links, clock }) => measureLink(links, clock, floors[self]));
}

const fast: Link = { roundTripMs: 0.5, bandwidthMbps: 1000 };
const allFast = [fast, fast, fast];

function numbers(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => {
    view.setUint32(4 * index, value);
  });
  return new Uint8Array(view.buffer);
}

describe('measureLink', () => {
  test.each([
    [0, [0, 0, 0], 40],
    [20, [0, 0, 0], 40],
    [21, [0, 0, 0], 80],
    [100, [0, 60, 30], 320],
    [12, [0, 5, 3], 40],
  ] as const)(
    'a delay of %i ms with starts at %j plans for %i ms there and back, in two rounds',
    async (delayMs, skewMs, expected) => {
      const { results, steps } = measured({ delayMs, skewMs });
      for (const link of await Promise.all(results))
        expect(link).toEqual({ ...DEFAULT_LINK, roundTripMs: expected });
      expect(steps).toEqual(['link/probe', 'link/wait']);
    },
  );

  test.each([
    [0, undefined, [0, 0, 0], { roundTripMs: 0.5, bandwidthMbps: 1000 }],
    [0, undefined, [0, 700, 350], { roundTripMs: 0.5, bandwidthMbps: 1000 }],
    [10, 100, [0, 0, 0], { roundTripMs: 32, bandwidthMbps: 62.5 }],
    [3, 100, [900, 0, 40], { roundTripMs: 8, bandwidthMbps: 62.5 }],
    [30, 1.2, [5, 0, 9], { roundTripMs: 64, bandwidthMbps: 1000 / 1024 }],
    [0, 0.01, [0, 0, 0], { roundTripMs: 0.5, bandwidthMbps: 1000 / 1024 }],
  ] as const)(
    'with a faster floor, %i ms and %s Mbit/s with starts at %j are planned for as %j',
    async (delayMs, bandwidthMbps, skewMs, expected) => {
      const bandwidth = bandwidthMbps === undefined ? {} : { bandwidthMbps };
      const { results, steps } = measured({ delayMs, skewMs, ...bandwidth }, allFast);
      for (const link of await Promise.all(results)) {
        expect(link.bandwidthMbps).toBe(expected.bandwidthMbps);
        // The messages themselves take time on a thin link.
        if (bandwidthMbps === undefined || bandwidthMbps > 10) expect(link).toEqual(expected);
      }
      expect(steps).toEqual(['link/probe', 'link/probe/2', 'link/ballast', 'link/wait']);
    },
  );

  test('the slowest floor counts, and without bandwidth beyond the default there is nothing to measure', async () => {
    const floors = [fast, { roundTripMs: 2, bandwidthMbps: 400 }, { roundTripMs: 1, bandwidthMbps: 100 }];
    for (const link of await Promise.all(measured({}, floors).results)) {
      expect(link).toEqual({ roundTripMs: 2, bandwidthMbps: 100 });
    }
    const { results, steps } = measured({}, [fast, DEFAULT_LINK, fast]);
    for (const link of await Promise.all(results)) expect(link).toEqual(DEFAULT_LINK);
    expect(steps).toEqual(['link/probe', 'link/wait']);
  });

  test.each([0, 2 ** 32 - 1])(
    'a party that says %i everywhere changes the plan for all alike, within the bounds',
    async (lied) => {
      for (const floors of [[], allFast]) {
        const lie: Lie = (step, _, bytes) =>
          step === 'link/ballast' || step === 'link/probe/2'
            ? bytes
            : numbers(...Array(bytes.length / 4).fill(lied));
        const [one, two] = await Promise.all(measured({ delayMs: 5, lie }, floors).results.slice(1));
        expect(one).toEqual(two);
        expect(linkSchema.parse(one)).toEqual(one);
        expect(one!.roundTripMs).toBeLessThanOrEqual(2560);
        expect(one!.bandwidthMbps).toBeGreaterThan(0.5);
        expect(one!.roundTripMs).toBeGreaterThanOrEqual(lied === 0 ? 10 : 2560);
      }
    },
  );

  test.each(['link/probe', 'link/probe/2', 'link/ballast', 'link/wait'])(
    '%s of another length is refused',
    async (refused) => {
      const lie: Lie = (step, _, bytes) => (step === refused ? new Uint8Array(bytes.length + 1) : bytes);
      const { results } = measured({ lie }, allFast);
      await expect(results[2]).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
    },
  );
});

describe('agreeOnPlan', () => {
  test('passes when all planned the same circuit, and names the party that did not', async () => {
    const same = new Uint8Array(32).fill(1);
    await Promise.all(simulate({}, ({ links }) => agreeOnPlan(links, same)).results);
    const other = same.toReversed().fill(2);
    const differing = simulate({}, ({ self, links }) => agreeOnPlan(links, self === 2 ? other : same));
    const results = await Promise.allSettled(differing.results);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'HANDSHAKE_MISMATCH' } });
    }
    expect(results[0]).toMatchObject({ reason: { facts: { field: 'plannedCircuit', party: 2 } } });
  });
});

test('the link to plan for is bounded', () => {
  expect(linkFor({ delayMs: 0 })).toEqual(DEFAULT_LINK);
  expect(linkFor({ delayMs: 1e9 }).roundTripMs).toBe(2560);
  expect(linkFor({ delayMs: 1e9, bandwidthMbps: 0 }, { roundTripMs: 0, bandwidthMbps: 8 })).toEqual({
    roundTripMs: expect.closeTo(4194.304),
    bandwidthMbps: 1,
  });
});
