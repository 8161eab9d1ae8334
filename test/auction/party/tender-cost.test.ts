/** Dollars of a tender: the promised price, sums, and the units that a real auction consumed. */

import { describe, expect, test } from 'vitest';
import type { Told } from '../../../auction/party/telling-units.ts';
import { idleCost, type TenderCost, tenderCost } from '../../../auction/party/tender-cost.ts';
import { DYNAMODB_PRICES } from '../../../mpc/prices.ts';
import { readRepositoryFile } from '../../docs/repository.ts';
import { runCountedAuction } from '../../support/counted-auction.ts';

const SHAPE = { bids: 100, bits: 64, rule: 'first-price', protocol: 'verified' } as const;

describe('the cost of a tender', () => {
  test('of a hundred bids of 64 bits is below a cent in all three accounts together', () => {
    expect(tenderCost(SHAPE).dollars).toBeLessThan(0.01);
    expect(tenderCost({ ...SHAPE, rule: 'second-price' }).dollars).toBeLessThan(0.01);
  });

  test('is the sum of its lines, each an amount at a price', () => {
    const { lines, dollars } = tenderCost(SHAPE);
    expect(dollars).toBeCloseTo(
      lines.reduce((sum, { dollars: part }) => sum + part, 0),
      12,
    );
    for (const { amount, dollars: part } of lines) {
      expect(amount).toBeGreaterThan(0);
      expect(part).toBeGreaterThan(0);
    }
  });

  test('with events is dearer by the events, the units and the time of telling, and no more', () => {
    const silent = tenderCost(SHAPE);
    expect(silent.telling).toEqual({ writes: 0, reads: 0, eventBytes: 0 });
    const amountOf = ({ lines }: TenderCost, what: string) =>
      lines.find((line) => line.what === what)?.amount ?? 0;
    const whats = [...new Set([...silent.lines.map(({ what }) => what), 'events'])];
    /** What is more than without events, but for the time. */
    const more = (told: Told) => {
      const cost = tenderCost(SHAPE, told);
      const added = whats.map((what) => [what, amountOf(cost, what) - amountOf(silent, what)] as const);
      const { compute, ...amounts } = Object.fromEntries(added.filter(([, amount]) => amount !== 0));
      return { amounts, compute, dollars: cost.dollars - silent.dollars };
    };
    const bus = more({ bus: true, webhooks: 0 });
    const all = more({ bus: true, webhooks: 5 });
    const one = more({ bus: false, webhooks: 1 });
    const five = more({ bus: false, webhooks: 5 });
    expect(bus.amounts).toEqual({ events: 3, writes: 9, reads: 18 });
    // A mark for each further destination; they are told at the same time.
    expect(all.amounts).toEqual({ events: 3, writes: 9 + 3 * 5, reads: 18 });
    expect(one.amounts).toEqual({ writes: 9, reads: 18 });
    expect(bus.compute).toBeGreaterThan(0);
    expect(five.compute).toBe(one.compute);
    expect(all.dollars).toBeGreaterThan(bus.dollars);
    expect(all.dollars).toBeLessThan(0.0002);
  });

  test('grows with bids and bits, in proportion where there are many', () => {
    const dollarsOf = (bids: number, bits = 64) => tenderCost({ ...SHAPE, bids, bits }).dollars;
    const growing = [1, 10, 100, 1_000, 10_000].map((bids) => dollarsOf(bids));
    expect(growing).toEqual([...growing].sort((left, right) => left - right));
    expect(dollarsOf(20_000) / dollarsOf(10_000)).toBeCloseTo(2, 0);
    expect(dollarsOf(1_000, 64)).toBeGreaterThan(dollarsOf(1_000, 8));
  });

  test('prices no fewer units than a real auction consumed', async () => {
    const shape = { ...SHAPE, bids: 8, bits: 32 };
    const told = { bus: true, webhooks: 1 };
    const { requests } = await runCountedAuction({ ...shape, told });
    const { lines } = tenderCost(shape, told);
    const counted = { writes: 0, reads: 0 };
    for (const { command, units } of requests) counted[command === 'PutItem' ? 'writes' : 'reads'] += units;
    const predicted = (what: string) => lines.find((line) => line.what === what)!;
    expect(predicted('writes').amount).toBeGreaterThanOrEqual(counted.writes);
    expect(predicted('writes').amount).toBeLessThan(counted.writes + 35);
    expect(predicted('writes').dollars).toBeCloseTo(
      predicted('writes').amount * DYNAMODB_PRICES.writeRequestUnit,
      12,
    );
    expect(predicted('reads').amount).toBeGreaterThanOrEqual(counted.reads);
  }, 30_000);
});

test('the idle cost is the sum of what stands there', () => {
  const { total, ...parts } = idleCost();
  expect(total).toBeCloseTo(
    Object.values(parts).reduce((sum, part) => sum + part, 0),
    9,
  );
});

test('operations.md has the figures that the model gives', () => {
  const page = readRepositoryFile('docs/operations.md');
  expect(page).toContain(`100 bids of 64 bits costs $${tenderCost(SHAPE).dollars.toFixed(4)} in all three`);
  expect(page).toContain(`1,000 bids $${tenderCost({ ...SHAPE, bids: 1_000 }).dollars.toFixed(4)}.`);
  expect(page).toContain(`costs $${idleCost().total.toFixed(2)} a month`);
});
