/**
 * Our circuits as Bristol Fashion text, so that other engines evaluate them.
 *
 * Every lane becomes a wire. `gather` and `concat` only rename wires; `not` becomes `INV`; a constant becomes
 * at most two `EQ` gates for the whole circuit. The format wants the outputs on the last wires, in order: the
 * gate that computes an output sets its wire there, and an `EQW` copies where that can't be (an output that
 * is an input, or one wire that is output twice). The ANDs are those of the circuit, gate for gate; the AND depth
 * is at most its depth, and smaller only where one vector mixed lanes of several depths.
 *
 * The format has no names: values come in the order in which the circuit declares its inputs and outputs.
 */

import { type Circuit, inputsOf, type Operation, type VectorId } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import {
  type BristolCircuit,
  GATE_KIND,
  GateList,
  MAX_GATES,
  MAX_VALUES,
  MAX_WIRES,
} from './bristol-circuit.ts';
import { formatBristol } from './format.ts';

/** While a circuit is expanded each lane of each vector takes 4 bytes: 256 MB. */
const MAX_EXPANDED_LANES = 2 ** 26;

/** @throws MpcError BRISTOL_OVER_BOUND when the circuit has more gates or values than `importBristol` would accept */
export function exportBristol(circuit: Circuit): string {
  requireWithinBounds(circuit);
  const expansion = new Expansion(circuit);
  for (const [position, operation] of circuit.operations.entries()) expansion.expand(position, operation);
  return formatBristol(expansion.finish());
}

function requireWithinBounds(circuit: Circuit): void {
  const outputLanes = circuit.outputs.reduce((sum, { vector }) => sum + (circuit.lanes[vector] ?? 0), 0);
  let lanes = outputLanes;
  let gates = 2 + outputLanes;
  let inputs = 0;
  for (const [position, { kind }] of circuit.operations.entries()) {
    const own = circuit.lanes[position] ?? 0;
    lanes += own;
    if (kind === 'input') inputs += own;
    else if (kind === 'xor' || kind === 'and' || kind === 'not') gates += own;
  }
  if (gates > MAX_GATES || gates + inputs > MAX_WIRES || lanes > MAX_EXPANDED_LANES) {
    throw new MpcError('BRISTOL_OVER_BOUND', `at most ${MAX_GATES} gates are exported`, {
      gates,
      inputs,
      lanes,
    });
  }
  const values = Math.max(inputsOf(circuit).size, circuit.outputs.length);
  if (values > MAX_VALUES) {
    throw new MpcError('BRISTOL_OVER_BOUND', `at most ${MAX_VALUES} input or output values are exported`, {
      values,
    });
  }
}

/** Wires are first numbered as they come: inputs, then one for each gate. `finish` moves the outputs last. */
class Expansion {
  readonly #circuit: Circuit;
  readonly #inputs: ReadonlyMap<string, number>;
  readonly #inputBits: number;
  readonly #kinds: number[] = [];
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #wires: Uint32Array[] = [];
  readonly #constants: (number | undefined)[] = [undefined, undefined];
  #nextInput = 0;

  constructor(circuit: Circuit) {
    this.#circuit = circuit;
    this.#inputs = inputsOf(circuit);
    this.#inputBits = [...this.#inputs.values()].reduce((sum, lanes) => sum + lanes, 0);
  }

  expand(position: number, operation: Operation): void {
    this.#wires.push(this.#wiresFor(operation, this.#circuit.lanes[position] ?? 0));
  }

  finish(): BristolCircuit {
    const widths = this.#circuit.outputs.map(({ vector }) => this.#wiresOf(vector).length);
    const outputs = this.#circuit.outputs.flatMap(({ vector }) => [...this.#wiresOf(vector)]);
    const computed = new Set(outputs.filter((wire) => wire >= this.#inputBits));
    const copies = outputs.length - computed.size;
    const wires = this.#inputBits + this.#kinds.length + copies;
    const firstOutput = wires - outputs.length;
    const finalOf = this.#finalNumbers(outputs, computed, firstOutput);
    const list = new GateList(this.#kinds.length + copies);
    for (const [gate, kind] of this.#kinds.entries()) {
      const left = this.#left[gate] ?? 0;
      list.push(
        kind,
        kind === GATE_KIND.eq ? left : (finalOf[left] ?? 0),
        kind === GATE_KIND.xor || kind === GATE_KIND.and ? (finalOf[this.#right[gate] ?? 0] ?? 0) : 0,
        finalOf[this.#inputBits + gate] ?? 0,
      );
    }
    for (const [index, wire] of outputs.entries()) {
      const source = finalOf[wire] ?? 0;
      if (source !== firstOutput + index) list.push(GATE_KIND.eqw, source, 0, firstOutput + index);
    }
    return { wires, inputs: [...this.#inputs.values()], outputs: widths, gates: list.gates() };
  }

  /** A gate's wire takes the place of the first output it is; all others keep their order before the outputs. */
  #finalNumbers(outputs: readonly number[], computed: ReadonlySet<number>, firstOutput: number): Uint32Array {
    const finalOf = new Uint32Array(this.#inputBits + this.#kinds.length);
    let next = 0;
    for (let wire = 0; wire < finalOf.length; wire++) {
      if (!computed.has(wire)) finalOf[wire] = next++;
    }
    // Backwards, so that of equal outputs the first has the last word.
    for (let index = outputs.length - 1; index >= 0; index--) {
      const wire = outputs[index] ?? 0;
      if (computed.has(wire)) finalOf[wire] = firstOutput + index;
    }
    return finalOf;
  }

  #wiresFor(operation: Operation, lanes: number): Uint32Array {
    switch (operation.kind) {
      case 'input':
        this.#nextInput += lanes;
        return wiresFrom(this.#nextInput - lanes, lanes);
      case 'constant':
        return Uint32Array.from({ length: lanes }, (_, lane) => this.#constant(operation.bits.get(lane)));
      case 'xor':
      case 'and': {
        const left = this.#wiresOf(operation.left);
        const right = this.#wiresOf(operation.right);
        return left.map((wire, lane) => this.#gate(GATE_KIND[operation.kind], wire, right[lane] ?? 0));
      }
      case 'not':
        return this.#wiresOf(operation.source).map((wire) => this.#gate(GATE_KIND.inv, wire, 0));
      case 'gather': {
        const source = this.#wiresOf(operation.source);
        const gathered = new Uint32Array(lanes);
        for (const [index, block] of operation.blocks.entries()) {
          const start = block * operation.blockLanes;
          gathered.set(source.subarray(start, start + operation.blockLanes), index * operation.blockLanes);
        }
        return gathered;
      }
      case 'concat': {
        const joined = new Uint32Array(lanes);
        let offset = 0;
        for (const source of operation.sources) {
          joined.set(this.#wiresOf(source), offset);
          offset += this.#wiresOf(source).length;
        }
        return joined;
      }
    }
  }

  #constant(bit: 0 | 1): number {
    this.#constants[bit] ??= this.#gate(GATE_KIND.eq, bit, 0);
    return this.#constants[bit];
  }

  /** @returns the wire that the gate sets */
  #gate(kind: number, left: number, right: number): number {
    this.#left.push(left);
    this.#right.push(right);
    return this.#inputBits + this.#kinds.push(kind) - 1;
  }

  #wiresOf(vector: VectorId): Uint32Array {
    const wires = this.#wires[vector];
    if (wires === undefined) {
      throw new MpcError('CIRCUIT_INVALID', 'an operation reads a vector that comes after it', { vector });
    }
    return wires;
  }
}

function wiresFrom(first: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => first + index);
}
