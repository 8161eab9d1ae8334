/**
 * Evidence that a bidder or an auditor brings, with receipts and lists in hand, and what is refused as evidence.
 * What the parties find themselves is in party/blame.test.ts.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import {
  type ClosingList,
  createClosingList,
  type ListEntry,
  MAX_LIST_ENTRIES,
} from '../../auction/closing-list.ts';
import type { AuctionErrorCode } from '../../auction/errors.ts';
import { checkEvidence } from '../../auction/evidence.ts';
import { FAULTS, type Fault } from '../../auction/evidence-document.ts';
import { faultInList } from '../../auction/evidence-rules.ts';
import { findEvidence } from '../../auction/evidence-search.ts';
import { signOutcome } from '../../auction/outcome.ts';
import type { AuctionStore } from '../../auction/party/store.ts';
import { createReceipt } from '../../auction/receipt.ts';
import type { Submission } from '../../auction/submission.ts';
import { checkTender } from '../../auction/tender.ts';
import { type AuctionWorld, random } from '../support/auction-world.ts';
import { emptyPool, type Pool, watchedWorld } from './evidence-pool.ts';
import { at, overTheWire, refused } from './fixture.ts';

const DEADLINE_MS = 50_000;

let world: AuctionWorld;
let pool: Pool;
let ann: Submission;

beforeEach(async () => {
  ({ world, pool } = await watchedWorld({ spec: { closesAt: new Date(DEADLINE_MS).toISOString() } }));
  ann = await world.bid('Ann', 5n);
  pool.submissions.push(ann);
  pool.receipts.push(...(await world.submit(ann)));
  await world.submit(await world.bid('Bob', 7n));
});

/** Party 2 lists from a store of its own making; the two others do not notice, since two lists decide. */
async function clearWithStoreOf2(change: (store: AuctionStore) => Partial<AuctionStore>): Promise<void> {
  await world.closeAll();
  const store = world.stores[2];
  world.parties[2] = world.start(2, {
    store: new Proxy(store, {
      get: (target, name) => {
        const changed: unknown = Reflect.get(change(store), name);
        if (changed !== undefined) return changed;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  });
  await world.clearAll();
}

/** What a stranger finds in the documents, with the published tender. */
function found(): readonly { readonly party: number; readonly fault: Fault; readonly sentence: string }[] {
  const tender = checkTender(overTheWire(world.tender.signed));
  return findEvidence(pool, tender).map(({ evidence, verdict }) => {
    expect(checkEvidence(overTheWire(evidence), tender)).toEqual(verdict);
    return verdict;
  });
}

function listOf2(change: Partial<ClosingList>): ClosingList {
  const list = pool.lists.find(({ party }) => party === 2)!;
  return createClosingList({ ...list, ...change, terms: world.tender.terms, signer: world.keys[2].signing });
}

describe('what a bidder can show with its receipts', () => {
  test('a bid that a party dropped, though the auction ended well', async () => {
    await clearWithStoreOf2((store) => ({
      submissions: async (id) =>
        (await store.submissions(id)).filter(({ submission }) => submission.bidder !== 'Ann'),
    }));
    expect(found()).toMatchObject([{ party: 2, fault: 'receipt-not-listed' }]);
  });

  test('a bid that a party dated otherwise', async () => {
    await clearWithStoreOf2((store) => ({
      submissions: async (id) =>
        (await store.submissions(id)).map((stored) => ({
          ...stored,
          receipt: { ...stored.receipt, receivedAt: at(1) },
        })),
    }));
    expect(found()).toMatchObject([{ party: 2, fault: 'entry-contradicts-receipt' }]);
    expect(found()[0]?.sentence).toContain('receivedAt');
  });

  test('a bid that a party dropped by closing before it', async () => {
    await world.closeAll();
    await world.clearAll();
    pool.lists.push(listOf2({ closedAt: at(5), entries: [] }));
    expect(found().map(({ fault }) => fault)).toContain('receipt-not-listed');
  });

  test('two receipts for one submission, or for one version', async () => {
    const [, , receipt] = pool.receipts;
    const signer = world.keys[2].signing;
    pool.receipts.push(createReceipt({ party: 2, signer, submission: ann, receivedAt: at(9) }));
    expect(found()).toMatchObject([{ party: 2, fault: 'two-receipts' }]);
    pool.receipts.pop();
    const other = await world.bid('Ann', 6n);
    pool.receipts.push(
      createReceipt({ party: 2, signer, submission: other, receivedAt: receipt!.receivedAt }),
    );
    expect(found()).toMatchObject([{ party: 2, fault: 'two-receipts' }]);
  });

  test('a receipt at or after the deadline, but not one just before', () => {
    const receiptAt = (milliseconds: number) =>
      createReceipt({
        party: 2,
        signer: world.keys[2].signing,
        submission: ann,
        receivedAt: at(milliseconds),
      });
    for (const [milliseconds, faults] of [
      [DEADLINE_MS, ['receipt-breaks-rules']],
      [DEADLINE_MS + 1, ['receipt-breaks-rules']],
      [DEADLINE_MS - 1, []],
    ] as const) {
      pool = { ...emptyPool(), receipts: [receiptAt(milliseconds)] };
      expect(found().map(({ fault }) => fault)).toEqual(faults);
    }
  });
});

describe('what an auditor finds in the outboxes', () => {
  test('a second outcome of a party, shown to one peer alone', async () => {
    await world.closeAll();
    const [report] = await world.clearAll();
    const { statement } = report!.outcome;
    const lots = statement.lots.map((lot) => ({ ...lot, price: '6' }));
    const other = { ...statement, lots } as typeof statement;
    pool.outcomes.push({ statement: other, signatures: [signOutcome(other, 2, world.keys[2].signing)] });
    pool.outcomes.push(report!.outcome);
    expect(found()).toMatchObject([{ party: 2, fault: 'two-outcomes' }]);
  });

  test('a list that no honest party signs', async () => {
    await world.closeAll();
    await world.clearAll();
    const list = pool.lists.find(({ party }) => party === 2)!;
    const [entry] = list.entries;
    const hash = () => toBase64url(random(32));
    const { terms } = world.tender;
    const sound: readonly [string, Partial<ClosingList>][] = [['as it is', {}]];
    const faulty: readonly [string, Partial<ClosingList>][] = [
      ['after the deadline', { closedAt: at(DEADLINE_MS + 1) }],
      ['a late submission', { entries: [{ ...entry!, receivedAt: at(DEADLINE_MS) }] }],
      ['a submission after it closed', { closedAt: at(entry!.receivedAt - 1), entries: [entry!] }],
      ['one version twice', { entries: [entry!, { ...entry!, submission: hash() }] }],
      [
        'two keys of one name',
        { entries: [entry!, { ...entry!, submission: hash(), bidderKey: hash(), version: 2 }] },
      ],
    ];
    for (const [name, change] of sound) expect(faultInList(listOf2(change), terms), name).toBeUndefined();
    for (const [name, change] of faulty) {
      const signed = listOf2(change);
      expect(faultInList(signed, terms), name).toEqual(expect.any(String));
      pool = { ...emptyPool(), lists: [signed] };
      expect(found(), name).toMatchObject([{ party: 2, fault: 'list-breaks-rules' }]);
    }
  });

  test('a bidder who may not bid, in a list', () => {
    const spec = {
      ...world.tender.terms.spec,
      bidders: [{ name: 'Ann', publicKey: toBase64url(random(32)) }],
    };
    const list = {
      ...emptyList(),
      entries: [entryOf('Zed')],
    };
    expect(faultInList(list, { ...world.tender.terms, spec })).toContain('Zed');
    const invited = {
      ...spec,
      bidders: [...spec.bidders, { name: 'Zed', invitation: toBase64url(random(32)) }],
    };
    expect(faultInList(list, { ...world.tender.terms, spec: invited })).toBeUndefined();
  });
});

describe('a list at its bound', () => {
  test('excuses the latest submissions alone', async () => {
    const entries = Array.from({ length: MAX_LIST_ENTRIES }, (_, index) => ({
      ...entryOf(`bidder ${index}`),
      receivedAt: at(100),
    }));
    const list = createClosingList({
      ...emptyList(),
      terms: world.tender.terms,
      signer: world.keys[2].signing,
      closedAt: at(200),
      entries,
    });
    const receiptAt = (milliseconds: number) =>
      createReceipt({
        party: 2,
        signer: world.keys[2].signing,
        submission: ann,
        receivedAt: at(milliseconds),
      });
    const evidence = (milliseconds: number) => ({
      kind: 'evidence',
      tender: world.id,
      party: 2,
      fault: 'receipt-not-listed',
      receipt: receiptAt(milliseconds),
      list,
    });
    expect(checkEvidence(evidence(99), world.tender)).toMatchObject({ party: 2 });
    for (const milliseconds of [100, 150]) {
      refused(() => checkEvidence(evidence(milliseconds), world.tender), 'EVIDENCE_PROVES_NOTHING');
    }
  });
});

describe('refused as evidence', () => {
  const evidence = (changes: Readonly<Record<string, unknown>> = {}) => ({
    kind: 'evidence',
    tender: world.id,
    party: 2,
    fault: 'receipt-breaks-rules',
    receipt: createReceipt({
      party: 2,
      signer: world.keys[2].signing,
      submission: ann,
      receivedAt: at(DEADLINE_MS),
    }),
    ...changes,
  });

  test('nothing is, where the documents prove the fault', () => {
    expect(checkEvidence(evidence(), world.tender)).toEqual({
      party: 2,
      fault: 'receipt-breaks-rules',
      sentence: `Party 2 ${FAULTS['receipt-breaks-rules']}: it is dated at or after the deadline.`,
    });
  });

  test('what has another form', () => {
    const cases: readonly unknown[] = [
      undefined,
      null,
      'text',
      {},
      evidence({ fault: 'bad-manners' }),
      evidence({ party: 3 }),
      evidence({ extra: 1 }),
      evidence({ receipt: undefined }),
    ];
    for (const json of cases) refused(() => checkEvidence(json, world.tender), 'EVIDENCE_MALFORMED');
  });

  test('what is about another tender, in whole or in part', async () => {
    const { world: other } = await watchedWorld();
    refused(() => checkEvidence(evidence(), other.tender), 'EVIDENCE_OTHER_TENDER');
    refused(() => checkEvidence(evidence({ tender: other.id }), other.tender), 'EVIDENCE_OTHER_TENDER');
  });

  test('what the accused did not sign', () => {
    const cases: readonly [unknown, AuctionErrorCode][] = [
      [evidence({ party: 1 }), 'EVIDENCE_SIGNATURE'],
      [evidence({ party: 1, receipt: { ...evidence().receipt, party: 1 } }), 'EVIDENCE_SIGNATURE'],
      [evidence({ receipt: { ...evidence().receipt, receivedAt: DEADLINE_MS + 1 } }), 'EVIDENCE_SIGNATURE'],
    ];
    for (const [json, code] of cases) refused(() => checkEvidence(json, world.tender), code);
  });

  test('documents without a canonical form', () => {
    for (const parcels of ['\ud800', Number.NaN, 1n]) {
      const message = {
        kind: 'closing-repair',
        tender: world.id,
        party: 2,
        root: toBase64url(random(32)),
        signature: toBase64url(random(64)),
        parcels,
      };
      const json = evidence({ fault: 'two-messages', receipt: undefined, messages: [message, message] });
      const { receipt: _, ...unsound } = json;
      refused(() => checkEvidence(unsound, world.tender), 'EVIDENCE_MALFORMED');
    }
  });
});

function emptyList(): ClosingList {
  return {
    kind: 'closing-list',
    tender: world.id,
    party: 2,
    closedAt: at(40_000),
    entries: [],
    coinCommitment: toBase64url(random(32)),
    signature: toBase64url(random(64)),
  };
}

function entryOf(bidder: string): ListEntry {
  const submission = toBase64url(random(32));
  const bidderKey = toBase64url(random(32));
  return { submission, kind: 'bid', lot: '1', bidder, bidderKey, version: 1, receivedAt: at(100) };
}

test('every kind of fault has its sentence', () => {
  for (const sentence of Object.values(FAULTS)) expect(sentence).toMatch(/^[a-z][^.]+$/);
});
