/**
 * The values of a Bristol Fashion circuit as hexadecimal numbers, one for each input or output value.
 *
 * `0x`, then the most significant digit first; wire 0 of a value is the least significant bit of the number.
 * The standard AES files follow the same convention: key and plaintext read as 128-bit numbers, their first byte
 * the most significant, give the ciphertext as FIPS 197 prints it, so no string has to be turned around.
 *
 * Values may be secret: refusals name the input, never its digits.
 */

import { BitVector, byteLength } from '../bits/bit-vector.ts';
import { MpcError } from '../errors.ts';

const HEXADECIMAL = /^0x[0-9a-f]+$/i;

/**
 * @param texts one number for each input value, in order; leading zeros are allowed
 * @param widths bits of each input value
 * @throws MpcError BRISTOL_INPUT_MISMATCH
 */
export function parseHexInputs(texts: readonly string[], widths: readonly number[]): BitVector[] {
  if (texts.length !== widths.length) {
    throw new MpcError(
      'BRISTOL_INPUT_MISMATCH',
      `the circuit takes ${widths.length} input values, but ${texts.length} were given`,
      { expected: widths.length, given: texts.length },
    );
  }
  return texts.map((text, input) => parseHexInput(text, widths[input] ?? 0, input));
}

/** @returns for each value `0x` and ceil(lanes / 4) digits in lower case */
export function formatHexOutputs(values: readonly BitVector[]): string[] {
  return values.map((value) => {
    const digits = Array.from(value.toBytes(), (byte) => byte.toString(16).padStart(2, '0'));
    return `0x${digits
      .reverse()
      .join('')
      .slice(-Math.ceil(value.lanes / 4))}`;
  });
}

function parseHexInput(text: string, width: number, input: number): BitVector {
  if (!HEXADECIMAL.test(text)) {
    throw new MpcError(
      'BRISTOL_INPUT_MISMATCH',
      `input value ${input} is not a hexadecimal number such as 0x1f`,
      { input },
    );
  }
  const digits = text.slice(2).replace(/^0+(?=.)/, '');
  const highest = Number.parseInt(digits.charAt(0), 16);
  // 32 - clz32 is the number of bits of the highest digit, 0 for the number zero.
  const bits = 4 * (digits.length - 1) + 32 - Math.clz32(highest);
  if (bits > width) {
    throw new MpcError(
      'BRISTOL_INPUT_MISMATCH',
      `input value ${input} has more than the ${width} bits that the circuit gives it`,
      { input, bits: width },
    );
  }
  const padded = digits.padStart(2 * byteLength(width), '0');
  const bytes = Uint8Array.from({ length: byteLength(width) }, (_, index) =>
    Number.parseInt(padded.slice(padded.length - 2 * index - 2, padded.length - 2 * index), 16),
  );
  return BitVector.fromBytes(bytes, width);
}
