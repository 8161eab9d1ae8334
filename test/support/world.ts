/**
 * Three parties in one process: test identities, session parameters, and `runParties`, which takes a circuit
 * with clear inputs through sharing, sessions, evaluation and opening at all three.
 */

import { randomBytes } from 'node:crypto';
import { systemClock } from '../../functions/system-clock.ts';
import type { BitVector } from '../../mpc/bits/bit-vector.ts';
import type { Channel } from '../../mpc/channels/channel.ts';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { type ReplicatedVector, shareVector } from '../../mpc/protocols/replicated/shares.ts';
import { createThreePartyProtocol, type ThreePartyName } from '../../mpc/protocols/three-party.ts';
import {
  createPartyIdentity,
  type PartyIdentity,
  type PartyPublic,
  publicFromSeed,
} from '../../mpc/session/identity.ts';
import type { LinkCounters } from '../../mpc/session/links.ts';
import { runAttempts, type SessionParameters } from '../../mpc/session/session.ts';

export type Three<Value> = readonly [Value, Value, Value];

const seedOf = (party: PartyIndex): Uint8Array => new Uint8Array(32).fill(party + 1);

export const testIdentities: Three<PartyIdentity> = forEachParty((party) =>
  createPartyIdentity(party, seedOf(party)),
);

export const testParties: Three<PartyPublic> = forEachParty((party) => publicFromSeed(seedOf(party)));

export function forEachParty<Value>(make: (party: PartyIndex) => Value): Three<Value> {
  return [make(PARTIES[0]), make(PARTIES[1]), make(PARTIES[2])];
}

/** What party `channel.self` opens a session with; short waits, so that failing tests fail soon. */
export function testParameters(
  channel: Channel,
  overrides: Partial<SessionParameters> = {},
): SessionParameters {
  return {
    sessionId: 'test',
    identity: testIdentities[channel.self],
    parties: testParties,
    channel,
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
    binding: {
      protocol: 'replicated',
      circuitHash: new Uint8Array(32).fill(7),
      inputSetRoot: new Uint8Array(32).fill(8),
    },
    handshakeTimeoutMs: 5000,
    messageTimeoutMs: 5000,
    watchIntervalMs: 20,
    ...overrides,
  };
}

export function shareInputs(
  inputs: ReadonlyMap<string, BitVector>,
): Three<ReadonlyMap<string, ReplicatedVector>> {
  const parts = [...inputs].map(([name, bits]) => [name, shareVector(bits, randomBytes)] as const);
  return forEachParty((party) => new Map(parts.map(([name, shares]) => [name, shares[party]])));
}

export interface WorldOptions {
  /** `replicated` by default. */
  readonly protocol?: ThreePartyName;
  /** A fresh memory network by default. */
  readonly channels?: Three<Channel>;
  readonly maxAttempts?: number;
  readonly session?: Partial<SessionParameters>;
}

export interface WorldRun {
  /** What every party opened; the run throws if two of them differ. */
  readonly outputs: ReadonlyMap<string, BitVector>;
  readonly counters: Three<LinkCounters>;
  readonly attempt: number;
}

export async function runParties(
  circuit: Circuit,
  clearInputs: ReadonlyMap<string, BitVector>,
  options: WorldOptions = {},
): Promise<WorldRun> {
  const channels = options.channels ?? createMemoryNetwork();
  const inputs = shareInputs(clearInputs);
  const [zero, one, two] = forEachParty((party) =>
    runParty(circuit, inputs[party], channels[party], options),
  );
  const runs = await Promise.all([zero, one, two]);
  const [first, ...others] = runs;
  for (const other of others) {
    for (const [name, bits] of first.result.outputs) {
      if (!other.result.outputs.get(name)?.equals(bits))
        throw new Error(`the parties opened ${name} differently`);
    }
  }
  return {
    outputs: first.result.outputs,
    counters: [runs[0].result.counters, runs[1].result.counters, runs[2].result.counters],
    attempt: first.attempt,
  };
}

/** One party's whole run: session, evaluation, opening. */
export function runParty(
  circuit: Circuit,
  inputs: ReadonlyMap<string, ReplicatedVector>,
  channel: Channel,
  options: WorldOptions = {},
) {
  const parameters = testParameters(channel, options.session);
  return runAttempts(parameters, options.maxAttempts ?? 1, async ({ links, prss }) => {
    const protocol = createThreePartyProtocol(options.protocol ?? 'replicated', { links, prss }, randomBytes);
    const outputs = await protocol.open(await protocol.evaluate(circuit, inputs));
    return { outputs, counters: links.counters() };
  });
}
