/** A small circuit of three AND layers with every kind of operation, and inputs: the table's and the lies' subject. */

import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import type { Three } from '../support/world.ts';
import type { Outputs, PartyProgram } from './kit.ts';
import { dealInputs, plainOutputs, protocolProgram, type SharedInputs } from './programs.ts';
import { seededRandom } from './seeded.ts';

/** Whole bytes, so that no flipped bit is padding, whose refusal has another code. */
const LANES = 40;

export interface LayeredCase {
  readonly circuit: Circuit;
  readonly clearInputs: ReadonlyMap<string, BitVector>;
  readonly inputs: Three<SharedInputs>;
  readonly expected: Outputs;
  /** With the verified protocol. */
  readonly program: PartyProgram;
}

export interface CircuitLies {
  /** Leaves the NOT out. */
  readonly skipNot?: boolean;
  /** Takes the complement of the constant. */
  readonly otherConstant?: boolean;
}

/** The circuit, or what a lying party evaluates instead: the same messages, other local work. */
export function layeredCircuit({ skipNot = false, otherConstant = false }: CircuitLies = {}): Circuit {
  const builder = new CircuitBuilder();
  const x = builder.input('x', LANES);
  const y = builder.input('y', LANES);
  const z = builder.input('z', LANES);
  const xy = builder.and(x, y);
  const yz = builder.and(y, z);
  const negated = skipNot ? yz : builder.not(yz);
  const middle = builder.and(builder.xor(xy, z), negated);
  const constant = builder.constant(otherConstant ? BitVector.zeros(LANES) : BitVector.ones(LANES));
  const left = builder.concat([middle, builder.slice(xy, 0, 16)]);
  const right = builder.concat([builder.xor(middle, constant), builder.slice(z, 8, 16)]);
  builder.output('last', builder.and(left, builder.xor(right, builder.concat([y, builder.slice(x, 0, 16)]))));
  builder.output('middle', builder.xor(middle, x));
  return builder.build();
}

export async function layeredCase(seed: string): Promise<LayeredCase> {
  const random = seededRandom(`${seed} inputs`);
  const circuit = layeredCircuit();
  const clearInputs = new Map(
    ['x', 'y', 'z'].map((name) => [name, BitVector.fromBytes(random(LANES / 8), LANES)]),
  );
  const inputs = dealInputs(clearInputs, seed);
  return {
    circuit,
    clearInputs,
    inputs,
    expected: await plainOutputs(circuit, clearInputs),
    program: protocolProgram('verified', circuit, inputs),
  };
}
