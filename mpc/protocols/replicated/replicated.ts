/**
 * The `replicated` protocol: three parties, one semi-honest corruption, one bit per AND and party.
 *
 * Araki, Furukawa, Lindell, Nof, Ohara, "High-Throughput Semi-Honest Secure Three-Party Computation with an
 * Honest Majority", CCS 2016, Protocols 3.1 and 3.2, on bits. AND: party i computes
 * z_i = x_i y_i ^ x_i y_{i+1} ^ x_{i+1} y_i ^ a_i, where a_0 ^ a_1 ^ a_2 = 0, and sends it to party i - 1. All
 * ANDs of one layer travel in one message. Opening: the summand a party lacks comes from the previous party,
 * and its hash from the next, so no single party can make another accept a wrong summand; a wrong product
 * earlier on goes unnoticed, which is what semi-honest means.
 *
 * Where we differ: the paper's pair holds x_i and a combination, ours holds two summands, so that opening and
 * checking read them directly; the stream of masks has an address (mpc/random/prss.ts) and counts within it.
 *
 * Cost: one round a layer and one for opening. An instance evaluates and opens once, because its steps are
 * addresses of the session; the second time throws ADDRESS_REUSED before anything is sent.
 */

import type { BitVector } from '../../bits/bit-vector.ts';
import type { Circuit } from '../../circuit/circuit.ts';
import { MpcError } from '../../errors.ts';
import { nextParty, previousParty } from '../../party.ts';
import { freeLargeAtOnce } from '../../random/free-at-once.ts';
import type { Prss } from '../../random/prss.ts';
import type { Links } from '../../session/links.ts';
import { type AndOperands, evaluateCircuit } from '../evaluate.ts';
import type { Evaluated, Protocol } from '../protocol.ts';
import { AndLayers, completed, firstOf } from './and-layers.ts';
import { LayerMemory } from './layer-memory.ts';
import { linearAlgebra } from './linear-algebra.ts';
import { REPLICATED_MANIFEST } from './manifest.ts';
import { openShares } from './opening.ts';
import { packVectors, requireWithinMessageBound, unpackVectors } from './round-message.ts';
import { ResidentVector, slotBytesOf } from './share-memory.ts';
import type { ReplicatedVector } from './shares.ts';

/** The stream that masks every AND of an attempt. */
const MASK_STEP = 'and';

export class ReplicatedProtocol implements Protocol<ReplicatedVector> {
  readonly manifest = REPLICATED_MANIFEST;
  readonly #links: Links;
  readonly #prss: Prss;
  readonly #layerMemory = new LayerMemory();
  readonly #evaluations = new WeakMap<Evaluated, ReadonlyMap<string, ReplicatedVector>>();

  constructor({ links, prss }: { readonly links: Links; readonly prss: Prss }) {
    this.#links = links;
    this.#prss = prss;
  }

  /** @throws MpcError CIRCUIT_OVER_BOUND before anything is sent, and what links and inputs throw */
  async evaluate(circuit: Circuit, inputs: ReadonlyMap<string, ReplicatedVector>): Promise<Evaluated> {
    requireWithinMessageBound(circuit);
    const ands = new AndLayers(() => this.#prss.zeroStream(MASK_STEP), slotBytesOf(circuit));
    const outputs = await evaluateCircuit(circuit, inputs, {
      ...linearAlgebra(this.#links.self, ands.memory),
      and: (layer, operands) => this.#and(ands, layer, operands),
      finished: (vector, readByNot) => {
        ands.memory.release(vector);
        if (!readByNot) this.#layerMemory.finished(vector);
      },
    });
    const token = newToken();
    this.#evaluations.set(token, outputs);
    return token;
  }

  /** @throws MpcError REVEAL_MISMATCH when the two neighbours disagree; MESSAGE_MALFORMED */
  async open(outputs: Evaluated): Promise<ReadonlyMap<string, BitVector>> {
    const shared = this.#evaluations.get(outputs);
    if (shared === undefined) {
      throw new MpcError('CIRCUIT_INVALID', 'only outputs that this protocol evaluated can be opened');
    }
    return openShares(this.#links, shared);
  }

  async #and(
    ands: AndLayers,
    layer: number,
    operands: readonly AndOperands<ReplicatedVector>[],
  ): Promise<readonly ReplicatedVector[]> {
    const step = `and/${layer}`;
    const halves = ands.multiply(operands);
    const firsts = halves.map(firstOf);
    const { self } = this.#links;
    const [, received] = await Promise.all([
      this.#links.send(step, new Map([[previousParty(self), packVectors(firsts)]])),
      this.#links.receive(step, nextParty(self)),
    ]);
    const seconds = unpackVectors(
      received,
      firsts.map(({ lanes }) => lanes),
    );
    const products = halves.map((half, index) => completed(half, seconds[index]!));
    if (halves.every((half) => half instanceof ResidentVector)) freeLargeAtOnce(received);
    else this.#layerMemory.hold(products);
    return products;
  }
}

function newToken(): Evaluated {
  return Object.freeze({}) as Evaluated;
}
