/**
 * The rules of the auction in plain arithmetic on sorted lists: what every clearing is compared with. It shares
 * no code with the product: no ranks, no phantoms, no circuits.
 */

export interface OracleRules {
  readonly direction: 'lowest' | 'highest';
  readonly rule: 'first-price' | 'second-price';
  readonly reserve?: bigint;
  readonly minimumBids: number;
}

export interface OracleBid {
  readonly bidder: string;
  readonly amount: bigint;
}

export type OracleOutcome =
  | { readonly outcome: 'awarded'; readonly winner: string; readonly price: bigint }
  | { readonly outcome: 'no-sale'; readonly reason: 'reserve-not-met' | 'too-few-bids' };

/** @param bids those that stand in one lot, the one that wins ties first */
export function oracleOutcome(rules: OracleRules, bids: readonly OracleBid[]): OracleOutcome {
  if (bids.length === 0 || bids.length < rules.minimumBids) {
    return { outcome: 'no-sale', reason: 'too-few-bids' };
  }
  const isBetter = (left: bigint, right: bigint) =>
    rules.direction === 'lowest' ? left < right : left > right;
  const { reserve } = rules;
  const acceptable = bids.filter(({ amount }) => reserve === undefined || !isBetter(reserve, amount));
  const [best, second] = acceptable
    .map((bid, place) => ({ ...bid, place }))
    .sort((left, right) => {
      if (isBetter(left.amount, right.amount)) return -1;
      if (isBetter(right.amount, left.amount)) return 1;
      return left.place - right.place;
    });
  if (best === undefined) return { outcome: 'no-sale', reason: 'reserve-not-met' };
  const price = rules.rule === 'first-price' ? best.amount : (second?.amount ?? reserve ?? best.amount);
  return { outcome: 'awarded', winner: best.bidder, price };
}

export interface OracleRow {
  readonly lot: string;
  readonly bidder: string;
  readonly amount: bigint | 'withdraw';
}

/** The bids that stand in a lot after all rows, in the order in which each was last changed. */
export function standingBids(rows: readonly OracleRow[], lot: string): readonly OracleBid[] {
  const standing: OracleBid[] = [];
  for (const row of rows.filter((candidate) => candidate.lot === lot)) {
    const before = standing.findIndex(({ bidder }) => bidder === row.bidder);
    if (before >= 0) standing.splice(before, 1);
    if (row.amount !== 'withdraw') standing.push({ bidder: row.bidder, amount: row.amount });
  }
  return standing;
}
