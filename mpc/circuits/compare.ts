/**
 * Which of two unsigned numbers is smaller, for many pairs at once: a parallel-prefix tree over bit-planes.
 *
 * Each run of neighbouring bits is summed up in two bits: `equal`, and `decided`, the right number's bit at the
 * highest place where the two differ (anything if they are equal). Two runs join by
 *
 *   decided = high.equal ? low.decided : high.decided        equal = high.equal AND low.equal
 *
 * which is two ANDs. Single bits need none: decided = right, equal = NOT(left XOR right). Below bit 0 stands a
 * sentinel that says "not smaller", so equal numbers come out right; `equal` of a run that ends in it is never
 * read and never computed.
 *
 * Source: the divide-and-conquer comparison of Garay, Schoenmakers and Villegas, PKC 2007, section 4, which
 * Schneider and Zohner, FC 2013, give as a Boolean circuit of 3k - 2 - ceil(log2 k) ANDs and 1 + ceil(log2 k)
 * layers: there every bit starts with the product (NOT left) AND right. Ours starts from `right` alone, which
 * is the same wherever it is read, and so takes
 *
 *   2k - ceil(log2(k + 1)) ANDs a pair, ceil(log2(k + 1)) layers
 *
 * (k = 64: 121 ANDs instead of 184, 7 layers; k = 63: 6 layers). One `and` operation a layer.
 */

import { BitVector } from '../bits/bit-vector.ts';
import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import { sliceRows } from './rows.ts';

/**
 * @param left plane-major, LSB first: lane p * pairs + i is bit p of the i-th pair's left number
 * @param right of the same shape
 * @returns `pairs` lanes: 1 where left < right
 * @throws MpcError CIRCUIT_INVALID when a vector has not bits * pairs lanes
 */
export function lessThan(
  builder: CircuitBuilder,
  left: VectorId,
  right: VectorId,
  bits: number,
  pairs: number,
): VectorId {
  requirePlanes(builder, left, bits, pairs);
  requirePlanes(builder, right, bits, pairs);
  const order = Uint32Array.from(prefixOrder(bits + 1).slice(0, -1), (place) => place - 1);
  const rightPlanes = builder.gather(right, pairs, order);
  const sentinel = builder.constant(BitVector.zeros(pairs));
  let decided = builder.concat([rightPlanes, sentinel]);
  let equal = builder.not(builder.xor(builder.gather(left, pairs, order), rightPlanes));
  for (let runs = bits + 1; runs > 1; runs = Math.ceil(runs / 2)) {
    const half = runs >> 1;
    const odd = runs % 2;
    const high = sliceRows(builder, decided, pairs, odd, half);
    const low = sliceRows(builder, decided, pairs, odd + half, half);
    const difference = builder.xor(high, low);
    // The lowest run has no `equal`, so one plane fewer of it than of `decided`.
    const joins = half - 1;
    const products =
      joins === 0
        ? builder.and(sliceRows(builder, equal, pairs, odd, 1), difference)
        : builder.and(
            builder.gather(equal, pairs, repeatedRun(odd, half, joins)),
            builder.concat([difference, sliceRows(builder, equal, pairs, odd + half, joins)]),
          );
    const joined = builder.xor(high, sliceRows(builder, products, pairs, 0, half));
    const carried = odd === 1 ? [sliceRows(builder, decided, pairs, 0, 1)] : [];
    const carriedEqual = odd === 1 ? [sliceRows(builder, equal, pairs, 0, 1)] : [];
    const joinedEqual = joins === 0 ? [] : [sliceRows(builder, products, pairs, half, joins)];
    decided = builder.concat([...carried, joined]);
    if (runs > 2) equal = builder.concat([...carriedEqual, ...joinedEqual]);
  }
  return decided;
}

/**
 * The order in which runs are stored so that every level is two slices: partners lie in the first and second
 * half, the highest run first (an odd one is carried at the front), the lowest last. Bit reversal, downwards,
 * where `runs` is a power of two.
 * @returns places 0 (the sentinel) to runs - 1, each once
 */
function prefixOrder(runs: number): number[] {
  if (runs === 1) return [0];
  const joined = prefixOrder(Math.ceil(runs / 2));
  const odd = runs % 2;
  const partners = joined.slice(odd);
  return [
    ...(odd === 1 ? [runs - 1] : []),
    ...partners.map((place) => 2 * place + 1),
    ...partners.map((place) => 2 * place),
  ];
}

/** Blocks start to start + first - 1, then start to start + second - 1. */
function repeatedRun(start: number, first: number, second: number): Uint32Array {
  return Uint32Array.from(
    { length: first + second },
    (_, index) => start + (index < first ? index : index - first),
  );
}

function requirePlanes(builder: CircuitBuilder, vector: VectorId, bits: number, pairs: number): void {
  if (builder.lanesOf(vector) !== bits * pairs || bits < 1 || pairs < 1) {
    throw new MpcError('CIRCUIT_INVALID', 'a comparison needs bits * pairs lanes on both sides', {
      lanes: builder.lanesOf(vector),
      bits,
      pairs,
    });
  }
}
