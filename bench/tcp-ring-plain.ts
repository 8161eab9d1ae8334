/**
 * What this machine's TCP on loopback takes when nothing is computed, sealed or masked: a ping-pong of two processes,
 * and a ring of three in which each sends to one neighbour and waits for the other, as an AND layer does.
 *
 * Plain sockets, the same bytes again and again, no framing: what bench/tcp-ring.ts compares its rounds with.
 */

import { on, once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import process from 'node:process';

export interface PlainRing {
  readonly bytes: number;
  readonly rounds: number;
  readonly trials: number;
}

/** Sends back whatever comes. */
export function echoServer(): Server {
  return createServer({ noDelay: true }, (socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('error', () => undefined);
  });
}

/** Round trips of so many bytes, in microseconds. */
export async function ping(port: number, bytes: number, count: number): Promise<number[]> {
  const socket = await connected(port);
  const message = new Uint8Array(bytes);
  const arrivals = new Arrivals(socket);
  const times: number[] = [];
  for (let round = 0; round < count; round++) {
    const start = process.hrtime.bigint();
    socket.write(message);
    await arrivals.take(bytes);
    times.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  socket.destroy();
  return times;
}

/** Connections in the order in which they came, kept from now on: a neighbour may dial before this party is asked to. */
export function connectionsTo(server: Server): AsyncIterableIterator<Socket[]> {
  return on(server, 'connection');
}

/**
 * Microseconds a round, and of processor time of this process.
 * @param connections where the one neighbour connects
 * @param port where the other neighbour listens
 */
export async function plainRing(
  connections: AsyncIterableIterator<Socket[]>,
  port: number,
  { bytes, rounds, trials }: PlainRing,
) {
  const sending = await connected(port);
  const accepted = await connections.next();
  const receiving = accepted.value[0]!;
  const arrivals = new Arrivals(receiving);
  const message = new Uint8Array(bytes);
  const wallUs: number[] = [];
  const cpuUs: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    for (let round = 0; round < rounds; round++) {
      sending.write(message);
      await arrivals.take(bytes);
    }
    wallUs.push(Number(process.hrtime.bigint() - start) / 1000 / rounds);
    const { user, system } = process.cpuUsage(cpu);
    cpuUs.push((user + system) / rounds);
  }
  sending.end();
  await once(receiving, 'end');
  return { wallUs, cpuUs };
}

/** Counts what comes: a neighbour may send the next message before this party waits for it. */
class Arrivals {
  #bytes = 0;
  #wanted = 0;
  #resolve: (() => void) | undefined;

  constructor(socket: Socket) {
    socket.on('data', (chunk) => {
      this.#bytes += chunk.length;
      if (this.#bytes < this.#wanted) return;
      this.#resolve?.();
    });
  }

  async take(bytes: number): Promise<void> {
    this.#wanted = bytes;
    if (this.#bytes < bytes) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#bytes -= bytes;
    this.#wanted = Number.POSITIVE_INFINITY;
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}
