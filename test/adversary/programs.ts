/**
 * Programs to run in the kit: the engine's own protocols on shared inputs, and what their safe runs look like.
 */

import type { BitVector } from '../../mpc/bits/bit-vector.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import type { MpcErrorCode } from '../../mpc/errors.ts';
import { ClearProtocol } from '../../mpc/protocols/clear.ts';
import { type ReplicatedVector, shareVector } from '../../mpc/protocols/replicated/shares.ts';
import { createThreePartyProtocol, type ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { forEachParty, type Three } from '../support/world.ts';
import { EVALUATED, type Outputs, type PartyProgram, type SafetyRules } from './kit.ts';
import { seededRandom } from './seeded.ts';

export type SharedInputs = ReadonlyMap<string, ReplicatedVector>;

/** The same sharing for the same seed. */
export function dealInputs(inputs: ReadonlyMap<string, BitVector>, seed: string): Three<SharedInputs> {
  const random = seededRandom(`${seed} dealer`);
  const parts = [...inputs].map(([name, bits]) => [name, shareVector(bits, random)] as const);
  return forEachParty((party) => new Map(parts.map(([name, shares]) => [name, shares[party]])));
}

/** Evaluates and opens with a protocol of the engine. */
export function protocolProgram(
  name: ThreePartyName,
  circuit: Circuit,
  inputs: Three<SharedInputs>,
): PartyProgram {
  return async ({ party, links, prss, random, mark }) => {
    const protocol = createThreePartyProtocol(name, { links, prss }, random);
    const evaluated = await protocol.evaluate(circuit, inputs[party]);
    mark(EVALUATED);
    return protocol.open(evaluated);
  };
}

export async function plainOutputs(
  circuit: Circuit,
  inputs: ReadonlyMap<string, BitVector>,
): Promise<Outputs> {
  const protocol = new ClearProtocol();
  return protocol.open(await protocol.evaluate(circuit, inputs));
}

/** How an attempt of a verified session may end when one party, or the network, does anything at all. */
export const VERIFIED_ABORTS: readonly MpcErrorCode[] = [
  'CHANNEL_TIMEOUT',
  'CHANNEL_ITEM_MALFORMED',
  'MESSAGE_FORGED',
  'MESSAGE_MALFORMED',
  'HANDSHAKE_SIGNATURE',
  'HANDSHAKE_MISMATCH',
  'HANDSHAKE_KEY',
  'CHECK_FAILED',
  'CHECK_SEED_DIFFERS',
  'CHECK_CHALLENGES_DIFFER',
  'CHECK_UNBLINDED',
  'REVEAL_MISMATCH',
];

/** A circuit without ANDs has nothing to check. */
export function verifiedRules(circuit: Circuit): SafetyRules {
  const after = cost(circuit).ands === 0 ? [] : ['check/proof', 'check/verdict'];
  return { codes: VERIFIED_ABORTS, opening: { step: 'open', after } };
}
