/**
 * From three listening parties to one connection for each pair: the party of greater index dials.
 *
 * The first frame on a connection, from both sides, is a greeting: version, sender, receiver. It sorts connections, it
 * proves nothing. A connection without a proper greeting in time is dropped, so that whatever else finds the port does
 * no more than that; only few may be open at once.
 */

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { equalBytes } from '../../bytes.ts';
import type { Clock } from '../../clock.ts';
import { type PartyIndex, peersOf } from '../../party.ts';
import { encodeFrame } from './frame.ts';
import type { TcpAddress, TcpParameters } from './tcp.ts';

const GREETING_VERSION = 1;

/** The longest sensible time to say three bytes. */
const GREETING_TIMEOUT_MS = 5000;

/** Between two tries to reach a peer that does not listen yet. */
const REDIAL_MS = 50;

/** Two are needed; the rest leaves room for retries and strangers. */
const MAX_CONNECTIONS = 8;

/** A bound port. Connections that come before `connectTcp` takes them are kept for it. */
export class TcpListener {
  readonly address: TcpAddress;
  readonly #server: Server;
  readonly #early: Socket[] = [];
  #arrive: ((socket: Socket) => void) | undefined;

  private constructor(server: Server, address: TcpAddress) {
    this.#server = server;
    this.address = address;
    server.on('connection', (socket) => {
      if (this.#arrive === undefined) this.#early.push(socket.on('error', () => undefined));
      else this.#arrive(socket);
    });
  }

  /** @param address with port 0 for any free one */
  static async bind({ host, port }: TcpAddress): Promise<TcpListener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.maxConnections = MAX_CONNECTIONS;
    server.listen({ host, port });
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new TypeError('a TCP server has an address');
    return new TcpListener(server, { host, port: bound.port });
  }

  take(arrive: (socket: Socket) => void): void {
    this.#arrive = arrive;
    for (const socket of this.#early.splice(0)) arrive(socket);
  }

  /** No more connections; those that were taken stay. */
  close(): void {
    this.#server.close();
    for (const socket of this.#early.splice(0)) socket.destroy();
  }
}

/** Both peers' sockets, greeted. The listener is closed afterwards, also on failure. */
export async function connectPeers({
  self,
  listener,
  addresses,
  clock,
  signal,
}: TcpParameters): Promise<ReadonlyMap<PartyIndex, Socket>> {
  const sockets = new Map<PartyIndex, Socket>();
  const complete = Promise.withResolvers<void>();
  const ending = new AbortController();
  const waiting = AbortSignal.any([signal, ending.signal]);
  const add = (peer: PartyIndex, socket: Socket) => {
    if (sockets.has(peer)) {
      socket.destroy();
      return;
    }
    sockets.set(peer, socket);
    if (peer > self) socket.write(greeting(self, peer));
    if (sockets.size === 2) complete.resolve();
  };
  waiting.addEventListener('abort', () => complete.reject(waiting.reason), { once: true });
  if (waiting.aborted) complete.reject(waiting.reason);
  listener.take((socket) => {
    const dialers = peersOf(self).filter((peer) => peer > self);
    void greeter(socket, self, dialers, clock, waiting).then((peer) => {
      if (peer !== undefined) add(peer, socket);
    });
  });
  for (const peer of peersOf(self)) {
    if (peer > self) continue;
    dial(self, peer, addresses[peer], clock, waiting).then(
      (socket) => add(peer, socket),
      (error) => complete.reject(error),
    );
  }
  try {
    await complete.promise;
    return sockets;
  } catch (error) {
    for (const socket of sockets.values()) socket.destroy();
    throw error;
  } finally {
    ending.abort(new Error('connecting is over'));
    listener.close();
  }
}

async function dial(
  self: PartyIndex,
  peer: PartyIndex,
  { host, port }: TcpAddress,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted();
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    socket.write(greeting(self, peer));
    if ((await greeter(socket, self, [peer], clock, signal)) !== undefined) return socket;
    await clock.sleep(REDIAL_MS, signal);
  }
}

/** Which of the peers greets first thing, in time. If none does, the socket is destroyed. What follows stays in it. */
async function greeter(
  socket: Socket,
  self: PartyIndex,
  peers: readonly PartyIndex[],
  clock: Clock,
  signal: AbortSignal,
): Promise<PartyIndex | undefined> {
  const { promise, resolve } = Promise.withResolvers<PartyIndex | undefined>();
  const fail = () => resolve(undefined);
  const read = () => {
    const bytes: Uint8Array | null = socket.read(GREETING_BYTES);
    if (bytes !== null) resolve(peers.find((peer) => equalBytes(bytes, greeting(peer, self))));
  };
  socket.on('readable', read);
  socket.on('error', fail);
  socket.on('close', fail);
  const timer = new AbortController();
  clock.sleep(GREETING_TIMEOUT_MS, AbortSignal.any([signal, timer.signal])).then(fail, fail);
  const peer = await promise;
  timer.abort();
  socket.off('readable', read);
  socket.off('close', fail);
  // The listener for errors stays: without one, an error before the link adds its own would be thrown.
  if (peer === undefined) socket.destroy();
  return peer;
}

function greeting(from: PartyIndex, to: PartyIndex): Uint8Array {
  const payload = Uint8Array.of(GREETING_VERSION, from, to);
  const [frame] = encodeFrame({ kind: 'greeting', topic: '', step: '', payload });
  if (frame === undefined) throw new TypeError('a greeting is one buffer');
  return frame;
}

const GREETING_BYTES = greeting(0, 1).length;
