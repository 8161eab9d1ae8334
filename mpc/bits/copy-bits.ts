/**
 * Copying a run of bits between packed words at any alignment: what concatenation and gathering are made of.
 *
 * Kernel file: indexes are proven in range by the callers, so `!` stands where the type checker can't see it.
 */

/**
 * Copies `count` bits from bit `sourceBit` of `source` to bit `targetBit` of `target`.
 * The target run must be zero beforehand (fresh vectors are); nothing outside it changes.
 */
export function copyBits(
  source: Int32Array,
  sourceBit: number,
  target: Int32Array,
  targetBit: number,
  count: number,
): void {
  if ((sourceBit & 31) === 0 && (targetBit & 31) === 0) {
    copyAligned(source, sourceBit >>> 5, target, targetBit >>> 5, count);
    return;
  }
  let from = sourceBit;
  let to = targetBit;
  let left = count;
  while (left > 0) {
    const room = 32 - (to & 31);
    const length = Math.min(room, left);
    target[to >>> 5]! |= readBits(source, from, length) << (to & 31);
    from += length;
    to += length;
    left -= length;
  }
}

function copyAligned(
  source: Int32Array,
  sourceWord: number,
  target: Int32Array,
  targetWord: number,
  count: number,
): void {
  const whole = count >>> 5;
  target.set(source.subarray(sourceWord, sourceWord + whole), targetWord);
  const rest = count & 31;
  if (rest !== 0) target[targetWord + whole]! |= source[sourceWord + whole]! & ((1 << rest) - 1);
}

/** `length` bits (1 to 32) from bit `position` on, right-aligned. */
function readBits(source: Int32Array, position: number, length: number): number {
  const word = position >>> 5;
  const shift = position & 31;
  let bits = source[word]! >>> shift;
  if (shift + length > 32) bits |= source[word + 1]! << (32 - shift);
  return length === 32 ? bits : bits & ((1 << length) - 1);
}
