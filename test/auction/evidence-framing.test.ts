/**
 * An honest party cannot be framed: nothing that it signed, in whatever combination, altered at will, mixed with
 * what it signed in another tender and with whatever a corrupt party and a corrupt bidder sign, is evidence
 * against it.
 */

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { canonicalBytes, toBase64url } from '../../auction/canonical.ts';
import { AuctionError } from '../../auction/errors.ts';
import { checkEvidence } from '../../auction/evidence.ts';
import type { Fault } from '../../auction/evidence-document.ts';
import { findEvidence } from '../../auction/evidence-search.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import type { AuctionStore } from '../../auction/party/store.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import { frame } from '../../mpc/bytes.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { type AuctionWorld, random } from '../support/auction-world.ts';
import {
  ALL_FAULTS,
  arrangements,
  honestAuction,
  joinPools,
  type Pool,
  watchedWorld,
} from './evidence-pool.ts';
import { unframe } from './party/blame-world.ts';

let world: AuctionWorld;
let own: Pool;
let both: Pool;
let tenders: readonly CheckedTender[];

beforeAll(async () => {
  const first = await honestAuction();
  const second = await honestAuction();
  world = first.world;
  own = first.pool;
  both = joinPools(first.pool, second.pool);
  tenders = [first.world.tender, second.world.tender];
});

/** Undefined where the evidence is refused, as it must be, with one of the codes for that. */
function proves(evidence: unknown, tender: CheckedTender): PartyIndex | undefined {
  try {
    return checkEvidence(evidence, tender, nodeSignatures).party;
  } catch (error) {
    if (error instanceof AuctionError && error.code.startsWith('EVIDENCE_')) return undefined;
    throw error;
  }
}

const evidenceOf = (tender: CheckedTender, party: PartyIndex, fault: Fault, documents: object) => ({
  kind: 'evidence',
  tender: tender.id,
  party,
  fault,
  ...documents,
});

describe('documents of honest parties', () => {
  test('there are some of every kind', () => {
    expect(own.lists).toHaveLength(3);
    expect(new Set(own.messages.map(({ kind }) => kind)).size).toBe(3);
    expect(own.hellos.length).toBe(6);
    expect(own.outcomes.length).toBeGreaterThan(3);
    for (const fault of ALL_FAULTS) expect(arrangements(both)[fault].length, fault).toBeGreaterThan(0);
  });

  test.each(ALL_FAULTS)('in no combination show %s', (fault) => {
    // The receipts and rooted statements of two tenders make many pairs; those of one are all tried.
    const pool = fault === 'bid-not-passed' || fault === 'outcome-contradicts-lists' ? own : both;
    let tried = 0;
    for (const tender of tenders) {
      for (const documents of arrangements(pool)[fault]) {
        for (const party of PARTIES) {
          tried += 1;
          expect(proves(evidenceOf(tender, party, fault, documents), tender), fault).toBeUndefined();
        }
      }
    }
    expect(tried).toBeGreaterThan(0);
  });

  test('altered anywhere show nothing', () => {
    const all = arrangements(own);
    fc.assert(
      fc.property(
        fc.constantFrom(...ALL_FAULTS),
        fc.constantFrom(...PARTIES),
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 3 }),
        (fault, party, which, changes) => {
          const documents = all[fault][which % all[fault].length]!;
          let evidence: unknown = evidenceOf(world.tender, party, fault, documents);
          for (const [where, how] of changes) evidence = altered(evidence, where, how);
          expect(proves(evidence, world.tender)).toBeUndefined();
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('whatever the bidders did and the clocks showed, show nothing', async () => {
    const step = fc.record({
      bidder: fc.constantFrom('Ann', 'Bob', 'Cid'),
      version: fc.integer({ min: 1, max: 3 }),
      withdraws: fc.boolean(),
      to: fc.subarray([...PARTIES], { minLength: 1 }),
      advanceMs: fc.integer({ min: -30, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.option(fc.integer({ min: 900, max: 1_200 }), { nil: undefined }),
        fc.integer({ min: -100, max: 100 }),
        async (steps, closesAtMs, closingMs) => {
          const closesAt = closesAtMs === undefined ? undefined : new Date(closesAtMs).toISOString();
          const { world: run, pool } = await watchedWorld({
            // Enough bids never come together, so nothing has to be computed.
            spec: { minimumBids: 1_000, ...(closesAt === undefined ? {} : { closesAt }) },
          });
          for (const { bidder, version, withdraws, to, advanceMs } of steps) {
            run.clock.advance(advanceMs);
            const submission = withdraws
              ? run.withdrawal(bidder, version)
              : await run.bid(bidder, 5n, { version });
            pool.submissions.push(submission);
            const answers = await Promise.allSettled(
              to.map((party) => run.parties[party].submit(run.id, submission)),
            );
            for (const answer of answers) if (answer.status === 'fulfilled') pool.receipts.push(answer.value);
          }
          run.clock.advance(closingMs);
          await run.closeAll();
          for (const { outcome } of await run.clearAll()) pool.outcomes.push(outcome);
          expect(pool.lists).toHaveLength(3);
          expect(findEvidence(pool, run.tender, nodeSignatures)).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a party that crashes, or runs twice,', () => {
  test('still says one thing', async () => {
    const { world: run, pool } = await watchedWorld({ spec: { tieBreak: 'lottery' } });
    await run.submit(await run.bid('Ann', 5n));
    await run.submit(await run.bid('Bob', 7n), [0, 2]);
    await run.closeAll();
    const stop = new AbortController();
    const cutOff = run.parties[0].clear(run.id, { signal: stop.signal });
    const beside = [...run.parties.slice(1), run.start(0), run.start(0)].map((party) => party.clear(run.id));
    setTimeout(() => stop.abort(new Error('crashed')), 15);
    await Promise.allSettled([cutOff, ...beside]);
    const [report] = await run.clearAll();
    pool.outcomes.push(report!.outcome);
    expect(pool.lists).toHaveLength(3);
    expect(pool.hellos.length).toBeGreaterThan(2);
    expect(findEvidence(pool, run.tender, nodeSignatures)).toEqual([]);
  });
});

/** Combinations of each kind that are tried against each honest party. */
const MAX_TRIED = 1_000;

describe('a corrupt party that signs whatever it likes', () => {
  test('frames nobody, and only itself', () => {
    const pool = joinPools(own, signedBy2());
    for (const fault of ALL_FAULTS) {
      const all = arrangements(pool)[fault];
      // Every one where there are few, and a sample of the thousands that three lists and a message make.
      const stride = Math.ceil(all.length / MAX_TRIED);
      const offset = random(1)[0]! % stride;
      for (let index = offset; index < all.length; index += stride) {
        for (const party of [0, 1] as const) {
          const evidence = evidenceOf(world.tender, party, fault, all[index]!);
          expect(proves(evidence, world.tender), `${fault} from ${offset}`).toBeUndefined();
        }
      }
    }
    const proofs = findEvidence(pool, world.tender, nodeSignatures);
    expect(new Set(proofs.map(({ verdict }) => verdict.party))).toEqual(new Set([2]));
    // So the search above had teeth: the same documents prove most faults against the party that signed them.
    expect(new Set(proofs.map(({ verdict }) => verdict.fault)).size).toBeGreaterThan(10);
  });

  type Body = Record<string, unknown>;

  const sign2 = (kind: string, body: Body): Body => {
    const message = frame('tacit/1', kind, canonicalBytes(body));
    return { ...body, signature: toBase64url(world.keys[2].signing.sign(message)) };
  };

  /** Variants of what every party said, signed by party 2 in its own and in the others' names. */
  function signedBy2(): Pool {
    const other = toBase64url(random(32));
    const restated = (document: object, changes: readonly Body[]): Body[] => {
      const { signature: _, ...body } = document as Body;
      return changes.map((change) => {
        const changed = { ...body, ...change };
        return sign2(String(changed['kind']), changed);
      });
    };
    const own2 = <Kept extends { readonly party: PartyIndex }>(documents: readonly Kept[]) =>
      documents.filter(({ party }) => party === 2);
    const lists = own2(own.lists).flatMap((list) =>
      restated(list, [
        { entries: list.entries.slice(1) },
        { entries: list.entries.map((entry) => ({ ...entry, receivedAt: 1 })) },
        { entries: list.entries.map((entry) => ({ ...entry, bidder: 'Zed' })) },
        { coinCommitment: other },
        { closedAt: 0 },
        { party: 0 },
        { party: 1, entries: [] },
      ]),
    );
    const messages = own2(own.messages).flatMap((message) =>
      restated(message, [
        { root: other },
        { view: other },
        { coin: other },
        { bids: [] },
        { unreadable: [other] },
        { party: 0 },
        { party: 1, root: other },
      ]),
    );
    const receipts = own2(own.receipts).flatMap((receipt) =>
      restated(receipt, [
        { receivedAt: 1 },
        { receivedAt: 60_000 },
        { submission: other },
        { party: 0, receivedAt: 2 },
        { party: 1, submission: other },
      ]),
    );
    const [{ statement }] = own.outcomes as unknown as [{ statement: Body }];
    const outcomes = [
      { closingRoot: other },
      { coins: [other, other, other] },
      { liveBids: [{ lot: '1', count: 9 }] },
      { lots: [{ lot: '1', outcome: 'no-sale', reason: 'too-few-bids' }] },
    ].flatMap((change) => {
      const changed = { ...statement, ...change };
      const signature = toBase64url(
        world.keys[2].signing.sign(frame('tacit/1', 'outcome', canonicalBytes(changed))),
      );
      return PARTIES.map((party) => ({ statement: changed, signatures: [{ party, signature }] }));
    });
    const hellos = own2(own.hellos).flatMap(({ hello }) =>
      [4, 5, 6, 7, 8].flatMap((position) => {
        const [told] = unframe(new Uint8Array(Buffer.from(hello, 'base64url')));
        const fields = unframe(told!).map((field, index) =>
          index === position ? (position === 7 ? new TextEncoder().encode('0') : new Uint8Array(32)) : field,
        );
        const changed = frame(...fields);
        const signature = world.keys[2].signing.sign(frame('tacit/1 hello', changed));
        return PARTIES.map((party) => ({ party, hello: toBase64url(frame(changed, signature)) }));
      }),
    );
    return { lists, messages, receipts, outcomes, hellos, submissions: [] } as unknown as Pool;
  }
});

/** A copy with one leaf, or the order or number of one array's items, changed. */
function altered(value: unknown, where: number, how: number): unknown {
  const copy: unknown = structuredClone(value);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: object) => {
    for (const [key, child] of Object.entries(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      if (typeof child === 'object' && child !== null) visit(child);
    }
  };
  visit(copy as object);
  const { holder, key } = places[where % places.length]!;
  holder[key] = variant(holder[key], how);
  return copy;
}

function variant(value: unknown, how: number): unknown {
  if (typeof value === 'number') return [value + 1, Math.max(0, value - 1), 0, 1, 2][how % 5];
  if (Array.isArray(value))
    return [value.slice(1), [...value, ...value.slice(0, 1)], value.toReversed()][how % 3];
  if (typeof value !== 'string' || value.length === 0) return how % 2 === 0 ? null : 'x';
  const at = how % value.length;
  const digit = value[at] === 'A' ? 'B' : 'A';
  return value.slice(0, at) + digit + value.slice(at + 1);
}

test('a bid stored too late to be listed gets no receipt, however often it is sent', async () => {
  const { world, pool } = await watchedWorld({ spec: { minimumBids: 1000 } });
  const bid = await world.bid('Ann', 5n);
  const [store] = world.stores;
  const put = Promise.withResolvers<void>();
  const look = Promise.withResolvers<void>();
  const first = world.start(0, { store: holding(store, 'putSubmission', put.promise) }).submit(world.id, bid);
  const again = world
    .start(0, { store: holding(store, 'latestSubmission', look.promise) })
    .submit(world.id, bid);
  const ends = Promise.allSettled([first, again]);
  await store.submissions(world.id);
  await world.closeAll();
  await world.clearAll();
  put.resolve();
  await first.catch(() => {});
  look.resolve();
  for (const end of await ends) {
    if (end.status === 'fulfilled') pool.receipts.push(end.value);
    else expect(end.reason).toMatchObject({ code: 'BID_AFTER_DEADLINE' });
  }
  expect(findEvidence(pool, world.tender, nodeSignatures)).toEqual([]);
});

/** A store whose one method waits for a gate. */
function holding(store: AuctionStore, method: keyof AuctionStore, gate: Promise<void>): AuctionStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== method) return value.bind(target);
      return async (...given: unknown[]) => {
        await gate;
        return value.apply(target, given);
      };
    },
  });
}
