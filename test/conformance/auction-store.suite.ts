/**
 * What every AuctionStore does, whatever it is made of: the memory store and DynamoDB run the same cases.
 *
 * The documents are made up: a store keeps them and looks at lot, bidder, version and party only.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { DUE_AT_ONCE } from '../../auction/party/due-list.ts';
import type { ClearingStatistics } from '../../auction/party/statistics.ts';
import type { AuctionStore, StoredOutcome, StoredSubmission } from '../../auction/party/store.ts';
import type { TenderState } from '../../auction/state.ts';
import type { SignedTender, TenderId } from '../../auction/tender.ts';
import { toEpochMs } from '../../mpc/clock.ts';

const statistics: ClearingStatistics = {
  bids: 3,
  bits: 10,
  protocol: 'replicated',
  rounds: 5,
  ands: 100,
  bytesSent: 400,
  predicted: { rounds: 5, ands: 100, bytes: 400 },
  attempt: 1,
  closingRounds: 2,
  handshakeRounds: 2,
  clearingMs: 7,
};

function outcomeOf(marker: string): StoredOutcome {
  const outcome = {
    statement: { kind: 'outcome', closingRoot: marker },
    signatures: [{ party: 1, signature: 'own' }],
  };
  return { outcome: outcome as unknown as StoredOutcome['outcome'], statistics };
}

function submissionOf(lot: string, bidder: string, version: number, filler = ''): StoredSubmission {
  const submission = { kind: 'bid', lot, bidder, version, filler };
  const stored = {
    hash: `${lot}/${bidder}/${version}${filler.slice(0, 3)}`,
    submission,
    receipt: { version },
  };
  return stored as unknown as StoredSubmission;
}

function tenderOf(marker: string): SignedTender {
  return { tender: { nonce: marker }, signature: marker } as unknown as SignedTender;
}

/** @param open an empty store, made anew for every case */
export function auctionStoreSuite(name: string, open: () => Promise<AuctionStore>): void {
  describe(`auction store: ${name}`, () => {
    const id = 'tender-A' as TenderId;
    const other = 'tender-B' as TenderId;
    let store: AuctionStore;

    beforeEach(async () => {
      store = await open();
      await store.putTender(id, tenderOf('A'));
      await store.putTender(other, tenderOf('B'));
    });

    test('keeps the first tender put under an id', async () => {
      expect(await store.putTender(id, tenderOf('changed'))).toBe('exists');
      expect(await store.tender(id)).toEqual(tenderOf('A'));
      expect(await store.tender('tender-C' as TenderId)).toBeUndefined();
      expect([...(await store.tenders())].sort()).toEqual([id, other]);
    });

    test('pages tenders in the order of their ids, whatever is asked for', async () => {
      const ids = ['tender-A', 'tender-B', 'tender-D', 'tender-a', 'tender_0'] as TenderId[];
      for (const more of ids.slice(2)) await store.putTender(more, tenderOf(more));
      for (const limit of [1, 2, 3, 5, 9]) {
        const seen: TenderId[] = [];
        let after: TenderId | undefined;
        for (let pages = 0; pages < 10; pages++) {
          const page = await store.tenderPage(after === undefined ? { limit } : { limit, after });
          expect(page.tenders.length).toBeLessThanOrEqual(limit);
          seen.push(...page.tenders);
          after = page.next;
          if (after === undefined) break;
          expect(after).toBe(seen.at(-1));
        }
        expect(after).toBeUndefined();
        expect(seen).toEqual(ids);
      }
      const behind = await store.tenderPage({ limit: 9, after: 'tender-C' as TenderId });
      expect(behind).toEqual({ tenders: ids.slice(2) });
    });

    test('binds a name to the first key that claims it, in its tender only', async () => {
      expect(await store.nameHolder(id, 'Ann')).toBeUndefined();
      expect(await store.claimName(id, 'Ann', 'key 1')).toEqual({ holder: 'key 1', first: true });
      expect(await store.claimName(id, 'Ann', 'key 1')).toEqual({ holder: 'key 1', first: false });
      expect(await store.claimName(id, 'Ann', 'key 2')).toEqual({ holder: 'key 1', first: false });
      expect(await store.nameHolder(id, 'Ann')).toBe('key 1');
      expect(await store.claimName(other, 'Ann', 'key 2')).toEqual({ holder: 'key 2', first: true });
    });

    test('lets one of many concurrent claims of a name win', async () => {
      const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
      const claims = await Promise.all(keys.map((key) => store.claimName(id, 'Ann', key)));
      expect(new Set(claims.map(({ holder }) => holder)).size).toBe(1);
      expect(claims.filter(({ first }) => first)).toHaveLength(1);
    });

    test('keeps one submission for each lot, bidder and version', async () => {
      expect(await store.putSubmission(id, submissionOf('1', 'Ann', 1))).toBe('stored');
      expect(await store.putSubmission(id, submissionOf('1', 'Ann', 1, 'other'))).toBe('exists');
      expect(await store.submission(id, '1', 'Ann', 1)).toEqual(submissionOf('1', 'Ann', 1));
      expect(await store.submission(id, '1', 'Ann', 2)).toBeUndefined();
      expect(await store.submission(other, '1', 'Ann', 1)).toBeUndefined();
    });

    test('finds the greatest version as a number, among similar names and lots', async () => {
      expect(await store.latestSubmission(id, '1', 'Ann')).toBeUndefined();
      for (const version of [2, 10, 9, 2 ** 40]) {
        await store.putSubmission(id, submissionOf('1', 'Ann', version));
      }
      await store.putSubmission(id, submissionOf('1', 'Ann#3', 2 ** 41));
      await store.putSubmission(id, submissionOf('1', 'Anna', 2 ** 42));
      await store.putSubmission(id, submissionOf('11', 'Ann', 2 ** 43));
      await store.putSubmission(id, submissionOf('2', 'Ann', 7));
      expect((await store.latestSubmission(id, '1', 'Ann'))?.submission.version).toBe(2 ** 40);
      expect((await store.latestSubmission(id, '2', 'Ann'))?.submission.version).toBe(7);
      expect((await store.latestSubmission(id, '1', 'Änn'))?.submission.version).toBeUndefined();
    });

    test('lists every submission of a tender, over as many pages as it takes', async () => {
      const filler = 'x'.repeat(100_000);
      const all = Array.from({ length: 25 }, (_, index) =>
        submissionOf(String(index % 3), `bidder ${index}`, 1, filler),
      );
      for (const stored of all) await store.putSubmission(id, stored);
      await store.putSubmission(other, submissionOf('1', 'elsewhere', 1));
      const listed = [...(await store.submissions(id))].map(({ hash }) => hash).sort();
      expect(listed).toEqual(all.map(({ hash }) => hash).sort());
    });

    test('moves the state by compare-and-set', async () => {
      const closing = { phase: 'closing', closedAt: 5 } as TenderState;
      const clearing = { phase: 'clearing', closedAt: 5, closingRoot: 'A'.repeat(43) } as TenderState;
      expect(await store.state(id)).toEqual({ state: { phase: 'open' }, revision: 0 });
      expect(await store.putState(id, 1, closing)).toBe(false);
      expect(await store.putState(id, 0, closing)).toBe(true);
      expect(await store.putState(id, 0, clearing)).toBe(false);
      expect(await store.putState(id, 1, clearing)).toBe(true);
      expect(await store.state(id)).toEqual({ state: clearing, revision: 2 });
      expect((await store.state(other)).revision).toBe(0);
    });

    test('lets one of many concurrent transitions win', async () => {
      const closing = { phase: 'closing', closedAt: 5 } as TenderState;
      const won = await Promise.all(Array.from({ length: 20 }, () => store.putState(id, 0, closing)));
      expect(won.filter(Boolean)).toHaveLength(1);
    });

    test('keeps the first coin', async () => {
      expect(await store.putCoin(id, 'heads')).toBe('heads');
      expect(await store.putCoin(id, 'tails')).toBe('heads');
      expect(await store.putCoin(other, 'tails')).toBe('tails');
    });

    test('keeps the first outcome and adds signatures to it, one a party', async () => {
      expect(await store.outcome(id)).toBeUndefined();
      expect(await store.putOutcome(id, outcomeOf('root'))).toBe('stored');
      expect(await store.putOutcome(id, outcomeOf('another'))).toBe('exists');
      expect(await store.outcome(id)).toEqual(outcomeOf('root'));
      expect(await store.putOutcomeSignature(id, { party: 2, signature: 'second' })).toBe('stored');
      expect(await store.putOutcomeSignature(id, { party: 2, signature: 'changed' })).toBe('exists');
      await store.putOutcomeSignature(id, { party: 0, signature: 'zeroth' });
      const expected = outcomeOf('root');
      expect(await store.outcome(id)).toEqual({
        ...expected,
        outcome: {
          ...expected.outcome,
          signatures: [
            { party: 0, signature: 'zeroth' },
            { party: 1, signature: 'own' },
            { party: 2, signature: 'second' },
          ],
        },
      });
      expect(await store.outcome(other)).toBeUndefined();
    });

    describe('the list of what is due', () => {
      const at = (noted: number) => toEpochMs(noted);
      const entry = (tender: string, dueAtMs: number, noted = 5) => ({
        id: tender as TenderId,
        dueAtMs,
        notedAtMs: at(noted),
      });

      test('is read up to a time, in the order of times as numbers and then of ids', async () => {
        const entries = [
          entry('B', 1_000),
          entry('a', 999),
          entry('A', 1_000),
          entry('Z', DUE_AT_ONCE),
          entry('_', 10_000),
          entry('-', 1_000),
        ];
        for (const one of entries) await store.putDue(one);
        const idsUntil = async (until: number) =>
          (await store.dueTenders(until)).tenders.map((one) => String(one.id));
        expect(await idsUntil(0)).toEqual(['Z']);
        expect(await idsUntil(998)).toEqual(['Z']);
        expect(await idsUntil(999)).toEqual(['Z', 'a']);
        expect(await idsUntil(1_000)).toEqual(['Z', 'a', '-', 'A', 'B']);
        expect(await idsUntil(Infinity)).toEqual(['Z', 'a', '-', 'A', 'B', '_']);
        expect((await store.dueTenders(Infinity)).tenders).toContainEqual(entry('B', 1_000));
        // It is another matter than which tenders are kept.
        expect([...(await store.tenders())].sort()).toEqual([id, other]);
      });

      test('has a tender once for each time, however often it is put', async () => {
        await store.putDue(entry('A', 7));
        await store.putDue(entry('A', 7));
        await store.putDue(entry('A', 7, 6));
        await store.putDue(entry('A', DUE_AT_ONCE));
        expect((await store.dueTenders(7)).tenders).toEqual([entry('A', DUE_AT_ONCE), entry('A', 7, 6)]);
      });

      test('loses what is taken off, again too, and nothing that was put anew since it was read', async () => {
        await store.putDue(entry('A', 7));
        await store.putDue(entry('A', DUE_AT_ONCE));
        await store.putDue(entry('B', 7));
        await store.removeDue(entry('A', 7));
        await store.removeDue(entry('A', 7));
        expect((await store.dueTenders(7)).tenders).toEqual([entry('A', DUE_AT_ONCE), entry('B', 7)]);
        await store.putDue(entry('B', 7, 6));
        await store.removeDue(entry('B', 7));
        expect((await store.dueTenders(7)).tenders).toEqual([entry('A', DUE_AT_ONCE), entry('B', 7, 6)]);
      });

      test('says what it was completed for, which is no tender', async () => {
        expect((await store.dueTenders(Infinity)).completedFor).toBeUndefined();
        await store.completeDueList('[]');
        await store.completeDueList('["bus"]');
        for (const until of [0, Infinity]) {
          expect(await store.dueTenders(until)).toEqual({ tenders: [], completedFor: '["bus"]' });
        }
      });

      test('is whole beyond a megabyte', { timeout: 30_000 }, async () => {
        const long = 'x'.repeat(900);
        const ids = Array.from({ length: 1_300 }, (_, index) => `${long}${String(index).padStart(4, '0')}`);
        for (const one of ids) await store.putDue(entry(one, 7));
        expect((await store.dueTenders(7)).tenders.map((one) => String(one.id))).toEqual(ids);
      });
    });
  });
}
