/**
 * A bucket before sealing: four slots of block identifier and content; an empty slot has no identifier and zeros.
 *
 * What is read is checked against the position map: a block may be in a bucket only if the bucket is on the path to
 * the block's leaf and the block is in use. Sealing and versions leave a table's owner no way to break that; the
 * check turns a mistake of ours, or a client state that does not belong to the tree, into a named error.
 */

import type { ClientState } from './client-state.ts';
import { OramError } from './errors.ts';
import { NO_ID, toBlockId } from './ids.ts';
import { BUCKET_SIZE } from './parameters.ts';
import type { PoolBlock } from './pool.ts';
import { BLOCK_ID_BYTES, bucketBytes, contentBytes } from './sizes.ts';
import type { BucketPlace } from './tree-geometry.ts';

/** @param bytes where to; all of it is written over */
export function encodeBucket(
  blocks: readonly PoolBlock[],
  blockBytes: number,
  bytes: Uint8Array = new Uint8Array(bucketBytes(blockBytes)),
): Uint8Array {
  bytes.fill(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const step = BLOCK_ID_BYTES + contentBytes(blockBytes);
  for (let slot = 0; slot < BUCKET_SIZE; slot++) {
    const entry = blocks[slot];
    view.setUint32(slot * step, entry?.block ?? NO_ID);
    if (entry !== undefined) bytes.set(entry.content, slot * step + BLOCK_ID_BYTES);
  }
  return bytes;
}

/**
 * @returns its blocks; their contents are views of `bytes`
 * @throws OramError BUCKET_MALFORMED
 */
export function decodeBucket(
  bytes: Uint8Array,
  blockBytes: number,
  place: BucketPlace,
  state: ClientState,
): PoolBlock[] {
  if (bytes.length !== bucketBytes(blockBytes)) throw malformed('has the wrong length', place);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const step = BLOCK_ID_BYTES + contentBytes(blockBytes);
  const blocks: PoolBlock[] = [];
  for (let slot = 0; slot < BUCKET_SIZE; slot++) {
    const id = view.getUint32(slot * step);
    if (id === NO_ID) continue;
    if (id >= state.positions.leaves.length) throw malformed('holds a block that does not exist', place);
    const block = toBlockId(id);
    const leaf = state.positions.leafOf(block);
    if (!state.geometry.onPath(place, leaf) || !state.positions.isUsed(state.positions.recordOf(block))) {
      throw malformed('holds a block that cannot be there', place);
    }
    const start = slot * step + BLOCK_ID_BYTES;
    blocks.push({ block, leaf, content: bytes.subarray(start, (slot + 1) * step) });
  }
  return blocks;
}

function malformed(what: string, { index, level }: BucketPlace): OramError {
  return new OramError('BUCKET_MALFORMED', `a bucket of level ${level} ${what}`, { bucket: index, level });
}
