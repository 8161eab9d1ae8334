import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkReceipt,
  createReceipt,
  type Receipt,
  requireStanding,
  standingOf,
} from '../../auction/receipt.ts';
import { createWithdrawal, type Submission } from '../../auction/submission.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { at, type Fixture, fixture, overTheWire, refused, seedOf } from './fixture.ts';

let tender: Fixture;
let submission: Submission;
let other: Submission;

const receiptOf = (party: PartyIndex, of: Submission = submission): Receipt =>
  createReceipt({ party, signer: tender.signers[party], submission: of, receivedAt: at(1000 + party) });

beforeAll(async () => {
  tender = await fixture();
  const withdraw = (version: number) =>
    createWithdrawal({
      terms: tender.terms,
      lot: 'A',
      bidder: 'Ann',
      bidderSecretKey: seedOf('ann'),
      version,
    });
  [submission, other] = [withdraw(1), withdraw(2)];
});

describe('a receipt', () => {
  it('is accepted for its submission, from its party', () => {
    const receipt = receiptOf(1);
    expect(checkReceipt(overTheWire(receipt), { ...tender, submission })).toEqual(receipt);
  });

  it('is refused for another submission, whatever it claims', () => {
    refused(() => checkReceipt(receiptOf(1), { ...tender, submission: other }), 'RECEIPT_MISMATCH');
    for (const change of [
      { lot: 'B' },
      { bidder: 'Bob' },
      { version: 2 },
      { tender: 'A'.repeat(43) },
      { submission: 'A'.repeat(43) },
    ]) {
      refused(
        () => checkReceipt({ ...receiptOf(1), ...change }, { ...tender, submission }),
        'RECEIPT_MISMATCH',
      );
    }
  });

  it('is refused when party, time or signature were changed', () => {
    for (const change of [{ party: 2 }, { receivedAt: 5 }, { signature: 'A'.repeat(86) }]) {
      refused(
        () => checkReceipt({ ...receiptOf(1), ...change }, { ...tender, submission }),
        'RECEIPT_SIGNATURE',
      );
    }
    const forged = createReceipt({ party: 1, signer: tender.signers[0], submission, receivedAt: at(1) });
    refused(() => checkReceipt(forged, { ...tender, submission }), 'RECEIPT_SIGNATURE');
  });

  it.each([
    ['party', { party: 3 }],
    ['receivedAt', { receivedAt: -1 }],
    ['receivedAt', { receivedAt: 1.5 }],
    ['', { note: '' }],
    ['kind', { kind: 'bid' }],
  ])('with a malformed %j is refused', (field, change) => {
    const json = { ...receiptOf(0), ...change };
    const error = refused(() => checkReceipt(json, { ...tender, submission }), 'RECEIPT_MALFORMED');
    expect(error.facts['field']).toBe(field);
  });
});

describe('standing', () => {
  it('needs two different parties and one submission', () => {
    expect(standingOf([])).toBe('does-not-count');
    expect(standingOf([receiptOf(0)])).toBe('does-not-count');
    expect(standingOf([receiptOf(0), receiptOf(0)])).toBe('does-not-count');
    expect(standingOf([receiptOf(0), receiptOf(1, other)])).toBe('does-not-count');
    expect(standingOf([receiptOf(0), receiptOf(2)])).toBe('counts');
    expect(standingOf([receiptOf(0), receiptOf(1), receiptOf(2)])).toBe('counts');
    refused(() => requireStanding([receiptOf(0)]), 'TOO_FEW_RECEIPTS');
    requireStanding([receiptOf(0), receiptOf(1)]);
  });
});
