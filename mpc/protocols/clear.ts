/**
 * The `clear` protocol: one party, no secrecy, plain bits.
 *
 * The readable reference that every other protocol is tested against, and `--protocol clear` on the command
 * line. It protects nobody from anybody.
 */

import {
  andVectors,
  type BitVector,
  concatVectors,
  gatherBlocks,
  notVector,
  xorVectors,
} from '../bits/bit-vector.ts';
import type { Circuit } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import { evaluateCircuit, type ShareAlgebra } from './evaluate.ts';
import type { Evaluated, Protocol, ProtocolManifest } from './protocol.ts';

export const CLEAR_MANIFEST: ProtocolManifest = {
  name: 'clear',
  parties: 1,
  corruption: 'none: everything is visible to whoever runs it',
  layerOverheadBytes: 0,
  computeNsPerAnd: 0,
  check: () => ({ rounds: 0, bytes: 0 }),
  openingBytes: () => 0,
};

const algebra: ShareAlgebra<BitVector> = {
  lanesOf: (vector) => vector.lanes,
  constant: (bits) => bits,
  xor: xorVectors,
  not: notVector,
  gather: gatherBlocks,
  concat: concatVectors,
  and: async (_layer, operands) => operands.map(({ left, right }) => andVectors(left, right)),
};

export class ClearProtocol implements Protocol<BitVector> {
  readonly manifest = CLEAR_MANIFEST;
  readonly #evaluations = new WeakMap<Evaluated, ReadonlyMap<string, BitVector>>();

  async evaluate(circuit: Circuit, inputs: ReadonlyMap<string, BitVector>): Promise<Evaluated> {
    const token = Object.freeze({}) as Evaluated;
    this.#evaluations.set(token, await evaluateCircuit(circuit, inputs, algebra));
    return token;
  }

  async open(outputs: Evaluated): Promise<ReadonlyMap<string, BitVector>> {
    const opened = this.#evaluations.get(outputs);
    if (opened === undefined) {
      throw new MpcError('CIRCUIT_INVALID', 'only outputs that this protocol evaluated can be opened');
    }
    return opened;
  }
}
