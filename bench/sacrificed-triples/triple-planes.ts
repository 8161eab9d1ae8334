/**
 * Many multiplications of replicated bits as six packed planes: this party's two summands of x, of y and of z.
 *
 * A plane holds bit i of position i, 32 positions a word. The same shape serves the ANDs of a circuit (x, y and their
 * product) and random triples (a, b and their product c).
 */

export interface TriplePlanes {
  readonly x0: Int32Array;
  readonly x1: Int32Array;
  readonly y0: Int32Array;
  readonly y1: Int32Array;
  readonly z0: Int32Array;
  readonly z1: Int32Array;
}

export function allocatePlanes(words: number): TriplePlanes {
  return {
    x0: new Int32Array(words),
    x1: new Int32Array(words),
    y0: new Int32Array(words),
    y1: new Int32Array(words),
    z0: new Int32Array(words),
    z1: new Int32Array(words),
  };
}

/** Views of words `start` to `end - 1` of every plane. */
export function partOfPlanes(planes: TriplePlanes, start: number, end: number): TriplePlanes {
  return {
    x0: planes.x0.subarray(start, end),
    x1: planes.x1.subarray(start, end),
    y0: planes.y0.subarray(start, end),
    y1: planes.y1.subarray(start, end),
    z0: planes.z0.subarray(start, end),
    z1: planes.z1.subarray(start, end),
  };
}

/** The bytes of a plane or of a part of it, as on the wire: a view. */
export function bytesOfWords(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** A copy, as words: received bytes may lie at any offset. */
export function wordsOfBytes(bytes: Uint8Array): Int32Array {
  const words = new Int32Array(bytes.length / 4);
  bytesOfWords(words).set(bytes);
  return words;
}
