/**
 * The builder: the only way to make a circuit, so that every circuit is well-formed and layered by the time
 * anything evaluates it. It places each `and` one layer above the deepest of its operands, which is the least
 * number of rounds for the gates as written.
 */

import { type BitVector, MAX_LANES } from '../bits/bit-vector.ts';
import { MpcError } from '../errors.ts';
import { type Circuit, type CircuitOutput, type Operation, operandsOf, type VectorId } from './circuit.ts';

/** Operations are vectors, not gates: a million of them is a mistake in a builder, not a large tender. */
export const MAX_OPERATIONS = 2 ** 20;

export class CircuitBuilder {
  readonly #operations: Operation[] = [];
  readonly #lanes: number[] = [];
  readonly #layers: number[] = [];
  readonly #outputs: CircuitOutput[] = [];
  readonly #names = new Set<string>();
  #depth = 0;

  input(name: string, lanes: number): VectorId {
    this.#claimName(`input ${name}`);
    return this.#add({ kind: 'input', name, lanes }, lanes);
  }

  constant(bits: BitVector): VectorId {
    return this.#add({ kind: 'constant', bits }, bits.lanes);
  }

  xor(left: VectorId, right: VectorId): VectorId {
    return this.#add({ kind: 'xor', left, right }, this.#sameLanes('xor', left, right));
  }

  not(source: VectorId): VectorId {
    return this.#add({ kind: 'not', source }, this.lanesOf(source));
  }

  and(left: VectorId, right: VectorId): VectorId {
    return this.#add({ kind: 'and', left, right }, this.#sameLanes('and', left, right));
  }

  /** left or right, at the cost of one AND a lane: De Morgan. */
  or(left: VectorId, right: VectorId): VectorId {
    return this.not(this.and(this.not(left), this.not(right)));
  }

  gather(source: VectorId, blockLanes: number, blocks: Uint32Array): VectorId {
    const available = this.lanesOf(source) / blockLanes;
    if (!Number.isSafeInteger(blockLanes) || blockLanes < 1) {
      throw new MpcError('CIRCUIT_INVALID', 'a block has at least one lane', { blockLanes });
    }
    for (const block of blocks) {
      if (block >= Math.floor(available)) {
        throw new MpcError('CIRCUIT_INVALID', 'a gathered block lies outside its source', { block });
      }
    }
    return this.#add({ kind: 'gather', source, blockLanes, blocks }, blockLanes * blocks.length);
  }

  /** Lanes `start` to `start + lanes - 1`, where both are multiples of a common block. */
  slice(source: VectorId, start: number, lanes: number): VectorId {
    if (lanes === this.lanesOf(source) && start === 0) return source;
    const blockLanes = greatestCommonDivisor(start, lanes);
    const blocks = new Uint32Array(lanes / blockLanes);
    for (let index = 0; index < blocks.length; index++) blocks[index] = start / blockLanes + index;
    return this.gather(source, blockLanes, blocks);
  }

  /** The whole source, `times` times over. */
  repeat(source: VectorId, times: number): VectorId {
    return times === 1 ? source : this.gather(source, this.lanesOf(source), new Uint32Array(times));
  }

  concat(sources: readonly VectorId[]): VectorId {
    const [first] = sources;
    if (first === undefined) throw new MpcError('CIRCUIT_INVALID', 'concat needs at least one source');
    if (sources.length === 1) return first;
    const lanes = sources.reduce((sum, source) => sum + this.lanesOf(source), 0);
    return this.#add({ kind: 'concat', sources: [...sources] }, lanes);
  }

  output(name: string, vector: VectorId): void {
    this.#claimName(`output ${name}`);
    this.lanesOf(vector);
    this.#outputs.push({ name, vector });
  }

  lanesOf(vector: VectorId): number {
    const lanes = this.#lanes[vector];
    if (lanes === undefined) {
      throw new MpcError('CIRCUIT_INVALID', 'a vector of another circuit was used', { vector });
    }
    return lanes;
  }

  build(): Circuit {
    if (this.#outputs.length === 0) {
      throw new MpcError('CIRCUIT_INVALID', 'a circuit without outputs computes nothing');
    }
    return Object.freeze({
      operations: Object.freeze([...this.#operations]),
      lanes: Object.freeze([...this.#lanes]),
      layers: Object.freeze([...this.#layers]),
      outputs: Object.freeze([...this.#outputs]),
      depth: this.#depth,
    });
  }

  #add(operation: Operation, lanes: number): VectorId {
    if (this.#operations.length >= MAX_OPERATIONS || lanes > MAX_LANES) {
      throw new MpcError('CIRCUIT_OVER_BOUND', 'too many operations, or a vector too long', {
        operations: this.#operations.length,
        lanes,
      });
    }
    if (!Number.isSafeInteger(lanes) || lanes < 1) {
      throw new MpcError('CIRCUIT_INVALID', 'a vector has at least one lane', { lanes });
    }
    let layer = 0;
    for (const operand of operandsOf(operation)) layer = Math.max(layer, this.#layers[operand] ?? 0);
    if (operation.kind === 'and') layer += 1;
    this.#depth = Math.max(this.#depth, layer);
    this.#lanes.push(lanes);
    this.#layers.push(layer);
    return toVectorId(this.#operations.push(operation) - 1);
  }

  #sameLanes(kind: string, left: VectorId, right: VectorId): number {
    const lanes = this.lanesOf(left);
    if (lanes !== this.lanesOf(right)) {
      throw new MpcError('CIRCUIT_INVALID', `the operands of ${kind} differ in lanes`, {
        left: lanes,
        right: this.lanesOf(right),
      });
    }
    return lanes;
  }

  #claimName(name: string): void {
    if (this.#names.has(name)) throw new MpcError('CIRCUIT_INVALID', `${name} is declared twice`);
    this.#names.add(name);
  }
}

function toVectorId(position: number): VectorId {
  return position as VectorId;
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
