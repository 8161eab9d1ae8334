/**
 * The `verified` protocol: three parties, one malicious corruption, security with abort, one bit per AND and party
 * plus about a kilobyte for each million ANDs, and three rounds more than `replicated`.
 *
 * Adversary: one party that does anything at all: sends wrong bits in any AND, wrong shares, nothing, or messages chosen
 * after seeing others'. No honest party accepts a wrong output, and nothing that follows from a wrong AND is opened. It is
 * security with abort, not fairness: whoever followed the protocol up to the verdicts can learn the right outputs and
 * keep an honest party from them, by a wrong verdict about another party or a wrong share at the opening. Two colluding
 * parties are out of scope: they hold all shares.
 *
 * How. The ANDs are those of `replicated` (Araki et al., CCS 2016), which is already private against a malicious party;
 * what it lacks is correctness. So every party proves, to its two neighbours at once and before anything opens, that all
 * AND messages it sent were right. For each AND that is an equation between bits that the one neighbour knows, bits that
 * the other knows, and nothing else (and-log.ts). This is the setting of Boyle, Gilboa, Ishai, Nof, "Practical Fully
 * Secure Three-Party Computation via Sublinear Distributed Zero-Knowledge Proofs", CCS 2019, on fully linear proofs of
 * Boneh, Boyle, Corrigan-Gibbs, Gilboa, Ishai, CRYPTO 2019. Random coefficients make one inner product of all equations
 * (coefficients.ts), and a sum-check proves it (prover.ts, verifiers.ts):
 *
 * 1. `check/seed`: the left verifier sends the prover the coefficient seed. Both verifiers know it from a key they share
 *    and the prover lacks. Only the left one may send it: it is the receiver of the prover's AND messages, so when it has
 *    passed its last layer the prover has no message left to choose. (The right one can be a layer ahead; a seed from it
 *    would let a prover fit its last errors to the coefficients.)
 * 2. `check/proof`: the prover sends the right verifier the seed it was given, its half of all rounds and a nonce, and
 *    the left verifier the challenges (transcript.ts). The right verifier stops if the seed is another than it holds.
 *    The left half of the rounds comes from a stream the two have in common.
 * 3. `check/verdict`: the verifiers exchange their folded, blinded factors, their halves of the last claim and a digest of
 *    the challenges, and abort unless product, sum and digests agree.
 *
 * Where we differ from the papers: their proofs interpolate polynomials over many points with a challenge each; ours is
 * the sum-check with two points a round and Fiat-Shamir over 2^128, whose first five rounds work on bits by table
 * look-up. The zero-knowledge argument is the same: each verifier sees one uniformly random half of every message, and of
 * the last claim the other verifier's factor, blinded by an element it does not know, and that verifier's half, which it
 * could have computed itself from both factors and its own half.
 *
 * Soundness: see manifest.ts. Inputs: a party that uses other input shares than its neighbours hold fails this check, as
 * the neighbours' side of each equation is computed from their own shares; bids are bound to them by commitments.
 * Openings: the missing share comes from one neighbour and its hash from the other (opening.ts).
 */

import { andShares } from '../../bits/and-kernel.ts';
import { type BitVector, byteLength } from '../../bits/bit-vector.ts';
import type { Circuit } from '../../circuit/circuit.ts';
import { cost } from '../../circuit/cost.ts';
import { MpcError } from '../../errors.ts';
import type { FieldKernels } from '../../kernels/field.ts';
import { nextParty, previousParty } from '../../party.ts';
import type { Prss, PseudoRandomStream } from '../../random/prss.ts';
import type { Links } from '../../session/links.ts';
import { type AndOperands, evaluateCircuit } from '../evaluate.ts';
import type { Evaluated, Protocol } from '../protocol.ts';
import { linearAlgebra } from '../replicated/linear-algebra.ts';
import { openShares } from '../replicated/opening.ts';
import { requireWithinMessageBound, unpackVectors } from '../replicated/round-message.ts';
import { ReplicatedVector } from '../replicated/shares.ts';
import { AndLog } from './and-log.ts';
import { checkAnds } from './check.ts';
import { logWordsOf, VERIFIED_MANIFEST } from './manifest.ts';

/** The streams that mask every AND of an attempt, consumed in the order of evaluation. */
const MASK_STEP = 'and';

export class VerifiedProtocol implements Protocol<ReplicatedVector> {
  readonly manifest = VERIFIED_MANIFEST;
  readonly #links: Links;
  readonly #prss: Prss;
  readonly #kernels: FieldKernels;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #onProving: (() => void) | undefined;
  #masks: { readonly ofPrevious: PseudoRandomStream; readonly ofNext: PseudoRandomStream } | undefined;
  /** Only checked outputs ever get in here. */
  readonly #checked = new WeakMap<Evaluated, ReadonlyMap<string, ReplicatedVector>>();

  /**
   * @param random cryptographic; for the nonce of this party's proof
   * @param onProving when all ANDs are computed and none is checked
   */
  constructor(parts: {
    readonly links: Links;
    readonly prss: Prss;
    readonly kernels: FieldKernels;
    readonly random: (bytes: number) => Uint8Array;
    readonly onProving?: (() => void) | undefined;
  }) {
    this.#links = parts.links;
    this.#prss = parts.prss;
    this.#kernels = parts.kernels;
    this.#random = parts.random;
    this.#onProving = parts.onProving;
  }

  /**
   * Evaluates and checks every AND.
   * @throws MpcError CHECK_FAILED, CHECK_SEED_DIFFERS, CHECK_CHALLENGES_DIFFER when a proof does not hold, and what links and inputs throw;
   *   this party opens nothing then
   */
  async evaluate(circuit: Circuit, inputs: ReadonlyMap<string, ReplicatedVector>): Promise<Evaluated> {
    requireWithinMessageBound(circuit);
    const log = new AndLog(logWordsOf(cost(circuit)));
    const outputs = await evaluateCircuit(circuit, inputs, {
      ...linearAlgebra(this.#links.self),
      and: (layer, operands) => this.#and(log, layer, operands),
    });
    this.#onProving?.();
    await checkAnds(log, this.#links, this.#prss, this.#kernels, this.#random);
    const token = Object.freeze({}) as Evaluated;
    this.#checked.set(token, outputs);
    return token;
  }

  /** @throws MpcError REVEAL_MISMATCH when the two neighbours disagree; MESSAGE_MALFORMED */
  async open(outputs: Evaluated): Promise<ReadonlyMap<string, BitVector>> {
    const shared = this.#checked.get(outputs);
    if (shared === undefined) {
      throw new MpcError('CIRCUIT_INVALID', 'only outputs that this protocol has checked can be opened');
    }
    return openShares(this.#links, shared);
  }

  /** One layer of ANDs, computed in the log itself, so that what is checked is what was sent and received. */
  async #and(
    log: AndLog,
    layer: number,
    operands: readonly AndOperands<ReplicatedVector>[],
  ): Promise<readonly ReplicatedVector[]> {
    const step = `and/${layer}`;
    const { self } = this.#links;
    const lanes = operands.map(({ left }) => left.lanes);
    const bytes = lanes.reduce((sum, count) => sum + byteLength(count), 0);
    const words = Math.ceil(bytes / 4);
    const part = log.claim(words);
    writeOperands(part, operands);
    this.#masks ??= {
      ofPrevious: this.#prss.commonStream('previous', MASK_STEP),
      ofNext: this.#prss.commonStream('next', MASK_STEP),
    };
    drawMasks(bytesOf(part.rightTerms).subarray(0, bytes), this.#masks.ofPrevious, lanes);
    drawMasks(bytesOf(part.leftTerms).subarray(0, bytes), this.#masks.ofNext, lanes);

    const masks = new Int32Array(words);
    for (let word = 0; word < words; word++) masks[word] = part.rightTerms[word]! ^ part.leftTerms[word]!;
    const sent = new Int32Array(words);
    andShares(part.firstX, part.secondX, part.firstY, part.secondY, masks, 0, sent, 0, words);
    const [, message] = await Promise.all([
      this.#links.send(step, new Map([[previousParty(self), new Uint8Array(sent.buffer, 0, bytes)]])),
      this.#links.receive(step, nextParty(self)),
    ]);
    const seconds = unpackVectors(message, lanes);
    const received = new Int32Array(words);
    new Uint8Array(received.buffer).set(message);
    for (let word = 0; word < words; word++) {
      part.leftTerms[word]! ^= received[word]! ^ (part.secondX[word]! & part.secondY[word]!);
    }
    const firsts = unpackVectors(new Uint8Array(sent.buffer, 0, bytes), lanes);
    return firsts.map((first, index) => new ReplicatedVector(first, seconds[index]!));
  }
}

interface LogPart {
  readonly firstX: Int32Array;
  readonly firstY: Int32Array;
  readonly secondX: Int32Array;
  readonly secondY: Int32Array;
}

/** Copies every operation's operands into the log, in whole bytes one after another, as on the wire. */
function writeOperands(part: LogPart, operands: readonly AndOperands<ReplicatedVector>[]): void {
  const firstX = bytesOf(part.firstX);
  const firstY = bytesOf(part.firstY);
  const secondX = bytesOf(part.secondX);
  const secondY = bytesOf(part.secondY);
  let offset = 0;
  for (const { left, right } of operands) {
    const bytes = byteLength(left.lanes);
    firstX.set(bytesOf(left.first.words).subarray(0, bytes), offset);
    secondX.set(bytesOf(left.second.words).subarray(0, bytes), offset);
    firstY.set(bytesOf(right.first.words).subarray(0, bytes), offset);
    secondY.set(bytesOf(right.second.words).subarray(0, bytes), offset);
    offset += bytes;
  }
}

/** Masks with zeros where an operation's last byte has bits beyond its last lane, as in what is sent. */
function drawMasks(target: Uint8Array, stream: PseudoRandomStream, lanes: readonly number[]): void {
  stream.fill(target);
  let offset = 0;
  for (const count of lanes) {
    offset += byteLength(count);
    const used = count & 7;
    if (used !== 0) target[offset - 1]! &= (1 << used) - 1;
  }
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
