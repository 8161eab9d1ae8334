import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merkleRoot } from '../../auction/merkle.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
const [LEAF, NODE] = [Uint8Array.of(0), Uint8Array.of(1)];

/** The definition in RFC 6962 section 2.1, word for word. */
function reference(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(LEAF, leaves[0]!);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(NODE, reference(leaves.slice(0, k)), reference(leaves.slice(k)));
}

/** Leaves and roots of the first n leaves, from the tests of certificate-transparency (Google). */
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('Merkle root', () => {
  it.each(ROOTS.map((root, count) => ({ root, count })))('of $count known leaves', ({ root, count }) => {
    const leaves = LEAVES.slice(0, count).map((leaf) => new Uint8Array(Buffer.from(leaf, 'hex')));
    expect(hex(merkleRoot(leaves))).toBe(root);
  });

  it('is the definition of RFC 6962 for every number of leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 40 }), (leaves) => {
        expect(hex(merkleRoot(leaves))).toBe(hex(reference(leaves)));
      }),
    );
  });

  it('tells a node from a leaf', () => {
    const [left, right] = [sha256(LEAF, Uint8Array.of(7)), sha256(LEAF, Uint8Array.of(8))];
    const asLeaf = merkleRoot([new Uint8Array(Buffer.concat([left, right]))]);
    expect(hex(merkleRoot([Uint8Array.of(7), Uint8Array.of(8)]))).not.toBe(hex(asLeaf));
  });
});
