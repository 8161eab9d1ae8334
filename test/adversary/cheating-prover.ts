/**
 * The best that a prover with wrong ANDs can do about the check, when it knows what it should not: errors fitted to the
 * coefficients, and a proof mended for the challenges.
 */

import { concatBytes } from '../../mpc/bytes.ts';
import { FieldKernels, WEIGHT_BYTES } from '../../mpc/kernels/field.ts';
import { nextParty, previousParty } from '../../mpc/party.ts';
import { expandCoefficients } from '../../mpc/protocols/verified/coefficients.ts';
import { addElements, type Element, oneElement, zeroElement } from '../../mpc/protocols/verified/elements.ts';
import { ROUND_BYTES } from '../../mpc/protocols/verified/shape.ts';
import { ELEMENT_BYTES, NONCE_BYTES } from '../../mpc/protocols/verified/transcript.ts';
import { drawChallenges } from '../../mpc/protocols/verified/verifiers.ts';
import type { Links } from '../../mpc/session/links.ts';
import { interceptLinks } from './mutation.ts';

/** The smallest batch; these provers know no other. */
export const COLUMNS = 128;

/**
 * The best a cheating prover can do: its claim is off by D, the sum of the wrong ANDs' coefficients, and so is what the
 * verifiers compare, by D (1 + c)^rounds if every challenge is c. Adding that over c to the last q(1) makes up for it.
 */
export function mendedProof(links: Links, wrong: readonly number[], guess: Element): Links {
  const kernels = new FieldKernels();
  const power = (base: Element, exponent: bigint): Element => {
    let result = oneElement();
    for (const bit of exponent.toString(2)) {
      result = kernels.multiply(result, result);
      if (bit === '1') result = kernels.multiply(result, base);
    }
    return result;
  };
  return interceptLinks(links, async ({ step, parcels, send }) => {
    const proof = parcels.get(nextParty(links.self));
    if (step !== 'check/proof' || proof === undefined) return send(parcels);
    const seed = proof.subarray(0, ELEMENT_BYTES);
    const nonce = proof.subarray(ELEMENT_BYTES, ELEMENT_BYTES + NONCE_BYTES);
    const halves = proof.subarray(ELEMENT_BYTES + NONCE_BYTES);
    const rounds = halves.length / ROUND_BYTES;
    const shortfall = kernels.multiply(
      coefficientSum(kernels, seed, wrong),
      power(addElements(oneElement(), guess), BigInt(rounds)),
    );
    const mend = kernels.multiply(shortfall, power(guess, 2n ** 128n - 2n));
    mend.forEach((byte, at) => {
      halves[(rounds - 1) * ROUND_BYTES + at]! ^= byte;
    });
    const context = `prover ${links.self} batch 0 columns ${COLUMNS}`;
    const challenges = concatBytes(drawChallenges(context, seed, nonce, halves));
    await send(new Map([...parcels, [previousParty(links.self), challenges]]));
  });
}

function coefficientSum(kernels: FieldKernels, seed: Uint8Array, lanes: readonly number[]): Element {
  const { rowFactors, weights } = expandCoefficients(kernels, seed, 0, COLUMNS);
  return lanes.reduce((sum, lane) => {
    const weight = zeroElement();
    weight.set(kernels.memory.bytes(weights + (lane % COLUMNS) * WEIGHT_BYTES, WEIGHT_BYTES));
    return addElements(sum, kernels.multiply(rowFactors[Math.floor(lane / COLUMNS)]!, weight));
  }, zeroElement());
}

/** ANDs of the first row whose 64-bit weights add up to zero: among 65 vectors of 64 bits some do. */
export function errorThatCancels(seed: Uint8Array): readonly number[] {
  const kernels = new FieldKernels();
  const { weights } = expandCoefficients(kernels, seed, 0, COLUMNS);
  const view = kernels.memory.bytes(weights, COLUMNS * WEIGHT_BYTES);
  const reader = new DataView(view.buffer, view.byteOffset, view.byteLength);
  const basis = new Map<number, { readonly weight: bigint; readonly lanes: bigint }>();
  for (let lane = 0; lane < COLUMNS; lane++) {
    let weight = reader.getBigUint64(lane * WEIGHT_BYTES, true);
    let lanes = 1n << BigInt(lane);
    while (weight !== 0n) {
      const top = weight.toString(2).length;
      const other = basis.get(top);
      if (other === undefined) {
        basis.set(top, { weight, lanes });
        break;
      }
      weight ^= other.weight;
      lanes ^= other.lanes;
    }
    if (weight === 0n) {
      return Array.from({ length: COLUMNS }, (_, index) => index).filter(
        (index) => ((lanes >> BigInt(index)) & 1n) === 1n,
      );
    }
  }
  return [];
}
