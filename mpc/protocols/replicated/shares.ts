/**
 * Replicated secret sharing of bit vectors: x = x0 ^ x1 ^ x2, and party i holds (x_i, x_{i+1}).
 *
 * Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016, section 2.1, in the plain form where a party's pair is two of
 * the summands themselves. One party alone sees two uniformly random vectors; any two know the secret. Linear
 * operations are local, on each summand. Public constants and NOT touch summand 0 only, which party 0 holds as
 * its first and party 2 as its second.
 */

import {
  BitVector,
  concatVectors,
  gatherBlocks,
  notVector,
  totalLanes,
  xorVectors,
} from '../../bits/bit-vector.ts';
import { MpcError } from '../../errors.ts';
import type { PartyIndex } from '../../party.ts';

/** One party's part of a shared vector; prints as `[secret]`. */
export class ReplicatedVector {
  /** Summand i of party i. */
  readonly first: BitVector;
  /** Summand i + 1 of party i. */
  readonly second: BitVector;

  /** @throws MpcError BIT_VECTOR_SHAPE when the two differ in lanes */
  constructor(first: BitVector, second: BitVector) {
    if (first.lanes !== second.lanes) {
      throw new MpcError('BIT_VECTOR_SHAPE', 'the two summands of a party must have the same lanes', {
        first: first.lanes,
        second: second.lanes,
      });
    }
    this.first = first;
    this.second = second;
  }

  get lanes(): number {
    return this.first.lanes;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `ReplicatedVector(${this.lanes} lanes) [secret]`;
  }
}

/**
 * A dealer's sharing of known bits, for tests and benchmarks: real inputs are shared by their owners.
 * @param random that many uniformly random bytes
 * @returns the parts of parties 0, 1 and 2
 */
export function shareVector(
  bits: BitVector,
  random: (bytes: number) => Uint8Array,
): [ReplicatedVector, ReplicatedVector, ReplicatedVector] {
  const x1 = randomVector(bits.lanes, random);
  const x2 = randomVector(bits.lanes, random);
  const x0 = xorVectors(bits, xorVectors(x1, x2));
  return [new ReplicatedVector(x0, x1), new ReplicatedVector(x1, x2), new ReplicatedVector(x2, x0)];
}

/** Public bits as a sharing: summand 0 holds them, the others are zero. */
export function constantShare(party: PartyIndex, bits: BitVector): ReplicatedVector {
  const zeros = BitVector.zeros(bits.lanes);
  return new ReplicatedVector(party === 0 ? bits : zeros, party === 2 ? bits : zeros);
}

/** Both summands zero: the sharing of zeros that a party may overwrite. */
export function zeroShare(lanes: number): ReplicatedVector {
  return new ReplicatedVector(BitVector.zeros(lanes), BitVector.zeros(lanes));
}

/** @param result overwritten; without it, the result shares with the source the summands that do not change */
export function notShare(
  party: PartyIndex,
  source: ReplicatedVector,
  result?: ReplicatedVector,
): ReplicatedVector {
  const { first, second } = source;
  if (result === undefined) {
    return new ReplicatedVector(
      party === 0 ? notVector(first) : first,
      party === 2 ? notVector(second) : second,
    );
  }
  if (party === 0) notVector(first, result.first);
  else result.first.words.set(first.words);
  if (party === 2) notVector(second, result.second);
  else result.second.words.set(second.words);
  return result;
}

/** @param result overwritten; not an operand, here and below */
export function xorShares(
  left: ReplicatedVector,
  right: ReplicatedVector,
  result = zeroShare(left.lanes),
): ReplicatedVector {
  xorVectors(left.first, right.first, result.first);
  xorVectors(left.second, right.second, result.second);
  return result;
}

export function gatherShare(
  source: ReplicatedVector,
  blockLanes: number,
  blocks: Uint32Array,
  result = zeroShare(blockLanes * blocks.length),
): ReplicatedVector {
  gatherBlocks(source.first, blockLanes, blocks, result.first);
  gatherBlocks(source.second, blockLanes, blocks, result.second);
  return result;
}

export function concatShares(
  sources: readonly ReplicatedVector[],
  result = zeroShare(totalLanes(sources)),
): ReplicatedVector {
  concatVectors(
    sources.map((source) => source.first),
    result.first,
  );
  concatVectors(
    sources.map((source) => source.second),
    result.second,
  );
  return result;
}

function randomVector(lanes: number, random: (bytes: number) => Uint8Array): BitVector {
  const vector = BitVector.zeros(lanes);
  new Uint8Array(vector.words.buffer).set(random(vector.words.byteLength));
  vector.clearPadding();
  return vector;
}
