/**
 * The linear operations of replicated sharing: local, on each summand, the same for every protocol that shares this way.
 *
 * With a share memory short results get a slot there, and the XOR of two vectors in slots is one call of a kernel. No
 * result shares a slot with an operand, because slots are given up one by one.
 */

import { totalLanes } from '../../bits/bit-vector.ts';
import type { PartyIndex } from '../../party.ts';
import type { ShareAlgebra } from '../evaluate.ts';
import type { ShareMemory } from './share-memory.ts';
import {
  concatShares,
  constantShare,
  gatherShare,
  notShare,
  type ReplicatedVector,
  xorShares,
} from './shares.ts';

export function linearAlgebra(
  self: PartyIndex,
  memory?: ShareMemory,
): Omit<ShareAlgebra<ReplicatedVector>, 'and' | 'finished'> {
  return {
    lanesOf: (vector) => vector.lanes,
    constant: (bits) => constantShare(self, bits),
    xor: (left, right) => memory?.xorSlots(left, right) ?? xorShares(left, right, memory?.take(left.lanes)),
    not: (source) =>
      memory?.slotOf(source) === undefined
        ? notShare(self, source)
        : notShare(self, source, memory.take(source.lanes)),
    gather: (source, blockLanes, blocks) =>
      gatherShare(source, blockLanes, blocks, memory?.take(blockLanes * blocks.length)),
    concat: (sources) => concatShares(sources, memory?.take(totalLanes(sources))),
  };
}
