/**
 * Reads a request's body up to a bound.
 *
 * What is over the bound is still taken from the socket, but not kept, so that the sender can read the refusal
 * instead of finding its connection cut; a sender that goes on for much longer is cut off.
 */

import type { IncomingMessage } from 'node:http';

/** How many times the bound a sender may send before its connection is cut. */
const DRAIN_FACTOR = 4;

/** @returns undefined where the body is longer than `maxBytes` */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a request without encoding yields buffers');
    length += chunk.length;
    if (length > maxBytes * DRAIN_FACTOR) throw new RangeError('the body is far over its bound');
    if (length <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > maxBytes ? undefined : Buffer.concat(chunks);
}
