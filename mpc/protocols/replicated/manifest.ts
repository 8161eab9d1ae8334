/**
 * What the replicated protocol promises and costs, apart from any run of it.
 */

import { byteLength } from '../../bits/bit-vector.ts';
import { SEAL_BYTES } from '../../session/seal.ts';
import type { ProtocolManifest } from '../protocol.ts';

/** SHA-256 of the share that the other neighbour sends in full. */
export const SHARE_HASH_BYTES = 32;

export const REPLICATED_MANIFEST: ProtocolManifest = {
  name: 'replicated',
  parties: 3,
  corruption:
    'one of the three parties, semi-honest: it follows the protocol, but may try to learn from all it sees',
  layerOverheadBytes: SEAL_BYTES,
  computeNsPerAnd: 8,
  check: () => ({ rounds: 0, bytes: 0 }),
  /** The shares to the next party and their hash to the previous one, each sealed. */
  openingBytes: (outputLanes) =>
    outputLanes.reduce((sum, lanes) => sum + byteLength(lanes), 0) + SHARE_HASH_BYTES + 2 * SEAL_BYTES,
};
