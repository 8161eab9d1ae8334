/**
 * Three parties in one process: real sessions with real handshakes and seals, over channels that the caller
 * brings or over memory.
 *
 * For trying circuits and for tests. The process deals the inputs and holds all shares, so nothing is secret from
 * whoever runs it; what it shows is what three separate parties would compute, send and refuse. Identities and
 * keys are fresh for each run. When one party fails the others end at once with the same error.
 */

import type { BitVector } from '../bits/bit-vector.ts';
import { createMemoryNetwork } from '../channels/memory.ts';
import type { Circuit } from '../circuit/circuit.ts';
import { circuitHash } from '../circuit/circuit-hash.ts';
import type { Clock } from '../clock.ts';
import { MpcError } from '../errors.ts';
import { PARTIES, type PartyIndex } from '../party.ts';
import { createPartyIdentity, publicFromSeed } from '../session/identity.ts';
import type { LinkCounters } from '../session/links.ts';
import { RAW_KEY_BYTES } from '../session/raw-keys.ts';
import { runAttempts, type SessionParameters } from '../session/session.ts';
import { ClearProtocol } from './clear.ts';
import type { ProtocolName } from './protocol.ts';
import { type ReplicatedVector, shareVector } from './replicated/shares.ts';
import { createThreePartyProtocol, type ThreePartyName } from './three-party.ts';

/** Something of parties 0, 1 and 2. */
export type Three<Value> = readonly [Value, Value, Value];

/** All parties share one thread, so a wait lasts as long as the others compute; nobody is ever absent. */
const LOCAL_TIMEOUT_MS = 600_000;

const NOTHING_SENT: LinkCounters = { rounds: 0, bytesSent: 0 };

export interface LocalRun {
  /** What every party opened. */
  readonly outputs: ReadonlyMap<string, BitVector>;
  /** From the first AND layer to the opening; handshakes come before. */
  readonly counters: Three<LinkCounters>;
  readonly attempt: number;
}

export interface LocalRunOptions {
  readonly protocol: ProtocolName;
  readonly clock: Clock;
  /** That many bytes from a cryptographic generator. */
  random(bytes: number): Uint8Array;
}

/**
 * Evaluates and opens a circuit on known inputs; `clear` takes no party at all, the others three.
 * @throws MpcError CIRCUIT_INPUT_MISMATCH, CIRCUIT_OVER_BOUND
 */
export async function runLocally(
  circuit: Circuit,
  inputs: ReadonlyMap<string, BitVector>,
  { protocol, clock, random }: LocalRunOptions,
): Promise<LocalRun> {
  if (protocol === 'clear') {
    const clear = new ClearProtocol();
    const outputs = await clear.open(await clear.evaluate(circuit, inputs));
    return { outputs, counters: forEachParty(() => NOTHING_SENT), attempt: 1 };
  }
  const seeds = forEachParty(() => random(RAW_KEY_BYTES));
  const channels = createMemoryNetwork();
  const common = {
    sessionId: 'local-run',
    parties: forEachParty((party) => publicFromSeed(seeds[party])),
    clock,
    random,
    // Inputs come from this process, not from a set that others committed to: there is no root to bind.
    binding: { protocol, circuitHash: circuitHash(circuit), inputSetRoot: new Uint8Array(32) },
    handshakeTimeoutMs: LOCAL_TIMEOUT_MS,
    messageTimeoutMs: LOCAL_TIMEOUT_MS,
  };
  return runThreeParties(circuit, inputs, protocol, (party) => ({
    ...common,
    identity: createPartyIdentity(party, seeds[party]),
    channel: channels[party],
  }));
}

/**
 * @param sessionOf what each party opens its session with
 * @throws MpcError OUTPUTS_DIFFER, and what the first party to fail throws
 */
export async function runThreeParties(
  circuit: Circuit,
  inputs: ReadonlyMap<string, BitVector>,
  protocol: ThreePartyName,
  sessionOf: (party: PartyIndex) => SessionParameters,
  maxAttempts = 1,
): Promise<LocalRun> {
  const sessions = forEachParty(sessionOf);
  const shares = shareInputs(inputs, sessions[0].random);
  const ending = new AbortController();
  const run = async (party: PartyIndex) => {
    const { signal } = sessions[party];
    const signals = signal === undefined ? [ending.signal] : [signal, ending.signal];
    const session = { ...sessions[party], signal: AbortSignal.any(signals) };
    try {
      return await runParty(circuit, shares[party], protocol, session, maxAttempts);
    } catch (error) {
      ending.abort(error);
      throw error;
    }
  };
  const runs = await Promise.all([run(PARTIES[0]), run(PARTIES[1]), run(PARTIES[2])]);
  const { attempt, result } = runs[0];
  for (const other of runs) {
    for (const [name, bits] of result.outputs) {
      if (!other.result.outputs.get(name)?.equals(bits)) {
        throw new MpcError('OUTPUTS_DIFFER', `the parties opened different values of output ${name}`);
      }
    }
  }
  return {
    outputs: result.outputs,
    counters: [result.counters, runs[1].result.counters, runs[2].result.counters],
    attempt,
  };
}

/** One party's whole run: session, evaluation, opening. */
export function runParty(
  circuit: Circuit,
  inputs: ReadonlyMap<string, ReplicatedVector>,
  protocol: ThreePartyName,
  session: SessionParameters,
  maxAttempts = 1,
) {
  return runAttempts(session, maxAttempts, async ({ links, prss }) => {
    const engine = createThreePartyProtocol(protocol, { links, prss }, session.random);
    const outputs = await engine.open(await engine.evaluate(circuit, inputs));
    return { outputs, counters: links.counters() };
  });
}

/** Deals known inputs to the three parties. */
export function shareInputs(
  inputs: ReadonlyMap<string, BitVector>,
  random: (bytes: number) => Uint8Array,
): Three<ReadonlyMap<string, ReplicatedVector>> {
  const parts = [...inputs].map(([name, bits]) => [name, shareVector(bits, random)] as const);
  return forEachParty((party) => new Map(parts.map(([name, shares]) => [name, shares[party]])));
}

export function forEachParty<Value>(make: (party: PartyIndex) => Value): Three<Value> {
  return [make(PARTIES[0]), make(PARTIES[1]), make(PARTIES[2])];
}
