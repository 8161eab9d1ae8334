/**
 * A Bristol Fashion file evaluated from hexadecimal numbers to hexadecimal numbers, by whatever protocol the
 * caller brings: what `tacit mpc eval` does.
 */

import type { BitVector } from '../bits/bit-vector.ts';
import type { Circuit } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import { importBristol } from './import.ts';
import { formatHexOutputs, parseHexInputs } from './values.ts';

/** A file and its inputs, checked and ready to be evaluated. */
export interface PreparedEvaluation {
  readonly circuit: Circuit;
  /** By the circuit's names, in the order of the file. */
  readonly inputs: ReadonlyMap<string, BitVector>;
  /**
   * @param results the circuit's outputs by name
   * @returns one `0x...` number for each output value
   */
  hexOutputs(results: ReadonlyMap<string, BitVector>): string[];
}

/** Evaluates and opens; the inputs are the circuit's by name, the result its outputs by name. */
export type EvaluateCircuit = (
  circuit: Circuit,
  inputs: ReadonlyMap<string, BitVector>,
) => Promise<ReadonlyMap<string, BitVector>>;

/**
 * @param hexInputs one `0x...` number for each input value of the file
 * @throws MpcError BRISTOL_MALFORMED, BRISTOL_OVER_BOUND, CIRCUIT_OVER_BOUND, BRISTOL_INPUT_MISMATCH
 */
export function prepareEvaluation(text: string, hexInputs: readonly string[]): PreparedEvaluation {
  const { circuit, inputs, outputs } = importBristol(text);
  const values = parseHexInputs(
    hexInputs,
    inputs.map(({ bits }) => bits),
  );
  return {
    circuit,
    inputs: new Map(values.map((value, index) => [inputs[index]?.name ?? '', value])),
    hexOutputs: (results) => formatHexOutputs(outputs.map(({ name }) => requireOutput(results, name))),
  };
}

/**
 * @param hexInputs one `0x...` number for each input value of the file
 * @returns one `0x...` number for each output value
 * @throws MpcError as `prepareEvaluation`, before `evaluate` is called; whatever `evaluate` throws
 */
export async function evaluateBristol(
  text: string,
  hexInputs: readonly string[],
  evaluate: EvaluateCircuit,
): Promise<string[]> {
  const { circuit, inputs, hexOutputs } = prepareEvaluation(text, hexInputs);
  return hexOutputs(await evaluate(circuit, inputs));
}

function requireOutput(results: ReadonlyMap<string, BitVector>, name: string): BitVector {
  const result = results.get(name);
  if (result === undefined) {
    throw new MpcError('CIRCUIT_INVALID', `the evaluation did not yield ${name}, an output of the circuit`);
  }
  return result;
}
