/**
 * One connection to one peer: frames out, in order and perhaps delayed, frames in, and an end that loses nothing.
 */

import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { MpcError } from '../../errors.ts';
import type { PartyIndex } from '../../party.ts';
import { freeLargeAtOnce, LARGE_BYTES } from '../../random/free-at-once.ts';
import { encodeFrame, type Frame, FrameReader } from './frame.ts';

/** How long a party that closes waits for its peer to close as well; then the connection is cut. */
const LINGER_MS = 2000;

export interface PeerLinkParameters {
  readonly peer: PartyIndex;
  /** Connected and past the greetings; may be half open. */
  readonly socket: Socket;
  readonly clock: Clock;
  readonly delayMs: number;
  /** @throws MpcError to end the connection */
  deliver(frame: Frame): void;
  closed(reason: MpcError): void;
}

export class PeerLink {
  readonly #parameters: PeerLinkParameters;
  readonly #socket: Socket;
  /** Resolves once the peer has ended its side, or the connection is cut. */
  readonly #ended = Promise.withResolvers<void>();
  readonly #unacknowledged: PromiseWithResolvers<void>[] = [];
  #reason: MpcError | undefined;
  #draining: Promise<void> | undefined;
  /** What is delayed; resolves when the last of it is written. */
  #delayed: Promise<void> = Promise.resolve();

  constructor(parameters: PeerLinkParameters) {
    this.#parameters = parameters;
    const { socket, peer } = parameters;
    this.#socket = socket;
    const reader = new FrameReader((frame) => parameters.deliver(frame));
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#cut(error instanceof MpcError ? error : lost(peer, error));
      }
    });
    socket.on('error', (error) => this.#cut(lost(peer, error)));
    socket.on('end', () => this.#end(lost(peer)));
    socket.on('close', () => this.#end(lost(peer)));
    socket.resume();
  }

  isOpen(): boolean {
    return this.#reason === undefined;
  }

  /**
   * Undefined when the frame is written; a promise where the socket is full or frames are delayed, which resolves when
   * there is room again.
   * @param givenUp the payload is a buffer of its own, freed once it is sent
   * @throws MpcError CHANNEL_CLOSED
   */
  send(frame: Frame, givenUp = false): Promise<void> | undefined {
    if (this.#reason !== undefined) throw this.#reason;
    const { clock, delayMs } = this.#parameters;
    if (delayMs === 0) return this.#write(frame, givenUp);
    const due = clock.sleep(delayMs);
    const previous = this.#delayed;
    this.#delayed = due.then(() => previous).then(() => this.#write(frame, givenUp));
    return undefined;
  }

  /** Resolves once the peer has it; rejects with the reason for which the connection ended first. */
  async sendAcknowledged(frame: Frame): Promise<void> {
    const acknowledged = Promise.withResolvers<void>();
    void this.send(frame);
    this.#unacknowledged.push(acknowledged);
    await acknowledged.promise;
  }

  /** The peer has the oldest frame that was sent to be acknowledged. */
  acknowledge(): void {
    this.#unacknowledged.shift()?.resolve();
  }

  async close(reason: MpcError): Promise<void> {
    this.#fail(reason);
    await this.#delayed;
    if (!this.#socket.destroyed) this.#socket.end();
    const { clock } = this.#parameters;
    const timer = new AbortController();
    await Promise.race([this.#ended.promise, clock.sleep(LINGER_MS, timer.signal).catch(() => undefined)]);
    timer.abort();
    this.#socket.destroy();
  }

  #write(frame: Frame, givenUp: boolean): Promise<void> | undefined {
    const socket = this.#socket;
    if (socket.destroyed) return undefined;
    const [head, payload] = encodeFrame(frame);
    if (head === undefined) return undefined;
    let room: boolean;
    // Freed only once they are copied: by the kernel, or into the one buffer of a small frame.
    if (payload === undefined) {
      if (givenUp) freeLargeAtOnce(frame.payload);
      const free = (error?: Error | null) => {
        if (!error) freeLargeAtOnce(head);
      };
      room = socket.write(head, head.length < LARGE_BYTES ? undefined : free);
    } else {
      socket.cork();
      socket.write(head);
      room = socket.write(payload, (error) => {
        if (givenUp && !error) freeLargeAtOnce(payload);
      });
      socket.uncork();
    }
    if (room || !socket.writableNeedDrain) return undefined;
    this.#draining ??= this.#drained();
    return this.#draining;
  }

  /** Until there is room, or nothing more to wait for. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        this.#draining = undefined;
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  #cut(reason: MpcError): void {
    this.#end(reason);
    this.#socket.destroy();
  }

  #end(reason: MpcError): void {
    this.#ended.resolve();
    this.#parameters.closed(this.#fail(reason));
  }

  /** The first reason stays. */
  #fail(reason: MpcError): MpcError {
    this.#reason ??= reason;
    for (const { reject } of this.#unacknowledged.splice(0)) reject(this.#reason);
    return this.#reason;
  }
}

function lost(peer: PartyIndex, cause?: unknown): MpcError {
  return new MpcError(
    'CHANNEL_CLOSED',
    `the connection to party ${peer} is lost`,
    { party: peer },
    { cause },
  );
}
