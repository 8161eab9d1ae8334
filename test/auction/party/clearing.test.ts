/** Signing, gathering signatures, repeating, and what happens when parties disagree on the outcome. */

import { describe, expect, test } from 'vitest';
import { canonicalBytes, toBase64url } from '../../../auction/canonical.ts';
import { checkOutcome, type SignedOutcome, signOutcome } from '../../../auction/outcome.ts';
import type { ClearingProgress } from '../../../auction/party/clearing-run.ts';
import type { Delivery } from '../../../mpc/channels/memory.ts';
import { PARTIES } from '../../../mpc/party.ts';
import {
  type AuctionWorld,
  codesOf,
  openWorld,
  random,
  type WorldOptions,
} from '../../support/auction-world.ts';
import { TcpNetworks } from '../../support/tcp-network.ts';

async function worldToClear(options: WorldOptions = {}): Promise<AuctionWorld> {
  const world = await openWorld(options);
  await world.submit(await world.bid('Ann', 5n));
  await world.submit(await world.bid('Bob', 7n));
  return world;
}

describe('clearing', () => {
  test('ends with one statement that all three signed, and repeating it changes nothing', async () => {
    const world = await worldToClear();
    await world.closeAll();
    const [first, ...others] = await world.clearAll();
    const context = { terms: world.tender.terms, parties: world.records, required: 3 } as const;
    expect(checkOutcome(first!.outcome, context)).toEqual(first!.outcome);
    for (const { outcome } of others) expect(outcome).toEqual(first!.outcome);
    expect((await world.clearAll())[0]).toEqual(first);
    expect(await world.start(1).clear(world.id)).toMatchObject({ outcome: first!.outcome });
    expect(await world.parties[2].outcome(world.id)).toEqual(first!.outcome);
  });

  test('costs what the circuit says, and tells how it goes on', async () => {
    const world = await worldToClear();
    await world.closeAll();
    const told: ClearingProgress[] = [];
    const [report] = await Promise.all([
      world.parties[0].clear(world.id, { onProgress: (progress) => told.push(progress) }),
      world.parties[1].clear(world.id),
      world.parties[2].clear(world.id),
    ]);
    const { predicted, rounds, bytesSent, ands, bids } = report.statistics;
    expect({ rounds, ands, bytes: bytesSent }).toEqual(predicted);
    const sentAt = Object.fromEntries(told.map((one) => [one.stage, 'sent' in one ? one.sent : undefined]));
    expect(told).toEqual([
      { stage: 'closing', step: 'list' },
      { stage: 'closing', step: 'passing' },
      { stage: 'hello' },
      { stage: 'measuring', attempt: 1, sent: { rounds: 0, bytesSent: 0 } },
      { stage: 'computing', attempt: 1, bids, rounds, sent: sentAt['computing'] },
      { stage: 'proving', attempt: 1, sent: sentAt['proving'] },
      { stage: 'opening', attempt: 1, sent: sentAt['opening'] },
      { stage: 'opened', attempt: 1, sent: sentAt['opened'] },
      { stage: 'signing' },
    ]);
    const { computing, proving, opening, opened } = sentAt;
    expect(opened!.rounds - computing!.rounds).toBe(rounds);
    expect(opened!.bytesSent - computing!.bytesSent).toBe(bytesSent);
    // The proof takes three rounds, the opening one.
    expect([opening!.rounds - proving!.rounds, opened!.rounds - opening!.rounds]).toEqual([3, 1]);
  });

  test('is planned for the link as measured, but never for a faster one than each party allows', async () => {
    const networks = new TcpNetworks();
    const pushed = { roundTripMs: 0.5, bandwidthMbps: 1 };
    const roundsOf = new Map<string, number>();
    for (const [name, floors, handshakeRounds] of [
      ['all by default', [], 3],
      ['one by default', [pushed, undefined, pushed], 4],
      ['all faster', [pushed, pushed, pushed], 6],
    ] as const) {
      const world = await openWorld();
      for (let bid = 1n; bid <= 18n; bid++) await world.submit(await world.bid(`bidder-${bid}`, 500n + bid));
      await world.closeAll();
      const channels = await networks.create();
      const reports = await Promise.all(
        PARTIES.map((party) => {
          const floor = floors[party];
          const linkFloor = floor === undefined ? {} : { linkFloor: floor };
          return world.start(party, { channel: channels[party], ...linkFloor }).clear(world.id);
        }),
      );
      for (const { outcome, statistics } of reports) {
        expect(outcome.statement.lots).toMatchObject([{ winner: 'bidder-1', price: '502' }]);
        const { predicted, rounds, bytesSent, ands } = statistics;
        expect({ rounds, ands, bytes: bytesSent }).toEqual(predicted);
        expect(statistics.handshakeRounds).toBe(handshakeRounds);
        roundsOf.set(name, rounds);
      }
    }
    await networks.closeAll();
    expect(roundsOf.get('one by default')).toBe(roundsOf.get('all by default'));
    expect(roundsOf.get('all faster')).toBeGreaterThan(roundsOf.get('all by default')!);
  });

  test('starts by itself at the deadline, with what was received before it', async () => {
    const world = await worldToClear({ spec: { closesAt: '1970-01-01T00:00:02Z' } });
    await expect(world.parties[0].clear(world.id)).rejects.toMatchObject({ code: 'CLOSE_BEFORE_DEADLINE' });
    world.clock.set(2_500);
    const [report] = await world.clearAll();
    expect(report!.outcome.statement.lots).toMatchObject([{ winner: 'Ann', price: '7' }]);
    expect((await world.parties[0].tender(world.id)).state).toMatchObject({ closedAt: 2_000 });
  });

  test('runs once at a time in a process', async () => {
    const world = await worldToClear();
    await world.closeAll();
    const [first, second] = await Promise.allSettled([
      world.parties[0].clear(world.id),
      world.parties[0].clear(world.id),
      world.parties[1].clear(world.id),
      world.parties[2].clear(world.id),
    ]);
    expect(codesOf([first, second])).toEqual(['fulfilled', 'CLEARING_BUSY']);
  });

  test('in two processes of one party ends with the one outcome', async () => {
    const world = await worldToClear();
    await world.closeAll();
    const twin = world.start(0);
    const runs = [...world.parties, twin].map((party) => party.clear(world.id));
    const codes = codesOf(await Promise.allSettled(runs)).filter((code) => code !== 'fulfilled');
    for (const code of codes) expect(code).toBe('ATTEMPT_TAKEN_OVER');
    const [report, ...others] = await world.clearAll();
    for (const { outcome } of others) expect(outcome).toEqual(report!.outcome);
    expect(report!.outcome.signatures).toHaveLength(3);
  });

  test('ends when it is told to', async () => {
    const world = await worldToClear();
    await world.closeAll();
    const stop = new AbortController();
    const clearing = world.parties[0].clear(world.id, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(clearing).rejects.toThrow('enough');
  });

  test('keeps its own signature where a peer gives none, and has the others once it is cleared again', async () => {
    const withheld = { on: true };
    const deliver = ({ topic, from, bytes }: Delivery) =>
      withheld.on && from === 2 && topic.endsWith('/outcome') ? undefined : bytes;
    const world = await worldToClear({
      network: { deliver },
      timeouts: { signatureTimeoutMs: 50, handshakeTimeoutMs: 50 },
    });
    await world.closeAll();
    const [first] = await world.clearAll();
    expect(first!.outcome.signatures.map(({ party }) => party)).toEqual([0, 1]);
    expect((await world.parties[0].outcome(world.id)).signatures).toHaveLength(2);
    withheld.on = false;
    // Showing it asks nobody.
    expect((await world.parties[0].outcome(world.id)).signatures).toHaveLength(2);
    expect((await world.parties[0].clear(world.id)).outcome.signatures).toHaveLength(3);
    expect((await world.parties[0].outcome(world.id)).signatures).toHaveLength(3);
  });
});

describe('a peer that signs something else', () => {
  async function codesAgainst(change: (world: AuctionWorld, signed: SignedOutcome) => unknown) {
    let world: AuctionWorld | undefined;
    const deliver = ({ topic, from, to, bytes }: Delivery) => {
      if (world === undefined || from !== 2 || to !== 0 || !topic.endsWith('/outcome')) return bytes;
      return canonicalBytes(change(world, JSON.parse(new TextDecoder().decode(bytes)) as SignedOutcome));
    };
    world = await worldToClear({ network: { deliver } });
    await world.closeAll();
    const codes = codesOf(await world.clearEach());
    const shown = await world.parties[0].outcome(world.id);
    expect(shown.signatures.map(({ party }) => party)).toEqual([0, 1]);
    return codes;
  }

  test('is an OUTCOME_CONFLICT where it is another statement', async () => {
    const codes = await codesAgainst((world, { statement }) => {
      const other = { ...statement, closingRoot: toBase64url(random(32)) };
      return { statement: other, signatures: [signOutcome(other, 2, world.keys[2].signing)] };
    });
    expect(codes).toEqual(['OUTCOME_CONFLICT', 'fulfilled', 'fulfilled']);
  });

  test('is an OUTCOME_SIGNATURE where it did not sign', async () => {
    const wrong = await codesAgainst((_, signed) => ({
      ...signed,
      signatures: [{ party: 2, signature: toBase64url(random(64)) }],
    }));
    expect(wrong[0]).toBe('OUTCOME_SIGNATURE');
    const anothers = await codesAgainst((world, signed) => ({
      ...signed,
      signatures: [signOutcome(signed.statement, 1, world.keys[1].signing)],
    }));
    expect(anothers[0]).toBe('OUTCOME_SIGNATURE');
  });
});
