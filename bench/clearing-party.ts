/**
 * One of the three processes of bench/clearing.ts, told by it what to clear.
 *
 * A run is the real computation: a session (handshake, sealed messages), the circuit of a one-lot tender, the protocol
 * asked for, and opening. Shares come from a seed that all parties know, so that each can check the result against plain
 * arithmetic. Timed is from the first AND layer to the opened outputs.
 */

import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../functions/system-clock.ts';
import { startDynamodbServer } from '../local/dynamodb-server.ts';
import { planesOf, valuesOf } from '../mpc/bits/bit-planes.ts';
import { BitVector, xorVectors } from '../mpc/bits/bit-vector.ts';
import type { Channel } from '../mpc/channels/channel.ts';
import { createOutboxChannel } from '../mpc/channels/outbox/dynamodb.ts';
import { createOutboxTable } from '../mpc/channels/outbox/table/dynamodb.ts';
import { TcpListener } from '../mpc/channels/tcp/connect.ts';
import { connectTcp, type TcpAddress } from '../mpc/channels/tcp/tcp.ts';
import { CircuitBuilder } from '../mpc/circuit/builder.ts';
import { circuitHash } from '../mpc/circuit/circuit-hash.ts';
import { argBest } from '../mpc/circuits/arg-best.ts';
import type { PriceRule } from '../mpc/circuits/tournament.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { type Link, LOCAL_NETWORK_LINK } from '../mpc/planner/link.ts';
import { ReplicatedVector } from '../mpc/protocols/replicated/shares.ts';
import { createThreePartyProtocol, type ThreePartyName } from '../mpc/protocols/three-party.ts';
import { createPartyIdentity, publicFromSeed } from '../mpc/session/identity.ts';
import { measureLink } from '../mpc/session/link-measurement.ts';
import { openSession, type SessionParameters } from '../mpc/session/session.ts';

export interface Clearing {
  readonly candidates: number;
  readonly bits: number;
  readonly price: PriceRule;
  readonly groups: readonly number[];
  readonly protocol: ThreePartyName;
}

export type Order =
  | { readonly kind: 'listen'; readonly channel: 'tcp' | 'outbox'; readonly delayMs: number }
  | { readonly kind: 'connect'; readonly endpoints: readonly string[] }
  | { readonly kind: 'measure' }
  | { readonly kind: 'clear'; readonly clearing: Clearing }
  | { readonly kind: 'close' };

export type Answer =
  | { readonly kind: 'listening'; readonly endpoint: string }
  | { readonly kind: 'connected' }
  | { readonly kind: 'measured'; readonly link: Link }
  | Cleared;

export interface Cleared {
  readonly kind: 'cleared';
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rounds: number;
  readonly bytesSent: number;
  readonly peakMemoryMb: number;
}

const TIMEOUT_MS = 120_000;

const seedOf = (party: number): Uint8Array => new Uint8Array(32).fill(party + 1);

/** @param run the number of the run, the same at all parties and used once on a channel */
export async function clear(channel: Channel, clearing: Clearing, run: number): Promise<Cleared> {
  const { candidates, bits, price, groups, protocol: name } = clearing;
  const builder = new CircuitBuilder();
  const best = argBest(builder, builder.input('ranks', candidates * bits), {
    candidates,
    bits,
    price,
    groups,
  });
  builder.output('winner', best.winner);
  builder.output('price', best.price);
  const circuit = builder.build();
  const [share0, share1, share2] = [1, 2, 3].map((seed) => expand(seed + 3 * run, candidates * bits));
  const shares = [share0!, share1!, share2!] as const;
  const own = new ReplicatedVector(shares[channel.self], shares[(channel.self + 1) % 3]!);
  const session = await openSession(sessionOf(channel, `bench/${run}`, name, circuitHash(circuit)));
  const protocol = createThreePartyProtocol(name, session, randomBytes);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const opened = await protocol.open(await protocol.evaluate(circuit, new Map([['ranks', own]])));
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const counters = session.links.counters();
  session.close();
  requireRight(clearing, xorVectors(xorVectors(shares[0], shares[1]), shares[2]), opened);
  return {
    kind: 'cleared',
    wallMs,
    cpuMs: (user + system) / 1000,
    ...counters,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
  };
}

function sessionOf(
  channel: Channel,
  sessionId: string,
  protocol: ThreePartyName,
  circuitHashBytes: Uint8Array,
): SessionParameters {
  return {
    sessionId,
    identity: createPartyIdentity(channel.self, seedOf(channel.self)),
    parties: [publicFromSeed(seedOf(0)), publicFromSeed(seedOf(1)), publicFromSeed(seedOf(2))],
    channel,
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
    binding: { protocol, circuitHash: circuitHashBytes, inputSetRoot: new Uint8Array(32) },
    handshakeTimeoutMs: TIMEOUT_MS,
    messageTimeoutMs: TIMEOUT_MS,
  };
}

/** What hosts that push their messages plan for; the second of two measurements, with the code warm. */
async function measuredLink(channel: Channel): Promise<Link> {
  let link = LOCAL_NETWORK_LINK;
  for (const run of [1, 2]) {
    const parameters = sessionOf(channel, `bench/link/${run}`, 'replicated', new Uint8Array(32));
    const session = await openSession(parameters);
    link = await measureLink(session.links, systemClock, LOCAL_NETWORK_LINK);
    session.close();
  }
  return link;
}

/** Pseudo-random bits, the same at all parties. */
function expand(seed: number, lanes: number): BitVector {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, seed);
  const key = createSecretKey(bytes);
  const vector = BitVector.zeros(lanes);
  const stream = createCipheriv('aes-128-ctr', key, new Uint8Array(16));
  new Uint8Array(vector.words.buffer).set(stream.update(new Uint8Array(vector.words.byteLength)));
  vector.clearPadding();
  return vector;
}

function requireRight(
  { bits, price }: Clearing,
  ranks: BitVector,
  opened: ReadonlyMap<string, BitVector>,
): void {
  const order = valuesOf(ranks, bits)
    .map((rank, candidate) => ({ rank, candidate }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.candidate - b.candidate));
  const winner = opened.get('winner')!;
  const right =
    winner.equals(planesOf([BigInt(order[0]!.candidate)], winner.lanes)) &&
    opened.get('price')!.equals(planesOf([order[price === 'best' ? 0 : 1]!.rank], bits));
  if (!right) throw new Error('the parties opened a wrong outcome');
}

interface Host {
  readonly endpoint: string;
  connect(endpoints: readonly string[]): Promise<Channel & { close?(): Promise<void> }>;
  close(): Promise<void>;
}

async function tcpHost(self: PartyIndex, delayMs: number): Promise<Host> {
  const listener = await TcpListener.bind({ host: '127.0.0.1', port: 0 });
  const addressOf = (endpoint: string): TcpAddress => ({ host: '127.0.0.1', port: Number(endpoint) });
  return {
    endpoint: String(listener.address.port),
    connect: ([zero, one, two]) =>
      connectTcp({
        self,
        listener,
        addresses: [addressOf(zero!), addressOf(one!), addressOf(two!)],
        clock: systemClock,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        delayMs,
      }),
    close: async () => {},
  };
}

async function outboxHost(self: PartyIndex): Promise<Host> {
  const directory = await mkdtemp(join(tmpdir(), 'tacit-bench-'));
  const keyOf = (party: number) => `party${party}`;
  const server = await startDynamodbServer({
    path: directory,
    port: 0,
    ownerAccessKey: keyOf(self),
    peerAccessKeys: PARTIES.filter((party) => party !== self).map(keyOf),
    outboxTable: 'outbox',
  });
  const clientOf = (endpoint: string) =>
    new DynamoDBClient({
      endpoint,
      region: 'local',
      credentials: { accessKeyId: keyOf(self), secretAccessKey: 'local' },
    });
  await createOutboxTable(clientOf(server.endpoint), 'outbox');
  return {
    endpoint: server.endpoint,
    connect: async ([zero, one, two]) => {
      const tableAt = (endpoint: string) => ({ client: clientOf(endpoint), tableName: 'outbox' });
      return createOutboxChannel({
        self,
        tables: [tableAt(zero!), tableAt(one!), tableAt(two!)],
        clock: systemClock,
      });
    },
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function main(self: PartyIndex): void {
  let runs = 0;
  let host: Host | undefined;
  let channel: Awaited<ReturnType<Host['connect']>> | undefined;
  const answer = (message: Answer) => process.send?.(message);
  process.on('message', async (order: Order) => {
    switch (order.kind) {
      case 'listen':
        host = order.channel === 'tcp' ? await tcpHost(self, order.delayMs) : await outboxHost(self);
        answer({ kind: 'listening', endpoint: host.endpoint });
        break;
      case 'connect':
        channel = await host?.connect(order.endpoints);
        answer({ kind: 'connected' });
        break;
      case 'measure':
        if (channel !== undefined) answer({ kind: 'measured', link: await measuredLink(channel) });
        break;
      case 'clear':
        if (channel !== undefined) answer(await clear(channel, order.clearing, runs++));
        break;
      case 'close':
        await channel?.close?.();
        await host?.close();
        process.disconnect();
    }
  });
}

const self = Number(process.argv[2]);
if (self === 0 || self === 1 || self === 2) main(self);
