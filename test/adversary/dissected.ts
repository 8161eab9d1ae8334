/**
 * The verified protocol taken apart, so that a party can lie in what it computes and not only in what it sends.
 *
 * Byte for byte the messages of mpc/protocols/verified (a test runs one such party among two real ones), written from the
 * same public parts: the circuit walk, the log, the check, the opening. A lie is a hook between two of them.
 */

import { BitVector } from '../../mpc/bits/bit-vector.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { FieldKernels } from '../../mpc/kernels/field.ts';
import { nextParty, previousParty } from '../../mpc/party.ts';
import { type AndOperands, evaluateCircuit } from '../../mpc/protocols/evaluate.ts';
import { linearAlgebra } from '../../mpc/protocols/replicated/linear-algebra.ts';
import { openShares } from '../../mpc/protocols/replicated/opening.ts';
import { packVectors, unpackVectors } from '../../mpc/protocols/replicated/round-message.ts';
import { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import { AndLog } from '../../mpc/protocols/verified/and-log.ts';
import { checkAnds } from '../../mpc/protocols/verified/check.ts';
import { logWordsOf } from '../../mpc/protocols/verified/manifest.ts';
import type { PseudoRandomStream } from '../../mpc/random/prss.ts';
import type { Three } from '../support/world.ts';
import { EVALUATED, type PartyContext, type PartyProgram } from './kit.ts';
import type { SharedInputs } from './programs.ts';

export interface Lies {
  /** Changes the own summand of a layer's products, in the message and in all that follows from it. */
  readonly product?: (layer: number, sent: Uint8Array) => void;
  /** Changes what is checked: what this party proves, and what it verifies. */
  readonly log?: (log: AndLog) => void;
  readonly skipCheck?: boolean;
  /** Changes the shares that are opened, message, hash and all. */
  readonly outputs?: (shares: ReplicatedVector) => ReplicatedVector;
}

export function dissectedVerified(
  circuit: Circuit,
  inputs: Three<SharedInputs>,
  lies: Lies = {},
): PartyProgram {
  return async (context) => {
    const { party, links, prss, random, mark } = context;
    const log = new AndLog(logWordsOf(cost(circuit)));
    const masks = {
      ofPrevious: prss.commonStream('previous', 'and'),
      ofNext: prss.commonStream('next', 'and'),
    };
    const outputs = await evaluateCircuit(circuit, inputs[party], {
      ...linearAlgebra(party),
      and: (layer, operands) => multiply(context, { log, masks, lies }, layer, operands),
    });
    lies.log?.(log);
    if (lies.skipCheck !== true) await checkAnds(log, links, prss, new FieldKernels(), random);
    mark(EVALUATED);
    const { outputs: lie } = lies;
    const shown =
      lie === undefined ? outputs : new Map([...outputs].map(([name, share]) => [name, lie(share)]));
    return openShares(links, shown);
  };
}

interface Evaluation {
  readonly log: AndLog;
  readonly masks: { readonly ofPrevious: PseudoRandomStream; readonly ofNext: PseudoRandomStream };
  readonly lies: Lies;
}

async function multiply(
  { party, links }: PartyContext,
  { log, masks, lies }: Evaluation,
  layer: number,
  operands: readonly AndOperands<ReplicatedVector>[],
): Promise<readonly ReplicatedVector[]> {
  const step = `and/${layer}`;
  const lanes = operands.map(({ left }) => left.lanes);
  const used = packVectors(lanes.map((count) => BitVector.ones(count)));
  const x1 = packVectors(operands.map(({ left }) => left.first));
  const x2 = packVectors(operands.map(({ left }) => left.second));
  const y1 = packVectors(operands.map(({ right }) => right.first));
  const y2 = packVectors(operands.map(({ right }) => right.second));
  const ownMask = drawMask(masks.ofPrevious, used);
  const nextMask = drawMask(masks.ofNext, used);
  const sent = x1.map(
    (byte, at) => (byte & (y1[at]! ^ y2[at]!)) ^ (x2[at]! & y1[at]!) ^ ownMask[at]! ^ nextMask[at]!,
  );
  lies.product?.(layer, sent);
  const [, received] = await Promise.all([
    links.send(step, new Map([[previousParty(party), sent]])),
    links.receive(step, nextParty(party)),
  ]);
  const part = log.claim(Math.ceil(used.length / 4));
  write(part.firstX, x1);
  write(part.firstY, y1);
  write(part.secondX, x2);
  write(part.secondY, y2);
  write(part.rightTerms, ownMask);
  const seconds = unpackVectors(received, lanes);
  write(
    part.leftTerms,
    received.map((byte, at) => byte ^ (x2[at]! & y2[at]!) ^ nextMask[at]!),
  );
  return unpackVectors(sent, lanes).map((first, index) => new ReplicatedVector(first, seconds[index]!));
}

/** As many bytes as there are, with zeros where no AND is. */
function drawMask(stream: PseudoRandomStream, used: Uint8Array): Uint8Array<ArrayBuffer> {
  const drawn = new Uint8Array(used.length);
  stream.fill(drawn);
  return drawn.map((byte, at) => byte & used[at]!);
}

function write(words: Int32Array, bytes: Uint8Array): void {
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength).set(bytes);
}

/** Flips lane `lane` of packed bits. */
export function flipLane(bytes: Uint8Array, lane: number): void {
  bytes[lane >> 3]! ^= 1 << (lane & 7);
}
