/**
 * The ANDs of a circuit as planes, layer after layer, each operation padded with zeros to whole bytes as on the wire
 * and each layer to whole words. Padding is a right multiplication of zeros and passes every check.
 */

import { type BitVector, byteLength } from '../../mpc/bits/bit-vector.ts';
import type { AndOperands } from '../../mpc/protocols/evaluate.ts';
import type { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import { allocatePlanes, bytesOfWords, partOfPlanes, type TriplePlanes } from './triple-planes.ts';

export class GateLog {
  readonly planes: TriplePlanes;
  #used = 0;

  /** @param words of all layers together */
  constructor(words: number) {
    this.planes = allocatePlanes(words);
  }

  /** The next words of every plane, with a layer's operands in them and its product still to come. */
  claim(words: number, operands: readonly AndOperands<ReplicatedVector>[]): TriplePlanes {
    const part = partOfPlanes(this.planes, this.#used, this.#used + words);
    this.#used += words;
    let offset = 0;
    for (const { left, right } of operands) {
      write(part.x0, left.first, offset);
      write(part.x1, left.second, offset);
      write(part.y0, right.first, offset);
      write(part.y1, right.second, offset);
      offset += byteLength(left.lanes);
    }
    return part;
  }

  isComplete(): boolean {
    return this.#used === this.planes.x0.length;
  }
}

function write(plane: Int32Array, { words, lanes }: BitVector, offset: number): void {
  bytesOfWords(plane).set(bytesOfWords(words).subarray(0, byteLength(lanes)), offset);
}
