/** Uniform leaves from a cryptographic generator, drawn some hundreds at a time. */

import type { Leaf } from './ids.ts';
import type { TreeGeometry } from './tree-geometry.ts';

const WORDS_AT_ONCE = 512;

export function randomLeaves(geometry: TreeGeometry, random: (bytes: number) => Uint8Array): () => Leaf {
  let words = new DataView(new ArrayBuffer(0));
  let offset = 0;
  return () => {
    if (offset === words.byteLength) {
      const bytes = random(4 * WORDS_AT_ONCE).slice();
      words = new DataView(bytes.buffer);
      offset = 0;
    }
    offset += 4;
    return geometry.leafFrom(words.getUint32(offset - 4));
  };
}
