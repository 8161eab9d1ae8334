/**
 * The Merkle tree hash of RFC 6962 section 2.1 with SHA-256.
 *
 * Leaves are hashed with the prefix 0x00 and nodes with 0x01, so a node is never mistaken for a leaf; a list
 * that is no power of two splits at the largest power of two below its length, so no leaf is repeated and two
 * different lists have different roots unless SHA-256 collides.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../mpc/bytes.ts';

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

/** Root of a list of leaves in their order, 32 bytes; the root of none is SHA-256 of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  return rootOfHashes(leaves.map((leaf) => sha256(concatBytes([LEAF_PREFIX, leaf]))));
}

/** At least one hash; depth is the logarithm of their number. */
function rootOfHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) throw new RangeError('a Merkle tree over no hashes');
  if (hashes.length === 1) return first;
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  const left = rootOfHashes(hashes.slice(0, split));
  const right = rootOfHashes(hashes.slice(split));
  return sha256(concatBytes([NODE_PREFIX, left, right]));
}
