/** Evaluates a circuit in the clear: the oracle that circuit tests read results from. */

import type { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import type { Circuit, VectorId } from '../../../mpc/circuit/circuit.ts';
import { ClearProtocol } from '../../../mpc/protocols/clear.ts';

/** Builds a circuit whose inputs are the named vectors and whose outputs are what `make` returns. */
export async function runClear(
  inputs: Readonly<Record<string, BitVector>>,
  make: (builder: CircuitBuilder, inputs: Readonly<Record<string, VectorId>>) => Record<string, VectorId>,
): Promise<{ readonly circuit: Circuit; readonly outputs: ReadonlyMap<string, BitVector> }> {
  const builder = new CircuitBuilder();
  const ids = Object.fromEntries(
    Object.entries(inputs).map(([name, vector]) => [name, builder.input(name, vector.lanes)]),
  );
  for (const [name, vector] of Object.entries(make(builder, ids))) builder.output(name, vector);
  const circuit = builder.build();
  const protocol = new ClearProtocol();
  const evaluated = await protocol.evaluate(circuit, new Map(Object.entries(inputs)));
  return { circuit, outputs: await protocol.open(evaluated) };
}

/** The bits of a vector, lane 0 first. */
export function bitsOf(vector: BitVector | undefined): number[] {
  if (vector === undefined) throw new Error('no such output');
  return Array.from({ length: vector.lanes }, (_, lane) => vector.get(lane));
}
