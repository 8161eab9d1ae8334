import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../mpc/channels/channel.ts';
import { encodeFrame, FRAME_KINDS, type Frame, FrameReader } from '../../../mpc/channels/tcp/frame.ts';

const name = fc.stringMatching(/^[A-Za-z0-9/_.-]{0,40}$/);

const frameArbitrary = fc.record({
  kind: fc.constantFrom(...FRAME_KINDS),
  topic: name,
  step: name,
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 16_000, max: 40_000 }).map((length) => new Uint8Array(length).fill(length)),
  ),
});

function readAll(pieces: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  for (const piece of pieces) reader.push(piece);
  return frames;
}

describe('frames', () => {
  test('however the stream is cut, the frames that went in come out', () => {
    fc.assert(
      fc.property(
        fc.array(frameArbitrary, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 8 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.flatMap((frame) => encodeFrame(frame)));
          const pieces: Buffer[] = [];
          for (let start = 0, turn = 0; start < stream.length; turn++) {
            const end = start + cuts[turn % cuts.length]!;
            pieces.push(Buffer.from(stream.subarray(start, end)));
            start = end;
          }
          const plain = ({ kind, topic, step, payload }: Frame) => [
            kind,
            topic,
            step,
            Buffer.from(payload).toString('hex'),
          ];
          expect(readAll(pieces).map(plain)).toEqual(frames.map(plain));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('one byte at a time is a stream too', () => {
    const [bytes] = encodeFrame({ kind: 'parcel', topic: 't', step: 's', payload: Uint8Array.of(1, 2) });
    const frames = readAll([...bytes!].map((byte) => Buffer.of(byte)));
    expect(frames).toHaveLength(1);
    expect([...frames[0]!.payload]).toEqual([1, 2]);
  });

  test('lengths that are out of bounds or do not add up, and unknown kinds, are refused', () => {
    const malformed = expect.objectContaining({ code: 'CHANNEL_FRAME_MALFORMED' });
    const length = (bytes: number) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(bytes);
      return head;
    };
    expect(() => readAll([length(4)])).toThrow(malformed);
    expect(() => readAll([length(MAX_MESSAGE_BYTES + 2000)])).toThrow(malformed);
    expect(() => readAll([length(2 ** 32 - 1)])).toThrow(malformed);
    expect(() => readAll([Buffer.concat([length(6), Buffer.of(1, 0, 2, 0, 0, 65)])])).toThrow(malformed);
    expect(() => readAll([Buffer.concat([length(5), Buffer.of(99, 0, 0, 0, 0)])])).toThrow(malformed);
  });
});
