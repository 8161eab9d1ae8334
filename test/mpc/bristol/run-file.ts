/** Imports a Bristol Fashion file and evaluates it in the clear, from numbers to numbers. */

import { planesOf, valuesOf } from '../../../mpc/bits/bit-planes.ts';
import type { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { importBristol } from '../../../mpc/bristol/import.ts';
import type { Circuit } from '../../../mpc/circuit/circuit.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { ClearProtocol } from '../../../mpc/protocols/clear.ts';
import type { GateByGate } from './gate-by-gate.ts';

export async function runFile(text: string, inputs: readonly bigint[]): Promise<GateByGate> {
  const imported = importBristol(text);
  const { ands, depth } = cost(imported.circuit);
  const named = imported.inputs.map(({ name, bits }, i) => [name, planesOf([inputs[i]!], bits)] as const);
  const results = await evaluateClear(imported.circuit, new Map(named));
  return {
    outputs: imported.outputs.map(({ name, bits }) => valuesOf(results.get(name)!, bits)[0]!),
    ands,
    depth,
  };
}

export async function evaluateClear(
  circuit: Circuit,
  inputs: ReadonlyMap<string, BitVector>,
): Promise<ReadonlyMap<string, BitVector>> {
  const protocol = new ClearProtocol();
  return protocol.open(await protocol.evaluate(circuit, inputs));
}
