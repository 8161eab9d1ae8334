/**
 * The linear operations of replicated sharing: local, on each summand, the same for every protocol that shares this way.
 */

import type { PartyIndex } from '../../party.ts';
import type { ShareAlgebra } from '../evaluate.ts';
import {
  concatShares,
  constantShare,
  gatherShare,
  notShare,
  type ReplicatedVector,
  xorShares,
} from './shares.ts';

export function linearAlgebra(self: PartyIndex): Omit<ShareAlgebra<ReplicatedVector>, 'and'> {
  return {
    lanesOf: (vector) => vector.lanes,
    constant: (bits) => constantShare(self, bits),
    xor: xorShares,
    not: (source) => notShare(self, source),
    gather: gatherShare,
    concat: concatShares,
  };
}
