import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import {
  type ClosingList,
  checkClosingList,
  createClosingList,
  type ListEntry,
  listEntryOf,
} from '../../auction/closing-list.ts';
import { type ClosingLists, type ClosingSet, closingSet } from '../../auction/closing-set.ts';
import { signDocument } from '../../auction/signature.ts';
import { createWithdrawal } from '../../auction/submission.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { at, type Fixture, fixture, overTheWire, refused, seedOf } from './fixture.ts';

const CLOSED_AT = 100;
const COMMITMENT = 'A'.repeat(43);
const hashOf = (name: string): string => toBase64url(seedOf(name));

let tender: Fixture;
let dated: Fixture;

beforeAll(async () => {
  tender = await fixture({ closesAt: undefined });
  dated = await fixture({ closesAt: '1970-01-01T00:00:00.050Z' });
});

/** Unsigned: `closingSet` reads lists that were checked before. */
function listOf(
  party: PartyIndex,
  entries: readonly ListEntry[],
  closedAt = CLOSED_AT,
  of = tender,
): ClosingList {
  return {
    kind: 'closing-list',
    tender: of.id,
    party,
    closedAt: at(closedAt),
    entries,
    coinCommitment: COMMITMENT,
    signature: '',
  };
}

interface Facts {
  readonly lot?: string;
  readonly bidder?: string;
  readonly key?: string;
  readonly version?: number;
  readonly kind?: 'bid' | 'withdrawal';
}

/** The hash is a function of the facts, as it is for real submissions. */
function entry(facts: Facts, receivedAt: number): ListEntry {
  const { lot = 'A', bidder = 'Ann', key = bidder, version = 1, kind = 'bid' } = facts;
  const submission = hashOf(JSON.stringify([kind, lot, bidder, key, version]));
  return { submission, kind, lot, bidder, bidderKey: hashOf(key), version, receivedAt: at(receivedAt) };
}

const setOf = (entries: readonly [ListEntry[], ListEntry[], ListEntry[]]): ClosingSet =>
  closingSet(tender.terms, [listOf(0, entries[0]), listOf(1, entries[1]), listOf(2, entries[2])]);

const factsArbitrary = fc.record({
  lot: fc.constantFrom('A', 'B'),
  bidder: fc.constantFrom('Ann', 'Bob', 'Cy'),
  version: fc.integer({ min: 1, max: 3 }),
  kind: fc.constantFrom('bid' as const, 'withdrawal' as const),
});
const entriesArbitrary = fc.uniqueArray(
  fc.tuple(factsArbitrary, fc.integer({ min: 0, max: 130 })).map(([facts, time]) => entry(facts, time)),
  { selector: (item) => item.submission, maxLength: 12 },
);

describe('the closing set', () => {
  it('does not depend on the order of lists or of entries', () => {
    fc.assert(
      fc.property(
        fc.tuple(entriesArbitrary, entriesArbitrary, entriesArbitrary),
        fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        fc.boolean(),
        (entries, order, reversed) => {
          const lists = PARTIES.map((party) => listOf(party, entries[party]));
          const shuffled = order.map((place) => {
            const list = lists[place]!;
            return reversed ? { ...list, entries: [...list.entries].reverse() } : list;
          });
          const [first, second, third] = [shuffled[0]!, shuffled[1]!, shuffled[2]!];
          expect(closingSet(tender.terms, [first, second, third])).toEqual(setOf(entries));
        },
      ),
    );
  });

  it('holds what two honest parties received in time, and nothing that neither did, whatever the third lists', () => {
    fc.assert(
      fc.property(
        entriesArbitrary,
        entriesArbitrary,
        entriesArbitrary,
        fc.constantFrom(...PARTIES),
        (one, two, third, corrupt) => {
          const honest = PARTIES.filter((party) => party !== corrupt);
          const lists = [
            listOf(honest[0]!, one),
            listOf(honest[1]!, two),
            listOf(corrupt, third, 1_000_000),
          ] as const;
          const counted = new Map(
            closingSet(tender.terms, lists).counted.map((item) => [item.submission, item]),
          );
          const inTime = (entries: readonly ListEntry[]) =>
            new Map(
              entries
                .filter((item) => item.receivedAt <= CLOSED_AT)
                .map((item) => [item.submission, item.receivedAt]),
            );
          const [first, second] = [inTime(one), inTime(two)];
          for (const [submission, time] of first) {
            const other = second.get(submission);
            if (other === undefined) continue;
            const place = counted.get(submission)?.place;
            expect(place).toBeGreaterThanOrEqual(Math.min(time, other));
            expect(place).toBeLessThanOrEqual(Math.max(time, other));
          }
          for (const submission of counted.keys()) {
            expect(first.has(submission) || second.has(submission)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is that of a readable model', () => {
    fc.assert(
      fc.property(fc.tuple(entriesArbitrary, entriesArbitrary, entriesArbitrary), (entries) => {
        const times = new Map<string, number[]>();
        const known = new Map<string, ListEntry>();
        for (const item of entries.flat()) {
          known.set(item.submission, item);
          if (item.receivedAt <= CLOSED_AT) {
            times.set(item.submission, [...(times.get(item.submission) ?? []), item.receivedAt]);
          }
        }
        const counted = [...times]
          .filter(([, list]) => list.length >= 2)
          .map(([submission]) => known.get(submission)!);
        const set = setOf(entries);
        expect(set.counted.map((item) => item.submission)).toEqual(
          counted.map((item) => item.submission).sort(),
        );
        for (const lot of ['A', 'B']) {
          const live = counted.filter(
            (item) =>
              item.lot === lot &&
              item.kind === 'bid' &&
              !counted.some(
                (other) =>
                  other.lot === lot &&
                  other.bidder === item.bidder &&
                  (other.version > item.version ||
                    (other.version === item.version && other.submission < item.submission)),
              ),
          );
          const place = (item: ListEntry): number => times.get(item.submission)!.sort((a, b) => a - b)[1]!;
          live.sort((a, b) => place(a) - place(b) || (a.submission < b.submission ? -1 : 1));
          expect(set.live.get(lot)?.map((bid) => [bid.submission, bid.place])).toEqual(
            live.map((item) => [item.submission, place(item)]),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives another root when a submission, its place or a fact differs', () => {
    const base = (time: number, facts: Facts = {}) => [entry(facts, time)];
    const roots = [
      setOf([base(1), base(2), base(3)]).root,
      setOf([base(1), base(4), base(5)]).root,
      setOf([base(1, { lot: 'B' }), base(2, { lot: 'B' }), base(3, { lot: 'B' })]).root,
      setOf([base(1), [], base(101)]).root,
    ];
    expect(new Set(roots).size).toBe(roots.length);
    expect(setOf([base(1), base(2), base(2)]).root).toBe(roots[0]);
  });

  it('names every lot, also one without bids', () => {
    const set = setOf([[], [], []]);
    expect([...set.live]).toEqual([
      ['A', []],
      ['B', []],
    ]);
    expect(set.root).toBe(hashOfNothing);
  });

  const hashOfNothing = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';

  it('keeps two keys under one name apart', () => {
    const [mine, theirs] = [entry({ key: 'one' }, 1), entry({ key: 'other', version: 2 }, 2)];
    expect(setOf([[mine, theirs], [mine, theirs], []]).live.get('A')).toHaveLength(2);
  });

  it('counts what arrived up to the closing of its party, and only before the deadline', () => {
    const countAt = (time: number, closedAt: number, of: Fixture): number => {
      const lists = PARTIES.map((party) => listOf(party, [entry({}, time)], closedAt, of));
      return closingSet(of.terms, [lists[0]!, lists[1]!, lists[2]!]).counted.length;
    };
    expect([countAt(99, 100, tender), countAt(100, 100, tender), countAt(101, 100, tender)]).toEqual([
      1, 1, 0,
    ]);
    expect([countAt(49, 100, dated), countAt(50, 100, dated), countAt(51, 100, dated)]).toEqual([1, 0, 0]);
    expect(countAt(49, 30, dated)).toBe(0);
  });

  it('stops where two lists give one submission different facts', () => {
    const honest = entry({ version: 1 }, 10);
    for (const lie of [
      { version: 9 },
      { bidder: 'Bob' },
      { lot: 'B' },
      { bidderKey: hashOf('x') },
      { kind: 'withdrawal' as const },
    ]) {
      const error = refused(() => setOf([[honest], [{ ...honest, ...lie }], []]), 'CLOSING_LISTS_DIFFER');
      expect(error.facts).toEqual({ submission: honest.submission, parties: '0 and 1' });
    }
    expect(setOf([[honest], [{ ...honest, receivedAt: at(12) }], []]).counted).toHaveLength(1);
  });

  it('needs one list of each party, for this tender, without repetitions', () => {
    const lists = (change: Partial<ClosingList>): ClosingLists => [
      listOf(0, []),
      listOf(1, []),
      { ...listOf(2, []), ...change },
    ];
    refused(() => closingSet(tender.terms, lists({ party: 1 })), 'CLOSING_LISTS_INCOMPLETE');
    refused(() => closingSet(tender.terms, lists({ tender: dated.id })), 'CLOSING_LIST_OTHER_TENDER');
    const twice = [entry({}, 1), entry({}, 2)];
    refused(() => closingSet(tender.terms, lists({ entries: twice })), 'CLOSING_LIST_DUPLICATE');
  });
});

describe('a closing list', () => {
  const withdrawal = (version: number) =>
    createWithdrawal({
      terms: tender.terms,
      lot: 'A',
      bidder: 'Ann',
      bidderSecretKey: seedOf('ann'),
      version,
    });
  const create = (party: PartyIndex, entries: readonly ListEntry[]) =>
    createClosingList({
      terms: tender.terms,
      party,
      signer: tender.signers[party],
      closedAt: at(CLOSED_AT),
      entries,
      coinCommitment: COMMITMENT,
    });

  it('survives the wire, sorted', () => {
    const entries = [1, 2, 3, 4].map((version) => listEntryOf(withdrawal(version), at(version)));
    const list = create(1, entries);
    expect(checkClosingList(overTheWire(list), tender)).toEqual(list);
    expect(create(1, [...entries].reverse())).toEqual(list);
    expect(list.entries.map((item) => item.submission)).toEqual(
      entries.map((item) => item.submission).sort(),
    );
  });

  it('is refused when changed, or signed by another party', () => {
    const list = create(1, [listEntryOf(withdrawal(1), at(5))]);
    const first = list.entries[0]!;
    for (const change of [
      { party: 0 },
      { closedAt: 99 },
      { entries: [] },
      { coinCommitment: `${'B'.repeat(42)}A` },
      { entries: [{ ...first, receivedAt: 6 }] },
    ]) {
      refused(() => checkClosingList({ ...list, ...change }, tender), 'CLOSING_LIST_SIGNATURE');
    }
    refused(() => checkClosingList({ ...list, tender: dated.id }, tender), 'CLOSING_LIST_OTHER_TENDER');
    refused(() => checkClosingList({ ...list, extra: 1 }, tender), 'CLOSING_LIST_MALFORMED');
    const field = refused(
      () => checkClosingList({ ...list, entries: [{ ...first, version: 0 }] }, tender),
      'CLOSING_LIST_MALFORMED',
    );
    expect(field.facts['field']).toBe('entries[0].version');
  });

  it('names no submission twice and no lot the tender lacks', () => {
    const item = listEntryOf(withdrawal(1), at(5));
    refused(() => create(0, [item, item]), 'CLOSING_LIST_DUPLICATE');
    refused(() => checkClosingList(create(0, [{ ...item, lot: 'Z' }]), tender), 'LOT_UNKNOWN');
  });

  it('must be sorted by whoever signs it', () => {
    const entries = [1, 2, 3].map((version) => listEntryOf(withdrawal(version), at(version)));
    const { signature: _, ...body } = create(0, entries);
    const unsorted = { ...body, entries: [...body.entries].reverse() };
    const signed = { ...unsorted, signature: signDocument('closing-list', unsorted, tender.signers[0]) };
    refused(() => checkClosingList(signed, tender), 'CLOSING_LIST_MALFORMED');
  });
});
