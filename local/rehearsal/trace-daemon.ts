/**
 * What listens beside a function with active tracing, in place of X-Ray's daemon: takes one document with each datagram on a
 * port of the loopback interface, and keeps those that X-Ray would take.
 *
 * As in its schema of segment documents: ids in hexadecimal, times in seconds, annotations of texts, numbers and truth
 * values under names of letters, digits and underscores, 64 KB at most. Fields that functions here never send are no part of it.
 */

import { createSocket, type Socket } from 'node:dgram';
import * as z from 'zod/mini';

const HEADER = '{"format": "json", "version": 1}\n';

const MAX_DOCUMENT_BYTES = 64 * 1024;

const segmentId = z.string().check(z.regex(/^[0-9a-f]{16}$/));

const subsegmentSchema = z.strictObject({
  type: z.literal('subsegment'),
  trace_id: z.string().check(z.regex(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/)),
  parent_id: segmentId,
  id: segmentId,
  name: z.string().check(z.regex(/^[\p{L}\p{N}\s_.:/%&#=+\\\-@]{1,200}$/u)),
  start_time: z.number(),
  end_time: z.number(),
  fault: z.optional(z.boolean()),
  annotations: z.record(
    z.string().check(z.regex(/^\w{1,500}$/)),
    z.union([z.string().check(z.maxLength(1_000)), z.number(), z.boolean()]),
  ),
});

export type Subsegment = z.infer<typeof subsegmentSchema>;

export class TraceDaemon {
  readonly subsegments: Subsegment[] = [];
  /** What X-Ray would drop. */
  readonly malformed: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram) => this.#take(datagram.toString('utf8')));
  }

  static async start(): Promise<TraceDaemon> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', resolve);
    });
    return new TraceDaemon(socket);
  }

  /** As Lambda names it. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #take(text: string): void {
    const parsed = z.safeParse(subsegmentSchema, documentIn(text));
    if (parsed.success) this.subsegments.push(parsed.data);
    else this.malformed.push(text);
  }
}

function documentIn(datagram: string): unknown {
  if (!datagram.startsWith(HEADER) || Buffer.byteLength(datagram) > MAX_DOCUMENT_BYTES) return undefined;
  try {
    return JSON.parse(datagram.slice(HEADER.length));
  } catch {
    return undefined;
  }
}
