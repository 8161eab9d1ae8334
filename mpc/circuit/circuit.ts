/**
 * Circuits as data: an immutable list of operations on vectors of secret bits.
 *
 * A circuit knows no party, share, network or await; every protocol evaluates every circuit. Each operation
 * yields one vector, named by its position in the list, and may refer only to earlier ones. Its layer is its
 * AND depth: an `and` lies one layer above the deepest of its operands, everything else in the deepest layer
 * among its operands. Layers are the rounds, AND lanes are the traffic, so cost is a pure function of a
 * circuit (`cost.ts`).
 *
 * `gather` with block size and block numbers stands for the slice, permute and repeat of the design page: one
 * operation, one kernel, and word-aligned blocks move whole words.
 */

import type { BitVector } from '../bits/bit-vector.ts';

declare const vectorId: unique symbol;

/** The position, in its circuit's list, of the operation that yields a vector. */
export type VectorId = number & { readonly [vectorId]: true };

export type Operation =
  /** A secret that the caller supplies under this name. */
  | { readonly kind: 'input'; readonly name: string; readonly lanes: number }
  /** Public bits, part of the circuit and of its hash. */
  | { readonly kind: 'constant'; readonly bits: BitVector }
  | { readonly kind: 'xor'; readonly left: VectorId; readonly right: VectorId }
  | { readonly kind: 'not'; readonly source: VectorId }
  | { readonly kind: 'and'; readonly left: VectorId; readonly right: VectorId }
  /** Blocks of `blockLanes` lanes of the source, in the order that `blocks` lists their numbers. */
  | {
      readonly kind: 'gather';
      readonly source: VectorId;
      readonly blockLanes: number;
      readonly blocks: Uint32Array;
    }
  | { readonly kind: 'concat'; readonly sources: readonly VectorId[] };

export interface CircuitOutput {
  readonly name: string;
  readonly vector: VectorId;
}

export interface Circuit {
  readonly operations: readonly Operation[];
  /** Lanes of each operation's vector. */
  readonly lanes: readonly number[];
  /** AND depth of each operation's vector; inputs and constants are 0. */
  readonly layers: readonly number[];
  readonly outputs: readonly CircuitOutput[];
  /** The deepest layer: the number of rounds of ANDs. */
  readonly depth: number;
}

/** The vectors an operation reads. */
export function operandsOf(operation: Operation): readonly VectorId[] {
  switch (operation.kind) {
    case 'input':
    case 'constant':
      return [];
    case 'xor':
    case 'and':
      return [operation.left, operation.right];
    case 'not':
    case 'gather':
      return [operation.source];
    case 'concat':
      return operation.sources;
  }
}

/** The names and widths of the secrets a circuit expects, in the order of their declaration. */
export function inputsOf(circuit: Circuit): ReadonlyMap<string, number> {
  const inputs = new Map<string, number>();
  for (const operation of circuit.operations) {
    if (operation.kind === 'input') inputs.set(operation.name, operation.lanes);
  }
  return inputs;
}
