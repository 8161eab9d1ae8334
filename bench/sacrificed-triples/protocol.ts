/**
 * The measured alternative to the `verified` protocol: every AND checked by sacrificed triples. It does not ship.
 *
 * Adversary: one malicious party of three, security with abort, as for `verified`. Sources: Furukawa, Lindell, Nof,
 * Weinstein, EUROCRYPT 2017 (triples, sacrifices, checks after evaluation), and Araki et al., S&P 2017 (B - 1 shuffles,
 * and a shuffle against the ANDs themselves). Where we differ: buckets.ts, with the proof of the bound that holds here.
 *
 * 1. The message of the first AND layer also carries the products of all random triples (generate.ts).
 * 2. When all layers are through, three rounds check every AND by its bucket of triples (check.ts).
 * 3. Only then can outputs be opened (opening.ts).
 *
 * Rounds: the depth and four, as many as `verified`. Bits of an AND and party: 3 B + 1 for B triples. Work on whole words
 * in TypeScript, 32 ANDs at a time, but for the shuffles.
 */

import { andShares } from '../../mpc/bits/and-kernel.ts';
import { type BitVector, byteLength } from '../../mpc/bits/bit-vector.ts';
import { concatBytes } from '../../mpc/bytes.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { MpcError } from '../../mpc/errors.ts';
import { nextParty, previousParty } from '../../mpc/party.ts';
import { type AndOperands, evaluateCircuit } from '../../mpc/protocols/evaluate.ts';
import type { Evaluated, Protocol, ProtocolManifest } from '../../mpc/protocols/protocol.ts';
import { linearAlgebra } from '../../mpc/protocols/replicated/linear-algebra.ts';
import { requireWithinMessageBound, unpackVectors } from '../../mpc/protocols/replicated/round-message.ts';
import { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import type { Prss } from '../../mpc/random/prss.ts';
import type { Links } from '../../mpc/session/links.ts';
import { bucketsOf, OPENED_WORDS, type TripleSettings, tripleManifest } from './buckets.ts';
import { checkByTriples } from './check.ts';
import { SacrificeError } from './errors.ts';
import { GateLog } from './gate-log.ts';
import { completeTriples, drawTriples } from './generate.ts';
import { openSalted } from './opening.ts';
import { allocatePlanes, bytesOfWords, type TriplePlanes } from './triple-planes.ts';

export class SacrificedTriplesProtocol implements Protocol<ReplicatedVector> {
  readonly manifest: ProtocolManifest;
  readonly #links: Links;
  readonly #prss: Prss;
  readonly #settings: TripleSettings;
  readonly #checked = new WeakMap<Evaluated, ReadonlyMap<string, ReplicatedVector>>();

  constructor(parts: { readonly links: Links; readonly prss: Prss; readonly settings: TripleSettings }) {
    this.manifest = tripleManifest(parts.settings);
    this.#links = parts.links;
    this.#prss = parts.prss;
    this.#settings = parts.settings;
  }

  /** @throws SacrificeError when a check fails, and what links and inputs throw; nothing is opened then */
  async evaluate(circuit: Circuit, inputs: ReadonlyMap<string, ReplicatedVector>): Promise<Evaluated> {
    requireWithinMessageBound(circuit);
    const buckets = bucketsOf(cost(circuit), this.#settings);
    const log = new GateLog(buckets.words);
    const tripleWords = circuit.depth === 0 ? 0 : buckets.triples * (buckets.words + OPENED_WORDS);
    const triples = tripleWords === 0 ? allocatePlanes(0) : drawTriples(this.#prss, tripleWords);
    const outputs = await evaluateCircuit(circuit, inputs, {
      ...linearAlgebra(this.#links.self),
      and: (layer, operands) => this.#and(log, triples, layer, operands),
    });
    if (!log.isComplete()) throw new MpcError('CHECK_INCOMPLETE', 'some ANDs were not logged');
    if (circuit.depth > 0) await checkByTriples(log.planes, triples, buckets, this.#links, this.#prss);
    const token = Object.freeze({}) as Evaluated;
    this.#checked.set(token, outputs);
    return token;
  }

  /** @throws SacrificeError NOT_CHECKED, OUTPUT_DIFFERS; MpcError MESSAGE_MALFORMED */
  async open(outputs: Evaluated): Promise<ReadonlyMap<string, BitVector>> {
    const shared = this.#checked.get(outputs);
    if (shared === undefined) throw new SacrificeError('NOT_CHECKED');
    return openSalted(this.#links, this.#prss, shared);
  }

  /** One layer of ANDs, computed in the log itself; with the first go the products of all triples. */
  async #and(
    log: GateLog,
    triples: TriplePlanes,
    layer: number,
    operands: readonly AndOperands<ReplicatedVector>[],
  ): Promise<readonly ReplicatedVector[]> {
    const step = `and/${layer}`;
    const { self } = this.#links;
    const lanes = operands.map(({ left }) => left.lanes);
    const bytes = lanes.reduce((sum, count) => sum + byteLength(count), 0);
    const words = Math.ceil(bytes / 4);
    const { x0, x1, y0, y1, z0, z1 } = log.claim(words, operands);
    andShares(x0, x1, y0, y1, this.#masks(step, words, lanes), 0, z0, 0, words);
    const sent = bytesOfWords(z0).subarray(0, bytes);
    const withTriples = layer === 1;
    const [, message] = await Promise.all([
      this.#links.send(
        step,
        new Map([[previousParty(self), withTriples ? concatBytes([sent, bytesOfWords(triples.z0)]) : sent]]),
      ),
      this.#links.receive(step, nextParty(self)),
    ]);
    const expected = bytes + (withTriples ? triples.z0.byteLength : 0);
    if (message.length !== expected) {
      throw new MpcError('MESSAGE_MALFORMED', `a layer of ${expected} bytes came with ${message.length}`);
    }
    const received = message.subarray(0, bytes);
    const seconds = unpackVectors(received, lanes);
    bytesOfWords(z1).set(received);
    if (withTriples) completeTriples(triples, message.subarray(bytes));
    const firsts = unpackVectors(sent, lanes);
    return firsts.map((first, index) => new ReplicatedVector(first, seconds[index]!));
  }

  /** A share of zero for a layer, with zeros where an operation's last byte has bits beyond its last lane. */
  #masks(step: string, words: number, lanes: readonly number[]): Int32Array {
    const masks = this.#prss.zeroShare(step, words * 32).words;
    const bytes = bytesOfWords(masks);
    let offset = 0;
    for (const count of lanes) {
      offset += byteLength(count);
      const used = count & 7;
      if (used !== 0) bytes[offset - 1]! &= (1 << used) - 1;
    }
    bytes.fill(0, offset);
    return masks;
  }
}
