/**
 * The rules of a tender as one circuit for all its lots: what the parties compute on ranks nobody knows.
 *
 * The smallest rank wins, and a tie goes to the earlier candidate, so candidates stand in the order of the tie
 * rule. Behind the live bids stand phantoms, public constants at the limit: the rank of the reserve, or of the
 * ceiling where there is none. They lose every tie, so a phantom wins exactly where no bid is within the limit;
 * then the lot is not sold, the price opened is the limit itself, and nothing about a bid is revealed. So an
 * amount over the ceiling cannot win, though nobody can see that it is one.
 *
 * | rule         | live bids | reserve | phantoms | price opened                                          |
 * | ------------ | --------- | ------- | -------- | ----------------------------------------------------- |
 * | first-price  | any       | any     | 1        | the smallest rank                                     |
 * | second-price | 1         | no      | 1        | the smallest rank: the winner pays its own bid        |
 * | second-price | otherwise |         | 2        | the second smallest: the second bid, or the limit     |
 *
 * In the last case without a reserve, a second bid over the ceiling (sealed by a program of the bidder's own)
 * counts as one at the ceiling. All lots share their rounds. Group sizes come from the planner, for a link
 * that all three parties have agreed on, since they must build the same circuit.
 */

import { planesOf, valuesOf } from '../../mpc/bits/bit-planes.ts';
import type { BitVector } from '../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import type { Circuit, VectorId } from '../../mpc/circuit/circuit.ts';
import { argBest } from '../../mpc/circuits/arg-best.ts';
import type { PriceRule } from '../../mpc/circuits/tournament.ts';
import { DEFAULT_LINK, type Link } from '../../mpc/planner/link.ts';
import { planGroups } from '../../mpc/planner/planner.ts';
import type { ProtocolManifest } from '../../mpc/protocols/protocol.ts';
import { rankOf } from '../amount.ts';
import type { TenderTerms } from '../tender.ts';

/** One lot that is computed. */
export interface CircuitLot {
  readonly lot: string;
  /** Live bids; candidates 0 to bids - 1 of the circuit. */
  readonly bids: number;
  /** The input of bits * bids lanes, plane-major: lane p * bids + c is bit p of candidate c. */
  readonly input: string;
}

export interface ClearingCircuit {
  readonly circuit: Circuit;
  /** Those with enough bids, in the order of the tender. */
  readonly lots: readonly CircuitLot[];
}

/** What a lot's opened outputs say. */
export interface LotResult {
  readonly lot: string;
  /** Place among the live bids in tie order; undefined where none is within the limit. */
  readonly winner?: number;
  /** Rank of the price. */
  readonly price: bigint;
}

/** Whether a lot with so many live bids is computed at all. */
export function hasEnoughBids(terms: TenderTerms, bids: number): boolean {
  return bids > 0 && bids >= terms.spec.minimumBids;
}

/**
 * @param bidsOf the number of live bids of each lot
 * @param protocol the one to evaluate it, which decides how rounds and ANDs weigh
 * @returns undefined where no lot has enough bids
 */
export function clearingCircuit(
  terms: TenderTerms,
  bidsOf: (lot: string) => number,
  protocol: ProtocolManifest,
  link: Link = DEFAULT_LINK,
): ClearingCircuit | undefined {
  const builder = new CircuitBuilder();
  const lots: CircuitLot[] = [];
  terms.lots.forEach((lot, position) => {
    const bids = bidsOf(lot);
    if (!hasEnoughBids(terms, bids)) return;
    const input = `lot/${position}`;
    addLot(builder, terms, input, bids, protocol, link);
    lots.push({ lot, bids, input });
  });
  return lots.length === 0 ? undefined : { circuit: builder.build(), lots };
}

function addLot(
  builder: CircuitBuilder,
  terms: TenderTerms,
  input: string,
  bids: number,
  protocol: ProtocolManifest,
  link: Link,
): void {
  const { bits, spec, reserve } = terms;
  const ownPrice = spec.rule === 'first-price' || (bids === 1 && reserve === undefined);
  const price: PriceRule = ownPrice ? 'best' : 'second';
  const phantoms = ownPrice ? 1 : 2;
  const candidates = bids + phantoms;
  const limits = builder.constant(planesOf(Array(phantoms).fill(limitOf(terms)), bits));
  const ranks = builder.input(input, bits * bids);
  const planes: VectorId[] = [];
  for (let plane = 0; plane < bits; plane++) {
    planes.push(builder.slice(ranks, plane * bids, bids), builder.slice(limits, plane * phantoms, phantoms));
  }
  const { groups } = planGroups({ candidates, bits, price, protocol, link });
  const best = argBest(builder, builder.concat(planes), { candidates, bits, price, groups });
  builder.output(`${input}/winner`, best.winner);
  builder.output(`${input}/price`, best.price);
}

/** The worst rank that may still win. */
function limitOf(terms: TenderTerms): bigint {
  return terms.reserve === undefined ? terms.ceiling : rankOf(terms.reserve, terms);
}

/** @param outputs as opened by a protocol */
export function readResults(
  { lots }: ClearingCircuit,
  outputs: ReadonlyMap<string, BitVector>,
): readonly LotResult[] {
  return lots.map(({ lot, bids, input }) => {
    const winner = Number(numberIn(outputs, `${input}/winner`));
    const price = numberIn(outputs, `${input}/price`);
    return winner < bids ? { lot, winner, price } : { lot, price };
  });
}

function numberIn(outputs: ReadonlyMap<string, BitVector>, name: string): bigint {
  const bits = outputs.get(name);
  const [value] = bits === undefined ? [] : valuesOf(bits, bits.lanes);
  if (value === undefined) throw new RangeError(`the circuit has no output ${name}`);
  return value;
}
