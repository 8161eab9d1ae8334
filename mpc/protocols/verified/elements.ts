/**
 * Single elements of GF(2^128) in TypeScript: addition, and the quadratic polynomials of a sum-check round.
 *
 * Multiplication is the kernels'. An element is 16 bytes, little-endian.
 */

import type { FieldKernels } from '../../kernels/field.ts';
import { ELEMENT_BYTES } from './transcript.ts';

export type Element = Uint8Array;

export function zeroElement(): Element {
  return new Uint8Array(ELEMENT_BYTES);
}

export function oneElement(): Element {
  const one = zeroElement();
  one[0] = 1;
  return one;
}

export function addElements(left: Element, right: Element): Element {
  const sum = zeroElement();
  for (let index = 0; index < ELEMENT_BYTES; index++) sum[index] = left[index]! ^ right[index]!;
  return sum;
}

/** Adds the element at `offset` of `bytes` into `sum`. */
export function accumulate(sum: Element, bytes: Uint8Array, offset: number): void {
  for (let index = 0; index < ELEMENT_BYTES; index++) sum[index]! ^= bytes[offset + index]!;
}

/**
 * q(c) for the quadratic q given by q(0), q(1) and its leading coefficient ("q at infinity"):
 * q(X) = q(0) + (q(0) + q(1) + leading) X + leading X^2. Linear in the three, so it also maps shares to shares.
 */
export function evaluateQuadratic(
  kernels: FieldKernels,
  atZero: Element,
  atOne: Element,
  leading: Element,
  challenge: Element,
): Element {
  const linear = addElements(addElements(atZero, atOne), leading);
  const inner = addElements(linear, kernels.multiply(leading, challenge));
  return addElements(atZero, kernels.multiply(inner, challenge));
}

/** a + c (a + b): what a line through a at 0 and b at 1 is at c. */
export function evaluateLine(
  kernels: FieldKernels,
  atZero: Element,
  atOne: Element,
  challenge: Element,
): Element {
  return addElements(atZero, kernels.multiply(challenge, addElements(atZero, atOne)));
}
