/**
 * Frames on a TCP connection: what one party pushes to a peer, cut out of the stream again on the other side.
 *
 * | bytes | field                                      |
 * | ----- | ------------------------------------------ |
 * | 4     | length of everything after this field      |
 * | 1     | kind                                       |
 * | 2     | length of the topic                        |
 * | 2     | length of the step                         |
 * |       | topic, step (ASCII), payload (the rest)    |
 *
 * Numbers are big-endian. A frame that claims more than the channel's bound, or lengths that do not add up, ends the
 * connection before memory for it is taken.
 */

import { MpcError } from '../../errors.ts';
import { allocateUnset, freeLargeAtOnce } from '../../random/free-at-once.ts';
import { MAX_MESSAGE_BYTES } from '../channel.ts';

export const FRAME_KINDS = ['greeting', 'parcel', 'everyone', 'received', 'question', 'nothing'] as const;

export type FrameKind = (typeof FRAME_KINDS)[number];

export interface Frame {
  readonly kind: FrameKind;
  readonly topic: string;
  readonly step: string;
  readonly payload: Uint8Array;
}

const LENGTH_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + 5;

/** Topic and step have at most 512 characters each (address.ts). */
const MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + 5 + 2 * 512;

/** Up to here, copying the payload behind its header costs less than a write of two buffers. */
const ONE_BUFFER_BYTES = 16 * 1024;

/** One buffer where the payload is small, else header and payload. */
export function encodeFrame({ kind, topic, step, payload }: Frame): readonly Uint8Array[] {
  const headBytes = HEADER_BYTES + topic.length + step.length;
  const together = payload.length <= ONE_BUFFER_BYTES;
  const head = allocateUnset(together ? headBytes + payload.length : headBytes);
  head.writeUInt32BE(headBytes + payload.length - LENGTH_BYTES, 0);
  head.writeUInt8(FRAME_KINDS.indexOf(kind), 4);
  head.writeUInt16BE(topic.length, 5);
  head.writeUInt16BE(step.length, 7);
  head.write(topic, HEADER_BYTES, 'latin1');
  head.write(step, HEADER_BYTES + topic.length, 'latin1');
  if (!together) return [head, payload];
  head.set(payload, headBytes);
  return [head];
}

/** Takes the stream in whatever pieces it comes. */
export class FrameReader {
  readonly #deliver: (frame: Frame) => void;
  /** The beginning of a frame that is not complete; its length is known once it has four bytes. */
  #partial: Buffer | undefined;
  #filled = 0;

  /** @param deliver gets each frame; its payload is a buffer of its own, or part of a small one */
  constructor(deliver: (frame: Frame) => void) {
    this.#deliver = deliver;
  }

  /**
   * @param chunk given up by the caller: a small one that is one frame is delivered as it is, else all of it is copied,
   *   and a large one freed
   * @throws MpcError CHANNEL_FRAME_MALFORMED; the stream is of no use afterwards
   */
  push(chunk: Buffer): void {
    const { length } = chunk;
    if (this.#partial === undefined && length <= ONE_BUFFER_BYTES && wholeFrameBytes(chunk, 0) === length) {
      this.#finish(chunk);
      return;
    }
    for (let offset = 0; offset < length; ) offset = this.#take(chunk, offset);
    freeLargeAtOnce(chunk);
  }

  #take(chunk: Buffer, offset: number): number {
    if (this.#partial === undefined) {
      const whole = wholeFrameBytes(chunk, offset);
      if (whole !== undefined && offset + whole <= chunk.length) {
        // Copied, because a view would keep the whole chunk of the socket alive.
        this.#finish(copyOf(chunk, offset, offset + whole));
        return offset + whole;
      }
      this.#partial = Buffer.allocUnsafeSlow(whole ?? LENGTH_BYTES);
      this.#filled = 0;
    }
    const count = Math.min(this.#partial.length - this.#filled, chunk.length - offset);
    this.#partial.set(chunk.subarray(offset, offset + count), this.#filled);
    this.#filled += count;
    if (this.#filled === this.#partial.length) this.#grown(this.#partial);
    return offset + count;
  }

  /** What was waited for is there: the length alone, or the whole frame. */
  #grown(partial: Buffer): void {
    const whole = wholeFrameBytes(partial, 0) ?? LENGTH_BYTES;
    if (partial.length < whole) {
      this.#partial = Buffer.allocUnsafeSlow(whole);
      this.#partial.set(partial);
      return;
    }
    this.#partial = undefined;
    this.#finish(partial);
  }

  #finish(frame: Buffer): void {
    const kind = FRAME_KINDS[frame.readUInt8(4)];
    const stepStart = HEADER_BYTES + frame.readUInt16BE(5);
    const payloadStart = stepStart + frame.readUInt16BE(7);
    if (kind === undefined || payloadStart > frame.length) throw malformed();
    this.#deliver({
      kind,
      topic: frame.toString('latin1', HEADER_BYTES, stepStart),
      step: frame.toString('latin1', stepStart, payloadStart),
      payload: frame.subarray(payloadStart),
    });
  }
}

/** Undefined where not even the length is there. */
function wholeFrameBytes(bytes: Buffer, offset: number): number | undefined {
  if (offset + LENGTH_BYTES > bytes.length) return undefined;
  const length = bytes.readUInt32BE(offset);
  if (length < HEADER_BYTES - LENGTH_BYTES || length > MAX_FRAME_BYTES) throw malformed();
  return LENGTH_BYTES + length;
}

function copyOf(chunk: Buffer, start: number, end: number): Buffer {
  const copy = allocateUnset(end - start);
  copy.set(chunk.subarray(start, end));
  return copy;
}

function malformed(): MpcError {
  return new MpcError(
    'CHANNEL_FRAME_MALFORMED',
    'what came over the connection is not a frame of this channel',
  );
}
