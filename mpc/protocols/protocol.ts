/**
 * What every protocol is to its callers: evaluate a circuit on shared inputs, then open what it yields.
 *
 * `Evaluated` is the only thing that can be opened, and only the protocol that evaluated can make one, so a
 * protocol that must check its work before any reveal (a maliciously secure one) has the place to do it and no
 * caller has a way around it.
 */

import type { BitVector } from '../bits/bit-vector.ts';
import type { Circuit } from '../circuit/circuit.ts';
import type { CircuitCost } from '../circuit/cost.ts';

export const PROTOCOL_NAMES = ['clear', 'replicated', 'verified'] as const;

export type ProtocolName = (typeof PROTOCOL_NAMES)[number];

export interface ProtocolManifest {
  readonly name: ProtocolName;
  readonly parties: 1 | 3;
  /** Whom it withstands, in words that may be shown to a user. */
  readonly corruption: string;
  /** Bytes that one party sends in one AND layer beside one bit per AND. */
  readonly layerOverheadBytes: number;
  /**
   * Time one party computes for each AND, linear operations included, for the planner. Measured on one core of a 2023
   * server by bench/clearing.ts; a constant, so that parties on different machines plan alike.
   */
  readonly computeNsPerAnd: number;
  /** What checking all ANDs of a circuit adds before anything may open; nothing where nothing is checked. */
  check(circuit: CircuitCost): { readonly rounds: number; readonly bytes: number };
  /** Bytes that one party sends to open outputs of these many lanes. */
  openingBytes(outputLanes: readonly number[]): number;
}

declare const evaluated: unique symbol;

/** Outputs of one evaluation, ready to be opened by the protocol that made them. */
export interface Evaluated {
  readonly [evaluated]: true;
}

export interface Protocol<Shared> {
  readonly manifest: ProtocolManifest;
  /** @throws MpcError; an abort leaves nothing opened */
  evaluate(circuit: Circuit, inputs: ReadonlyMap<string, Shared>): Promise<Evaluated>;
  /** Reveals every output of an evaluation to all parties: one round. */
  open(outputs: Evaluated): Promise<ReadonlyMap<string, BitVector>>;
}

export interface PredictedCost {
  /** From the first AND layer to the opened outputs. */
  readonly rounds: number;
  readonly ands: number;
  /** Sent by each party, seals included. */
  readonly bytes: number;
}

/** Exactly what `evaluate` and `open` of this circuit will count. */
export function predictCost(manifest: ProtocolManifest, circuit: CircuitCost): PredictedCost {
  if (manifest.parties === 1) return { rounds: 0, ands: circuit.ands, bytes: 0 };
  const layerBytes = circuit.layers.reduce((sum, layer) => sum + layer.bytes, 0);
  const check = manifest.check(circuit);
  return {
    rounds: circuit.depth + check.rounds + 1,
    ands: circuit.ands,
    bytes:
      layerBytes +
      circuit.depth * manifest.layerOverheadBytes +
      check.bytes +
      manifest.openingBytes(circuit.outputLanes),
  };
}
