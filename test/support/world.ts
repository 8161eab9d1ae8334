/**
 * Three parties in one process: test identities, session parameters, and `runParties`, which takes a circuit
 * with clear inputs through sharing, sessions, evaluation and opening at all three.
 */

import { randomBytes } from 'node:crypto';
import type { BitVector } from '../../mpc/bits/bit-vector.ts';
import type { Channel } from '../../mpc/channels/channel.ts';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import {
  shareInputs as dealInputs,
  forEachParty,
  type LocalRun,
  runParty as runLocalParty,
  runThreeParties,
  type Three,
} from '../../mpc/protocols/local-run.ts';
import type { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import type { ThreePartyName } from '../../mpc/protocols/three-party.ts';
import {
  createPartyIdentity,
  type PartyIdentity,
  type PartyPublic,
  publicFromSeed,
} from '../../mpc/session/identity.ts';
import type { SessionParameters } from '../../mpc/session/session.ts';
import { turningClock } from './turning-clock.ts';

export { forEachParty, type Three };

const seedOf = (party: PartyIndex): Uint8Array => new Uint8Array(32).fill(party + 1);

export const testIdentities: Three<PartyIdentity> = forEachParty((party) =>
  createPartyIdentity(party, seedOf(party)),
);

export const testParties: Three<PartyPublic> = forEachParty((party) => publicFromSeed(seedOf(party)));

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
    clock: turningClock,
    random: (bytes) => randomBytes(bytes),
    binding: {
      protocol: 'replicated',
      circuitHash: new Uint8Array(32).fill(7),
      inputSetRoot: new Uint8Array(32).fill(8),
    },
    handshakeTimeoutMs: 60_000,
    messageTimeoutMs: 60_000,
    watchIntervalMs: 20,
    ...overrides,
  };
}

export function shareInputs(
  inputs: ReadonlyMap<string, BitVector>,
): Three<ReadonlyMap<string, ReplicatedVector>> {
  return dealInputs(inputs, randomBytes);
}

export interface WorldOptions {
  /** `replicated` by default. */
  readonly protocol?: ThreePartyName;
  /** A fresh memory network by default. */
  readonly channels?: Three<Channel>;
  readonly maxAttempts?: number;
  readonly session?: Partial<SessionParameters>;
}

export function runParties(
  circuit: Circuit,
  clearInputs: ReadonlyMap<string, BitVector>,
  options: WorldOptions = {},
): Promise<LocalRun> {
  const channels = options.channels ?? createMemoryNetwork();
  return runThreeParties(
    circuit,
    clearInputs,
    options.protocol ?? 'replicated',
    (party) => testParameters(channels[party], options.session),
    options.maxAttempts,
  );
}

/** One party's whole run: session, evaluation, opening. */
export function runParty(
  circuit: Circuit,
  inputs: ReadonlyMap<string, ReplicatedVector>,
  channel: Channel,
  options: WorldOptions = {},
) {
  const parameters = testParameters(channel, options.session);
  return runLocalParty(circuit, inputs, options.protocol ?? 'replicated', parameters, options.maxAttempts);
}
