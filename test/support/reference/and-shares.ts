/** The readable twin of the AND kernel: Araki et al., CCS 2016, section 2.2, one bit at a time. */

/** @returns x0 y0 ^ x0 y1 ^ x1 y0 ^ mask for each of the 32 bits of a word */
export function andSharesOfWord(x0: number, x1: number, y0: number, y1: number, mask: number): number {
  let word = 0;
  for (let position = 0; position < 32; position++) {
    const bit = (value: number): number => (value >>> position) & 1;
    const product = bit(x0) * bit(y0) + bit(x0) * bit(y1) + bit(x1) * bit(y0) + bit(mask);
    word |= (product % 2) << position;
  }
  return word;
}
