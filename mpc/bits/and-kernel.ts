/**
 * The AND of replicated shares, 32 lanes a step: z = x0 & (y0 ^ y1) ^ x1 & y0 ^ mask.
 *
 * Equal to x0 y0 ^ x0 y1 ^ x1 y0 ^ mask (Araki et al., CCS 2016, section 2.2) with one AND fewer. The loop
 * has no branch that depends on data. It works on Int32Array because V8 keeps int32 in registers, where
 * Uint32 values beyond 2^31 become doubles. Long vectors go through the WebAssembly kernel instead, which
 * mpc/kernels/and.wat holds and `AndLayers` calls. The slow twin, bit by bit, is in test/support/reference.
 */

/** Reads and writes words `start` to `end - 1`; the mask for word `start` is `mask[maskStart]`. */
export function andShares(
  x0: Int32Array,
  x1: Int32Array,
  y0: Int32Array,
  y1: Int32Array,
  mask: Int32Array,
  maskStart: number,
  z: Int32Array,
  start: number,
  end: number,
): void {
  const shift = (maskStart - start) | 0;
  const last = end | 0;
  for (let word = start | 0; word < last; word++) {
    const y = y0[word]!;
    z[word] = (x0[word]! & (y ^ y1[word]!)) ^ (x1[word]! & y) ^ mask[word + shift]!;
  }
}
