/**
 * One of the three processes of bench/tcp-ring.ts, told by it over the process's message channel what to do.
 *
 * A run is the real thing: a session over the TCP channel on loopback, the replicated protocol, a circuit of ANDs one
 * after another. Timed is the evaluation alone. The outputs are opened and compared with what they must be.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import process from 'node:process';
import { systemClock } from '../functions/system-clock.ts';
import { BitVector } from '../mpc/bits/bit-vector.ts';
import { TcpListener } from '../mpc/channels/tcp/connect.ts';
import { connectTcp, type TcpAddress, type TcpChannel } from '../mpc/channels/tcp/tcp.ts';
import { CircuitBuilder } from '../mpc/circuit/builder.ts';
import type { Circuit } from '../mpc/circuit/circuit.ts';
import { circuitHash } from '../mpc/circuit/circuit-hash.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { ReplicatedProtocol } from '../mpc/protocols/replicated/replicated.ts';
import { constantShare } from '../mpc/protocols/replicated/shares.ts';
import { createPartyIdentity, publicFromSeed } from '../mpc/session/identity.ts';
import { openSession } from '../mpc/session/session.ts';
import { connectionsTo, echoServer, type PlainRing, ping, plainRing } from './tcp-ring-plain.ts';

export type Order =
  | { readonly kind: 'connect'; readonly addresses: readonly [TcpAddress, TcpAddress, TcpAddress] }
  | { readonly kind: 'run'; readonly lanes: number; readonly rounds: number; readonly trials: number }
  | { readonly kind: 'ping'; readonly port: number; readonly bytes: number; readonly count: number }
  | ({ readonly kind: 'plain-ring'; readonly port: number } & PlainRing)
  | { readonly kind: 'close' };

export type Answer =
  | {
      readonly kind: 'ready';
      readonly address: TcpAddress;
      readonly echoPort: number;
      readonly ringPort: number;
    }
  | { readonly kind: 'connected' }
  | { readonly kind: 'times'; readonly wallUs: readonly number[]; readonly cpuUs: readonly number[] };

const TIMEOUT_MS = 20_000;

const seedOf = (party: number): Uint8Array => new Uint8Array(32).fill(party + 1);

let runs = 0;

/** Microseconds a round: by the wall clock, and of processor time of the whole process. */
async function run(
  channel: TcpChannel,
  { lanes, rounds, trials }: { lanes: number; rounds: number; trials: number },
) {
  const circuit = chainOfAnds(lanes, rounds);
  const wallUs: number[] = [];
  const cpuUs: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const session = await openSession({
      sessionId: `bench/${runs++}`,
      identity: createPartyIdentity(channel.self, seedOf(channel.self)),
      parties: [publicFromSeed(seedOf(0)), publicFromSeed(seedOf(1)), publicFromSeed(seedOf(2))],
      channel,
      clock: systemClock,
      random: (bytes) => randomBytes(bytes),
      binding: {
        protocol: 'replicated',
        circuitHash: circuitHash(circuit),
        inputSetRoot: new Uint8Array(32),
      },
      handshakeTimeoutMs: TIMEOUT_MS,
      messageTimeoutMs: TIMEOUT_MS,
    });
    const protocol = new ReplicatedProtocol(session);
    const ones = constantShare(channel.self, BitVector.ones(lanes));
    const inputs = new Map([
      ['x', ones],
      ['y', ones],
    ]);
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    const evaluated = await protocol.evaluate(circuit, inputs);
    const elapsedNs = Number(process.hrtime.bigint() - start);
    const { user, system } = process.cpuUsage(cpu);
    const outputs = await protocol.open(evaluated);
    if (!outputs.get('some')?.equals(BitVector.ones(32))) throw new Error('the ring computed a wrong AND');
    session.close();
    wallUs.push(elapsedNs / 1000 / rounds);
    cpuUs.push((user + system) / rounds);
  }
  return { wallUs, cpuUs };
}

function chainOfAnds(lanes: number, rounds: number): Circuit {
  const builder = new CircuitBuilder();
  const y = builder.input('y', lanes);
  let x = builder.input('x', lanes);
  for (let round = 0; round < rounds; round++) x = builder.and(x, y);
  builder.output('some', builder.slice(x, 0, 32));
  return builder.build();
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

async function main(self: PartyIndex): Promise<void> {
  const listener = await TcpListener.bind({ host: '127.0.0.1', port: 0 });
  const echo = echoServer();
  const echoPort = await listening(echo);
  const ring = createServer({ noDelay: true });
  const connections = connectionsTo(ring);
  const ringPort = await listening(ring);
  const answer = (message: Answer) => process.send?.(message);
  let channel: TcpChannel | undefined;
  process.on('message', async (order: Order) => {
    switch (order.kind) {
      case 'connect':
        channel = await connectTcp({
          self,
          listener,
          addresses: order.addresses,
          clock: systemClock,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        answer({ kind: 'connected' });
        break;
      case 'run':
        if (channel !== undefined) answer({ kind: 'times', ...(await run(channel, order)) });
        break;
      case 'ping':
        answer({ kind: 'times', wallUs: await ping(order.port, order.bytes, order.count), cpuUs: [] });
        break;
      case 'plain-ring':
        answer({ kind: 'times', ...(await plainRing(connections, order.port, order)) });
        break;
      case 'close':
        await channel?.close();
        echo.close();
        ring.close();
        process.disconnect();
    }
  });
  answer({ kind: 'ready', address: listener.address, echoPort, ringPort });
}

const self = Number(process.argv[2]);
if (self === 0 || self === 1 || self === 2) await main(self);
