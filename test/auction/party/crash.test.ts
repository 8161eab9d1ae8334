/**
 * A party's process is stopped at every call of its store and of its channel, before the call and after it, and
 * started again: it must end where it would have ended, and must never have signed two different outcomes.
 */

import { describe, expect, test } from 'vitest';
import { canonicalBytes } from '../../../auction/canonical.ts';
import type { OutcomeStatement, SignedOutcome } from '../../../auction/outcome.ts';
import type { AuctionStore } from '../../../auction/party/store.ts';
import type { Channel } from '../../../mpc/channels/channel.ts';
import { PARTIES, type PartyIndex } from '../../../mpc/party.ts';
import { type AuctionWorld, openWorld, type WorldOptions } from '../../support/auction-world.ts';
import { StoppedProcess } from '../../support/stopped-process.ts';

/** Every statement that a party signed, posted or stored, is collected here. */
function statementsOf(
  store: AuctionStore,
  channel: Channel,
): { store: AuctionStore; channel: Channel; signed: Set<string> } {
  const signed = new Set<string>();
  const note = (statement: OutcomeStatement) =>
    signed.add(new TextDecoder().decode(canonicalBytes(statement)));
  return {
    signed,
    store: new Proxy(store, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: readonly unknown[]) => {
          if (name === 'putOutcome') note((args[1] as { outcome: SignedOutcome }).outcome.statement);
          return method.apply(target, args);
        };
      },
    }),
    channel: new Proxy(channel, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: readonly unknown[]) => {
          const parcels = args[2] as { everyone?: Uint8Array } | undefined;
          if (name === 'post' && String(args[0]).endsWith('/outcome') && parcels?.everyone !== undefined) {
            note((JSON.parse(new TextDecoder().decode(parcels.everyone)) as SignedOutcome).statement);
          }
          return method.apply(target, args);
        };
      },
    }),
  };
}

async function worldToClear(timeouts: WorldOptions['timeouts'] = {}): Promise<AuctionWorld> {
  const world = await openWorld({ spec: { ceiling: '7', tieBreak: 'lottery' }, timeouts });
  await world.submit(await world.bid('Ann', 5n));
  await world.submit(await world.bid('Bob', 3n), [0, 2]);
  await world.closeAll();
  return world;
}

/** Clears with one party stopped at a call; returns whether it was reached. */
async function clearWithStop(
  victim: PartyIndex,
  stopAt: number,
  moment: 'before' | 'after',
): Promise<boolean> {
  const world = await worldToClear();
  const recorded = PARTIES.map((party) => statementsOf(world.stores[party], world.channels[party]));
  const first = new StoppedProcess(stopAt, moment);
  const run = async (party: PartyIndex) => {
    const { store, channel } = recorded[party]!;
    if (party === victim) {
      const doomed = world.start(party, { store: first.holds(store), channel: first.holds(channel) });
      try {
        return await doomed.clear(world.id, { signal: first.signal });
      } catch (error) {
        if (!first.stopped) throw error;
      }
    }
    return await world.start(party, { store, channel }).clear(world.id);
  };
  const reports = await Promise.all(PARTIES.map(run));
  for (const party of PARTIES) {
    const { statement, signatures } = reports[party]!.outcome;
    expect(statement.lots).toMatchObject([{ winner: 'Bob', price: '5' }]);
    expect(signatures).toHaveLength(3);
    expect(recorded[party]!.signed.size).toBe(1);
    expect(await world.parties[party].outcome(world.id)).toEqual(reports[0]!.outcome);
    expect((await world.parties[party].tender(world.id)).state.phase).toBe('cleared');
  }
  return first.stopped;
}

describe('a party stopped anywhere while clearing', () => {
  for (const moment of ['before', 'after'] as const) {
    test(`${moment} any of its calls ends with the one outcome`, async () => {
      let stopAt = 1;
      for (; await clearWithStop(1, stopAt, moment); stopAt++);
      expect(stopAt).toBeGreaterThan(25);
    });
  }
});

describe('two parties stopped before they read the opening', () => {
  function stoppedAtOpening(world: AuctionWorld, party: PartyIndex): Promise<unknown> {
    const channel = new Proxy(world.channels[party], {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...args: readonly unknown[]) => {
          if (name === 'collect' && args[1] === 'open')
            throw new Error('the process was stopped by the test');
          return await method.apply(target, args);
        };
      },
    });
    return world.start(party, { channel }).clear(world.id);
  }

  async function worldWithOneOutcome(timeouts: WorldOptions['timeouts']) {
    const world = await worldToClear();
    const ahead = world.start(0, { timeouts: { signatureTimeoutMs: 150, ...timeouts } }).clear(world.id);
    const stopped = await Promise.allSettled([stoppedAtOpening(world, 1), stoppedAtOpening(world, 2)]);
    expect(stopped.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    return { world, ahead };
  }

  test('are helped by the third while its run lasts', async () => {
    const { world, ahead } = await worldWithOneOutcome({});
    const reports = await Promise.all([
      ahead,
      world.parties[1].clear(world.id),
      world.parties[2].clear(world.id),
    ]);
    for (const { outcome } of reports) {
      expect(outcome).toEqual(reports[0].outcome);
      expect(outcome.signatures).toHaveLength(3);
    }
    expect(reports[0].statistics.attempt).toBe(1);
    expect(reports[1].statistics.attempt).toBeGreaterThan(1);
  });

  test('are helped by the third when it is run again', async () => {
    const { world, ahead } = await worldWithOneOutcome({ handshakeTimeoutMs: 100 });
    const alone = await ahead;
    expect(alone.outcome.signatures.map(({ party }) => party)).toEqual([0]);
    world.parties[0] = world.start(0, { timeouts: { signatureTimeoutMs: 50 } });
    for (const { outcome } of await world.clearAll()) {
      expect(outcome.statement).toEqual(alone.outcome.statement);
      expect(outcome.signatures).toHaveLength(3);
    }
  });
});

describe('a party stopped anywhere while taking in a bid', () => {
  for (const moment of ['before', 'after'] as const) {
    test(`${moment} any of its calls gives the one receipt when it is sent again`, async () => {
      for (let stopAt = 1; ; stopAt++) {
        const world = await openWorld();
        const bid = await world.bid('Ann', 5n);
        const process = new StoppedProcess(stopAt, moment);
        const doomed = world.start(0, { store: process.holds(world.stores[0]) });
        const [first] = await Promise.allSettled([doomed.submit(world.id, bid)]);
        world.clock.advance(1);
        const receipt = await world.parties[0].submit(world.id, bid);
        if (first?.status === 'fulfilled') expect(receipt).toEqual(first.value);
        const stored = await world.stores[0].submissions(world.id);
        expect(stored.map((entry) => entry.receipt)).toEqual([receipt]);
        if (!process.stopped) break;
      }
    });
  }
});
