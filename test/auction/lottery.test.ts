import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import type { ClosingLists, ClosingSet, LiveBid } from '../../auction/closing-set.ts';
import { type Coins, checkCoins, coinCommitment, lotteryOrder, tieOrder } from '../../auction/lottery.ts';
import { at, type Fixture, fixture, refused, seedOf } from './fixture.ts';

const ROOT = 'R'.repeat(43);
const coin = (name: string): string => toBase64url(seedOf(name));
const COINS: Coins = [coin('c0'), coin('c1'), coin('c2')];

const bidOf = (name: string, place = 0): LiveBid => ({
  submission: coin(`bid of ${name}`),
  lot: 'A',
  bidder: name,
  bidderKey: coin(`key of ${name}`),
  version: 1,
  place: at(place),
});
const BIDS = ['Ann', 'Bob', 'Cy', 'Di'].map((name, index) => bidOf(name, index));

let lottery: Fixture;
let earliest: Fixture;
beforeAll(async () => {
  lottery = await fixture({ tieBreak: 'lottery' });
  earliest = await fixture();
});

const order = (coins: Coins, lot = 'A', root = ROOT, bids: readonly LiveBid[] = BIDS): string =>
  lotteryOrder(lottery.terms, root, coins, lot, bids)
    .map((bid) => bid.bidder)
    .join();

describe('the lottery', () => {
  it('orders the same bids the same way, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(BIDS, { minLength: BIDS.length }), (shuffled) => {
        expect(order(COINS, 'A', ROOT, shuffled)).toBe(order(COINS));
      }),
    );
  });

  it('changes with every coin, the lot and the root', () => {
    const winners = (vary: (name: string) => string): number =>
      new Set(Array.from({ length: 60 }, (_, index) => vary(String(index)))).size;
    // 60 draws of 24 orders: fewer than 4 different ones would need a probability below 10^-40.
    expect(winners((name) => order([coin(name), COINS[1], COINS[2]]))).toBeGreaterThan(3);
    expect(winners((name) => order([COINS[0], coin(name), COINS[2]]))).toBeGreaterThan(3);
    expect(winners((name) => order([COINS[0], COINS[1], coin(name)]))).toBeGreaterThan(3);
    expect(winners((name) => order(COINS, name))).toBeGreaterThan(3);
    expect(winners((name) => order(COINS, 'A', name))).toBeGreaterThan(3);
  });

  it('gives every bidder its share of first places', () => {
    const first = new Map<string, number>();
    const draws = 2000;
    for (let draw = 0; draw < draws; draw++) {
      const winner = order([coin(`draw ${draw}`), COINS[1], COINS[2]]).split(',')[0]!;
      first.set(winner, (first.get(winner) ?? 0) + 1);
    }
    // Binomial(2000, 1/4): standard deviation 19.4; six of them. The draws are fixed, so this never flickers.
    for (const { bidder } of BIDS) expect(Math.abs((first.get(bidder) ?? 0) - draws / 4)).toBeLessThan(117);
  });

  it('keeps two bidders with one key apart', () => {
    const twins = [bidOf('Ann'), { ...bidOf('Bob'), bidderKey: bidOf('Ann').bidderKey }];
    const orders = Array.from({ length: 20 }, (_, index) =>
      order([coin(String(index)), COINS[1], COINS[2]], 'A', ROOT, twins),
    );
    expect(new Set(orders)).toEqual(new Set(['Ann,Bob', 'Bob,Ann']));
  });
});

describe('the order of ties', () => {
  const set = (): ClosingSet => ({ root: ROOT, counted: [], live: new Map([['A', BIDS]]) });

  it('is by place, or by lottery, as the tender says', () => {
    expect(tieOrder(earliest.terms, set(), undefined, 'A')).toEqual(BIDS);
    expect(tieOrder(lottery.terms, set(), COINS, 'A')).toEqual(
      lotteryOrder(lottery.terms, ROOT, COINS, 'A', BIDS),
    );
    refused(() => tieOrder(lottery.terms, set(), undefined, 'A'), 'COIN_MALFORMED');
    refused(() => tieOrder(earliest.terms, set(), undefined, 'Z'), 'LOT_UNKNOWN');
  });
});

describe('a coin', () => {
  it('opens the commitment of its party in its tender alone', () => {
    const value = seedOf('c0');
    const commitments = [
      coinCommitment(value, 't', 0),
      coinCommitment(value, 't', 1),
      coinCommitment(value, 'u', 0),
      coinCommitment(seedOf('c1'), 't', 0),
    ];
    expect(new Set(commitments).size).toBe(4);
    refused(() => coinCommitment(value.slice(1), 't', 0), 'COIN_MALFORMED');
  });

  it('is checked against the list of its party, in whatever order lists come', () => {
    const list = (party: 0 | 1 | 2, committed = coinCommitment(seedOf(`c${party}`), lottery.id, party)) => ({
      kind: 'closing-list' as const,
      tender: lottery.id,
      party,
      closedAt: at(1),
      entries: [],
      coinCommitment: committed,
      signature: '',
    });
    const lists: ClosingLists = [list(2), list(0), list(1)];
    checkCoins(lists, COINS);
    expect(refused(() => checkCoins(lists, [COINS[0], COINS[2], COINS[2]]), 'COIN_MISMATCH').facts).toEqual({
      party: 1,
    });
    refused(() => checkCoins(lists, [COINS[0], COINS[1], 'AAAA']), 'COIN_MALFORMED');
    const copied: ClosingLists = [list(0), list(1, lists[1].coinCommitment), list(2)];
    refused(() => checkCoins(copied, [COINS[0], COINS[0], COINS[2]]), 'COIN_MISMATCH');
  });
});
