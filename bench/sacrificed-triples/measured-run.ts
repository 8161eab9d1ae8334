/**
 * One run of a protocol by three parties in this process, over the memory network, timed from shares to outputs.
 *
 * Timed are evaluation, check and opening of all three parties: seals, hashes, pair-key streams and copies between them
 * included. Not timed are the handshake, the sharing of inputs, and the making of the protocol object (for `verified`: the
 * compilation of its WebAssembly module).
 */

import { randomBytes } from 'node:crypto';
import { systemClock } from '../../functions/system-clock.ts';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { PARTIES } from '../../mpc/party.ts';
import { ClearProtocol } from '../../mpc/protocols/clear.ts';
import type { Protocol } from '../../mpc/protocols/protocol.ts';
import { type ReplicatedVector, shareVector } from '../../mpc/protocols/replicated/shares.ts';
import { createPartyIdentity, publicFromSeed } from '../../mpc/session/identity.ts';
import { openSession, type Session } from '../../mpc/session/session.ts';

/** A clearing of a few hundred bids has about as many; what they cost in rounds is the same for all protocols. */
export const LAYERS = 16;

/** Long enough for the slowest run on a busy machine. */
const TIMEOUT_MS = 300_000;

export type MakeProtocol = (session: Session) => Protocol<ReplicatedVector>;

export interface RunFigures {
  /** A third of the wall clock: the three take turns on one thread. */
  readonly wallMs: number;
  /** A third of the thread's processor time: without what the runtime collects and compiles on threads of its own. */
  readonly cpuMs: number;
  readonly bytesSent: number;
  readonly rounds: number;
}

/** @param ands a multiple of 16: as many in each of the layers */
export function circuitOf(ands: number): Circuit {
  const builder = new CircuitBuilder();
  const lanes = ands / LAYERS;
  const x = builder.input('x', lanes);
  const y = builder.input('y', lanes);
  let value = x;
  for (let layer = 0; layer < LAYERS; layer++) value = builder.xor(builder.and(value, y), x);
  builder.output('value', value);
  return builder.build();
}

/** @throws Error when an output is wrong: figures of a wrong run are none */
export async function measureRun(circuit: Circuit, make: MakeProtocol): Promise<RunFigures> {
  const sessions = await openSessions();
  const protocols = sessions.map(make);
  const clear = new Map(['x', 'y'].map((name) => [name, randomVector(lanesOf(circuit))]));
  const shares = [...clear].map(([name, bits]) => [name, shareVector(bits, randomBytes)] as const);
  const inputs = PARTIES.map((party) => new Map(shares.map(([name, parts]) => [name, parts[party]])));
  globalThis.gc?.();

  const cpuStart = process.threadCpuUsage();
  const start = performance.now();
  const outputs = await Promise.all(
    protocols.map(async (protocol, party) => protocol.open(await protocol.evaluate(circuit, inputs[party]!))),
  );
  const wallMs = performance.now() - start;
  const { user, system } = process.threadCpuUsage(cpuStart);

  const reference = new ClearProtocol();
  const expected = await reference.open(await reference.evaluate(circuit, clear));
  for (const output of outputs) {
    if (!output.get('value')?.equals(expected.get('value')!))
      throw new Error('a measured run opened a wrong value');
  }
  const { bytesSent, rounds } = sessions[0]!.links.counters();
  for (const session of sessions) session.close();
  return { wallMs: wallMs / 3, cpuMs: (user + system) / 3000, bytesSent, rounds };
}

function openSessions(): Promise<readonly Session[]> {
  const seeds = PARTIES.map(() => randomBytes(32));
  const [zero, one, two] = seeds.map((seed) => publicFromSeed(seed));
  return Promise.all(
    createMemoryNetwork().map((channel) =>
      openSession({
        sessionId: 'comparison',
        identity: createPartyIdentity(channel.self, seeds[channel.self]!),
        parties: [zero!, one!, two!],
        channel,
        clock: systemClock,
        random: (bytes) => randomBytes(bytes),
        binding: {
          protocol: 'verified',
          circuitHash: new Uint8Array(32),
          inputSetRoot: new Uint8Array(32),
        },
        handshakeTimeoutMs: TIMEOUT_MS,
        messageTimeoutMs: TIMEOUT_MS,
      }),
    ),
  );
}

function lanesOf(circuit: Circuit): number {
  return circuit.lanes[0] ?? 0;
}

function randomVector(lanes: number): BitVector {
  const bytes = randomBytes(Math.ceil(lanes / 8));
  const used = lanes & 7;
  if (used !== 0) bytes[bytes.length - 1]! &= (1 << used) - 1;
  return BitVector.fromBytes(bytes, lanes);
}
