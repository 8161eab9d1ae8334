/** The readable twin of every protocol: a circuit on booleans, one lane at a time. */

import type { BitVector } from '../../../mpc/bits/bit-vector.ts';
import type { Circuit } from '../../../mpc/circuit/circuit.ts';

export function evaluatePlainly(
  circuit: Circuit,
  inputs: ReadonlyMap<string, BitVector>,
): ReadonlyMap<string, readonly boolean[]> {
  const vectors: boolean[][] = [];
  for (const operation of circuit.operations) {
    if (operation.kind === 'input') vectors.push(bitsOf(inputs.get(operation.name)!));
    if (operation.kind === 'constant') vectors.push(bitsOf(operation.bits));
    if (operation.kind === 'xor') {
      const right = vectors[operation.right]!;
      vectors.push(vectors[operation.left]!.map((bit, lane) => bit !== right[lane]));
    }
    if (operation.kind === 'and') {
      const right = vectors[operation.right]!;
      vectors.push(vectors[operation.left]!.map((bit, lane) => bit && right[lane]!));
    }
    if (operation.kind === 'not') vectors.push(vectors[operation.source]!.map((bit) => !bit));
    if (operation.kind === 'concat') vectors.push(operation.sources.flatMap((source) => vectors[source]!));
    if (operation.kind === 'gather') {
      const { source, blockLanes, blocks } = operation;
      vectors.push(
        [...blocks].flatMap((block) => vectors[source]!.slice(block * blockLanes, (block + 1) * blockLanes)),
      );
    }
  }
  return new Map(circuit.outputs.map(({ name, vector }) => [name, vectors[vector]!]));
}

export function bitsOf(vector: BitVector): boolean[] {
  return Array.from({ length: vector.lanes }, (_, lane) => vector.get(lane) === 1);
}
