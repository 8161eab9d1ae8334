/**
 * What travels in one round: several vectors in one message, each in whole bytes.
 */

import { BitVector, byteLength } from '../../bits/bit-vector.ts';
import { MAX_MESSAGE_BYTES } from '../../channels/channel.ts';
import type { Circuit } from '../../circuit/circuit.ts';
import { cost } from '../../circuit/cost.ts';
import { MpcError } from '../../errors.ts';
import { SEAL_BYTES } from '../../session/seal.ts';

/** What one AND layer or one opening may hold, so that its seal still fits the channel. */
const MAX_ROUND_BYTES = MAX_MESSAGE_BYTES - SEAL_BYTES;

/**
 * One vector after another, each in whole bytes. A view of the vectors themselves where they lie that way already,
 * so the bytes must not be changed.
 */
export function packVectors(vectors: readonly BitVector[]): Uint8Array<ArrayBuffer> {
  const total = vectors.reduce((sum, { lanes }) => sum + byteLength(lanes), 0);
  const [first] = vectors;
  if (first !== undefined && lieInARow(vectors)) {
    return new Uint8Array(first.words.buffer, first.words.byteOffset, total);
  }
  const packed = new Uint8Array(total);
  let offset = 0;
  for (const { lanes, words } of vectors) {
    const bytes = byteLength(lanes);
    packed.set(new Uint8Array(words.buffer, words.byteOffset, bytes), offset);
    offset += bytes;
  }
  return packed;
}

/**
 * @param packed given up by the caller: vectors that lie in whole words become views of it
 * @throws MpcError MESSAGE_MALFORMED when the length is not exactly that of the vectors, or padding is set
 */
export function unpackVectors(packed: Uint8Array, lanes: readonly number[]): readonly BitVector[] {
  const expected = lanes.reduce((sum, count) => sum + byteLength(count), 0);
  if (packed.length !== expected) {
    throw new MpcError('MESSAGE_MALFORMED', `a round of ${expected} bytes came with ${packed.length}`, {
      expected,
      bytes: packed.length,
    });
  }
  const { buffer, byteOffset } = packed;
  let offset = 0;
  return lanes.map((count) => {
    const start = offset;
    offset += byteLength(count);
    if (buffer instanceof ArrayBuffer && (byteOffset + start) % 4 === 0 && count % 32 === 0) {
      return BitVector.over(count, new Int32Array(buffer, byteOffset + start, count / 32));
    }
    return BitVector.fromBytes(packed.subarray(start, offset), count);
  });
}

function lieInARow(vectors: readonly BitVector[]): boolean {
  let buffer: ArrayBuffer | undefined;
  let end = 0;
  for (const { lanes, words } of vectors) {
    if (buffer !== undefined && (words.buffer !== buffer || words.byteOffset !== end)) return false;
    buffer = words.buffer;
    end = words.byteOffset + byteLength(lanes);
  }
  return true;
}

/** @throws MpcError CIRCUIT_OVER_BOUND when a layer or the opening would not fit a message */
export function requireWithinMessageBound(circuit: Circuit): void {
  const { layers, outputLanes } = cost(circuit);
  const openingBytes = outputLanes.reduce((sum, lanes) => sum + byteLength(lanes), 0);
  const bytes = layers.reduce((most, layer) => Math.max(most, layer.bytes), openingBytes);
  if (bytes > MAX_ROUND_BYTES) {
    throw new MpcError('CIRCUIT_OVER_BOUND', 'one round of this circuit exceeds what a message may hold', {
      bytes,
      bound: MAX_ROUND_BYTES,
    });
  }
}
