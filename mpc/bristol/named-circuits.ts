/**
 * The circuits of an auction as files that other engines evaluate: what `tacit mpc export` writes.
 *
 * Inside, many numbers lie as bit-planes; a Bristol Fashion file has one value for each number instead, its least
 * significant bit first, which costs nothing as it only renames wires.
 *
 * | kind           | input values        | output values                                              |
 * | -------------- | ------------------- | ---------------------------------------------------------- |
 * | `less-than`    | left, right         | 1 bit: left < right                                        |
 * | `adder`        | left, right         | left + right modulo 2^bits                                 |
 * | `arg-best`     | one a candidate     | index of the smallest (a tie: the lower index), its value  |
 * | `second-price` | one a candidate     | the same index, the second smallest value                  |
 *
 * Input values have `bits` bits, all unsigned; an index has ceil(log2 candidates) bits, at least 1.
 */

import { CircuitBuilder } from '../circuit/builder.ts';
import type { Circuit, VectorId } from '../circuit/circuit.ts';
import { addModulo } from '../circuits/adder.ts';
import { argBest } from '../circuits/arg-best.ts';
import { lessThan } from '../circuits/compare.ts';
import type { ArgBestShape } from '../circuits/tournament.ts';
import { MpcError } from '../errors.ts';
import { argBestCost } from '../planner/arg-best-cost.ts';
import { MAX_GATES, MAX_VALUES } from './bristol-circuit.ts';

/** Wider than any number that is compared or added in practice; an RSA modulus fits. */
export const MAX_OPERAND_BITS = 4096;

/** As many input values as a file may have. */
export const MAX_EXPORTED_CANDIDATES = MAX_VALUES;

/** @param bits of each operand, 1 to MAX_OPERAND_BITS */
export function lessThanCircuit(bits: number): Circuit {
  return circuitOf((builder) => {
    const [left, right] = operands(builder, bits);
    builder.output('less', lessThan(builder, left, right, bits, 1));
  });
}

/** @param bits of each operand, 1 to MAX_OPERAND_BITS */
export function adderCircuit(bits: number): Circuit {
  return circuitOf((builder) => {
    const [left, right] = operands(builder, bits);
    builder.output('sum', addModulo(builder, left, right, bits, 1));
  });
}

/**
 * @throws MpcError CIRCUIT_INVALID when the groups do not fit the candidates; BRISTOL_OVER_BOUND, before anything
 * is built, for more ANDs than a file may have gates
 */
export function argBestCircuit(shape: ArgBestShape): Circuit {
  const { candidates, bits } = shape;
  const { ands } = argBestCost(shape);
  if (ands > MAX_GATES || candidates > MAX_EXPORTED_CANDIDATES) {
    throw new MpcError(
      'BRISTOL_OVER_BOUND',
      `at most ${MAX_EXPORTED_CANDIDATES} candidates and ${MAX_GATES} gates are exported; smaller groups take fewer`,
      { candidates, ands },
    );
  }
  return circuitOf((builder) => {
    const values = Array.from({ length: candidates }, (_, candidate) =>
      builder.input(`value/${candidate}`, bits),
    );
    const planes = builder.gather(builder.concat(values), 1, planeOrder(candidates, bits));
    const { winner, price } = argBest(builder, planes, shape);
    builder.output('winner', winner);
    builder.output('price', price);
  });
}

/** From one number after another to one bit-plane after another: lane p * candidates + c is bit p of number c. */
function planeOrder(candidates: number, bits: number): Uint32Array {
  return Uint32Array.from({ length: candidates * bits }, (_, lane) => {
    const candidate = lane % candidates;
    return candidate * bits + (lane - candidate) / candidates;
  });
}

function operands(builder: CircuitBuilder, bits: number): [VectorId, VectorId] {
  if (!Number.isSafeInteger(bits) || bits < 1 || bits > MAX_OPERAND_BITS) {
    throw new MpcError('BRISTOL_OVER_BOUND', `an operand has 1 to ${MAX_OPERAND_BITS} bits`, { bits });
  }
  return [builder.input('left', bits), builder.input('right', bits)];
}

function circuitOf(make: (builder: CircuitBuilder) => void): Circuit {
  const builder = new CircuitBuilder();
  make(builder);
  return builder.build();
}
