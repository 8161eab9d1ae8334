/**
 * Byte strings: joining, comparing and unambiguous framing, for code that also runs in a browser.
 *
 * `frame` is the only way bytes of variable length enter a hash or a signature here: every field is
 * preceded by its length, so two different lists of fields never encode to the same bytes
 * (rot256/mpc-pitfalls, "ambiguous hash encoding").
 */

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Each field as a 4-byte big-endian length followed by its bytes; strings are UTF-8. */
export function frame(...fields: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const field of fields) {
    const bytes = typeof field === 'string' ? utf8(field) : field;
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    parts.push(length, bytes);
  }
  return concatBytes(parts);
}

/** Equality whose running time depends on the lengths alone. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return difference === 0;
}
