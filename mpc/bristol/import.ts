/**
 * Bristol Fashion circuits as circuits of ours, so that every protocol evaluates them.
 *
 * Gates that can be computed at once (`levels.ts`) become one vector operation, so the circuit has as many
 * rounds as the file has AND depth, one `and` operation a round, and exactly the ANDs of the file. Inside an
 * operation the gates are ordered by where their first operand lies, which makes one side of it a
 * concatenation; only the other side is permuted. `EQ` becomes a public constant, `EQW` nothing at all.
 *
 * Cost: proportional to the gates, but for sorting each level. A serial chain gains nothing from vectors, so the
 * number of levels is bounded.
 */

import { BitVector } from '../bits/bit-vector.ts';
import { CircuitBuilder } from '../circuit/builder.ts';
import type { Circuit } from '../circuit/circuit.ts';
import { type BristolCircuit, totalBits } from './bristol-circuit.ts';
import { type GateLevel, type LeveledGates, levelGates } from './levels.ts';
import { parseBristol } from './parse.ts';
import { WireMap } from './wire-map.ts';

/** One input or output value: a vector of the circuit, its least significant bit in lane 0. */
export interface BristolValue {
  readonly name: string;
  readonly bits: number;
}

export interface ImportedCircuit {
  readonly circuit: Circuit;
  /** `input/0`, `input/1`, ... in the order of the file. */
  readonly inputs: readonly BristolValue[];
  /** `output/0`, `output/1`, ... */
  readonly outputs: readonly BristolValue[];
}

/** @throws MpcError BRISTOL_MALFORMED, BRISTOL_OVER_BOUND, CIRCUIT_OVER_BOUND */
export function importBristol(text: string): ImportedCircuit {
  const parsed = parseBristol(text);
  const inputs = parsed.inputs.map((bits, index) => ({ name: `input/${index}`, bits }));
  const outputs = parsed.outputs.map((bits, index) => ({ name: `output/${index}`, bits }));
  return { circuit: vectorize(parsed, inputs, outputs), inputs, outputs };
}

function vectorize(
  parsed: BristolCircuit,
  inputs: readonly BristolValue[],
  outputs: readonly BristolValue[],
): Circuit {
  const builder = new CircuitBuilder();
  const map = new WireMap(builder, parsed.wires);
  let wire = 0;
  for (const { name, bits } of inputs) {
    map.place(builder.input(name, bits), wiresFrom(wire, bits));
    wire += bits;
  }
  const leveled = levelGates(parsed);
  placeConstants(builder, map, parsed, leveled);
  for (const levels of leveled.depths) {
    for (const level of levels) placeLevel(builder, map, parsed, leveled.sources, level);
  }
  wire = parsed.wires - totalBits(parsed.outputs);
  for (const { name, bits } of outputs) {
    const sources = wiresFrom(wire, bits).map((output) => leveled.sources[output] ?? output);
    builder.output(name, map.collect(sources));
    wire += bits;
  }
  return builder.build();
}

function placeConstants(
  builder: CircuitBuilder,
  map: WireMap,
  { gates }: BristolCircuit,
  { constants }: LeveledGates,
): void {
  if (constants.length === 0) return;
  const bits = BitVector.fromBits(constants.map((gate) => gates.left[gate] === 1));
  map.place(
    builder.constant(bits),
    constants.map((gate) => gates.out[gate] ?? 0),
  );
}

function placeLevel(
  builder: CircuitBuilder,
  map: WireMap,
  { gates }: BristolCircuit,
  sources: Uint32Array,
  { ands, xors, inversions }: GateLevel,
): void {
  const operands = (list: Uint32Array, level: readonly number[]): number[] =>
    level.map((gate) => sources[list[gate] ?? 0] ?? 0);
  for (const [level, combine] of [
    [ands, 'and'],
    [xors, 'xor'],
  ] as const) {
    if (level.length === 0) continue;
    const ordered = orderedBy(map, level, operands(gates.left, level));
    const left = map.collect(operands(gates.left, ordered));
    const right = map.collect(operands(gates.right, ordered));
    map.place(builder[combine](left, right), operands(gates.out, ordered));
  }
  if (inversions.length === 0) return;
  const ordered = orderedBy(map, inversions, operands(gates.left, inversions));
  map.place(builder.not(map.collect(operands(gates.left, ordered))), operands(gates.out, ordered));
}

/** The gates of a level in the order in which the wires they read first lie. */
function orderedBy(map: WireMap, level: readonly number[], wires: readonly number[]): number[] {
  return Array.from(map.orderByPosition(wires), (index) => level[index] ?? 0);
}

function wiresFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
