/**
 * What a circuit costs, exactly and before anything runs: rounds, ANDs and bytes.
 *
 * The evaluators send one message per AND layer and party, made of every AND of that layer, each operation's
 * lanes rounded up to whole bytes. A protocol adds its own constant per message (`Protocol.manifest`); tests
 * hold the sum against the counters of real runs.
 */

import { byteLength } from '../bits/bit-vector.ts';
import type { Circuit } from './circuit.ts';

export interface LayerCost {
  /** AND gates of this layer, summed over lanes. */
  readonly ands: number;
  /** Bytes of one bit per AND, each operation rounded up to whole bytes. */
  readonly bytes: number;
}

export interface CircuitCost {
  /** Rounds of AND layers; opening the outputs is one more, the protocol's. */
  readonly depth: number;
  readonly ands: number;
  /** Index 0 is the first AND layer. */
  readonly layers: readonly LayerCost[];
  /** Lanes of each output, in order: what opening must send. */
  readonly outputLanes: readonly number[];
}

export function cost(circuit: Circuit): CircuitCost {
  const layers = Array.from({ length: circuit.depth }, () => ({ ands: 0, bytes: 0 }));
  circuit.operations.forEach((operation, position) => {
    if (operation.kind !== 'and') return;
    const lanes = circuit.lanes[position] ?? 0;
    const layer = layers[(circuit.layers[position] ?? 0) - 1];
    if (layer === undefined) return;
    layer.ands += lanes;
    layer.bytes += byteLength(lanes);
  });
  return {
    depth: circuit.depth,
    ands: layers.reduce((sum, layer) => sum + layer.ands, 0),
    layers,
    outputLanes: circuit.outputs.map((output) => circuit.lanes[output.vector] ?? 0),
  };
}

/** What circuits cost that run side by side in the same rounds, as the lots of one tender do. */
export function mergeCosts(costs: readonly CircuitCost[]): CircuitCost {
  const depth = costs.reduce((deepest, one) => Math.max(deepest, one.depth), 0);
  const layers = Array.from({ length: depth }, (_, index) => {
    const merged = { ands: 0, bytes: 0 };
    for (const one of costs) {
      merged.ands += one.layers[index]?.ands ?? 0;
      merged.bytes += one.layers[index]?.bytes ?? 0;
    }
    return merged;
  });
  return {
    depth,
    ands: costs.reduce((sum, one) => sum + one.ands, 0),
    layers,
    outputLanes: costs.flatMap((one) => one.outputLanes),
  };
}
