/**
 * Walking a circuit layer by layer, whatever a secret vector is made of.
 *
 * A protocol supplies an algebra: how its kind of shared vector is XORed, negated, moved about, and how all
 * the ANDs of one layer are computed in a single round. Everything else (order, freeing of vectors that
 * nothing reads any more, matching of inputs) is here, once, so that no two protocols can differ in it.
 */

import type { BitVector } from '../bits/bit-vector.ts';
import { type Circuit, inputsOf, type Operation, operandsOf, type VectorId } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';

export interface AndOperands<Shared> {
  readonly left: Shared;
  readonly right: Shared;
}

export interface ShareAlgebra<Shared> {
  lanesOf(vector: Shared): number;
  constant(bits: BitVector): Shared;
  xor(left: Shared, right: Shared): Shared;
  not(source: Shared): Shared;
  gather(source: Shared, blockLanes: number, blocks: Uint32Array): Shared;
  concat(sources: readonly Shared[]): Shared;
  /** All ANDs of layer `layer` (1 is the first) in the order of the circuit: one round. */
  and(layer: number, operands: readonly AndOperands<Shared>[]): Promise<readonly Shared[]>;
  /**
   * Told, once, of a vector of this algebra that nothing reads any more, so that its memory can be used again; never of
   * an input or an output. Results must not share memory with their operands then. That of NOT may, as long as no vector
   * with `readByNot`, and no result of NOT, gives up memory that they share.
   */
  finished?(vector: Shared, readByNot: boolean): void;
}

/**
 * @param inputs exactly the circuit's inputs, each with its declared number of lanes
 * @returns the outputs by name
 * @throws MpcError CIRCUIT_INPUT_MISMATCH before anything is sent
 */
export async function evaluateCircuit<Shared>(
  circuit: Circuit,
  inputs: ReadonlyMap<string, Shared>,
  algebra: ShareAlgebra<Shared>,
): Promise<ReadonlyMap<string, Shared>> {
  requireInputs(circuit, inputs, algebra);
  const schedule = scheduleOf(circuit);
  const negated = sourcesOfNots(circuit);
  const vectors = new Map<VectorId, Shared>();
  const vectorOf = (id: VectorId): Shared => {
    const vector = vectors.get(id);
    if (vector === undefined) {
      throw new MpcError('CIRCUIT_INVALID', 'an operation reads a vector that was never computed', { id });
    }
    return vector;
  };
  for (const [layer, { ands, local, finished }] of schedule.entries()) {
    if (ands.length > 0) {
      const operands = ands.map(({ left, right }) => ({ left: vectorOf(left), right: vectorOf(right) }));
      const products = await algebra.and(layer, operands);
      ands.forEach(({ id }, index) => {
        const product = products[index];
        if (product !== undefined) vectors.set(id, product);
      });
    }
    for (const { id, operation } of local)
      vectors.set(id, evaluateLocal(operation, inputs, vectorOf, algebra));
    for (const id of finished) {
      if (circuit.operations[id]?.kind !== 'input') algebra.finished?.(vectorOf(id), negated.has(id));
      vectors.delete(id);
    }
  }
  return new Map(circuit.outputs.map(({ name, vector }) => [name, vectorOf(vector)]));
}

function evaluateLocal<Shared>(
  operation: Operation,
  inputs: ReadonlyMap<string, Shared>,
  vectorOf: (id: VectorId) => Shared,
  algebra: ShareAlgebra<Shared>,
): Shared {
  switch (operation.kind) {
    case 'input': {
      const input = inputs.get(operation.name);
      if (input === undefined) {
        throw new MpcError('CIRCUIT_INPUT_MISMATCH', `input ${operation.name} is missing`);
      }
      return input;
    }
    case 'constant':
      return algebra.constant(operation.bits);
    case 'xor':
      return algebra.xor(vectorOf(operation.left), vectorOf(operation.right));
    case 'not':
      return algebra.not(vectorOf(operation.source));
    case 'gather':
      return algebra.gather(vectorOf(operation.source), operation.blockLanes, operation.blocks);
    case 'concat':
      return algebra.concat(operation.sources.map(vectorOf));
    case 'and':
      throw new MpcError('CIRCUIT_INVALID', 'an AND is never local');
  }
}

function sourcesOfNots({ operations }: Circuit): ReadonlySet<VectorId> {
  const sources = new Set<VectorId>();
  for (const operation of operations) if (operation.kind === 'not') sources.add(operation.source);
  return sources;
}

interface LayerSchedule {
  readonly ands: { readonly id: VectorId; readonly left: VectorId; readonly right: VectorId }[];
  readonly local: { readonly id: VectorId; readonly operation: Operation }[];
  /** Vectors that nothing reads after this layer. */
  readonly finished: VectorId[];
}

function scheduleOf(circuit: Circuit): readonly LayerSchedule[] {
  const schedule: LayerSchedule[] = Array.from({ length: circuit.depth + 1 }, () => ({
    ands: [],
    local: [],
    finished: [],
  }));
  const lastRead = Uint32Array.from(circuit.layers);
  circuit.operations.forEach((operation, position) => {
    const id = position as VectorId;
    const layer = circuit.layers[position] ?? 0;
    for (const operand of operandsOf(operation)) {
      lastRead[operand] = Math.max(lastRead[operand] ?? 0, layer);
    }
    if (operation.kind === 'and') {
      schedule[layer]?.ands.push({ id, left: operation.left, right: operation.right });
    } else {
      schedule[layer]?.local.push({ id, operation });
    }
  });
  const kept = new Set(circuit.outputs.map((output) => output.vector));
  lastRead.forEach((layer, position) => {
    const id = position as VectorId;
    if (!kept.has(id)) schedule[layer]?.finished.push(id);
  });
  return schedule;
}

function requireInputs<Shared>(
  circuit: Circuit,
  inputs: ReadonlyMap<string, Shared>,
  algebra: ShareAlgebra<Shared>,
): void {
  const declared = inputsOf(circuit);
  for (const [name, lanes] of declared) {
    const input = inputs.get(name);
    if (input === undefined || algebra.lanesOf(input) !== lanes) {
      throw new MpcError('CIRCUIT_INPUT_MISMATCH', `input ${name} must be given with ${lanes} lanes`, {
        lanes,
        given: input === undefined ? 'nothing' : algebra.lanesOf(input),
      });
    }
  }
  for (const name of inputs.keys()) {
    if (!declared.has(name)) {
      throw new MpcError('CIRCUIT_INPUT_MISMATCH', `the circuit has no input ${name}`);
    }
  }
}
