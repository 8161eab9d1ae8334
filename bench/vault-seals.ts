/**
 * The ceiling of a vault's speed in one thread: nothing but the AES-256-GCM seals and opens of one epoch, by Node's own
 * cipher, with the sizes and the number that an epoch has; nonces are drawn beforehand, and buffers are given back as the
 * vault gives them back.
 */

import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { expectedBuckets } from '../oram/cost-units.ts';
import type { VaultParameters } from '../oram/parameters.ts';
import { freeAtOnce } from '../oram/sealing.ts';
import { bucketBytes, HEAD_CLEAR_BYTES, headBytes, logBytes, SEAL_BYTES } from '../oram/sizes.ts';

const ALGORITHM = 'aes-256-gcm';

/** As many bytes as an item's associated data have. */
const ASSOCIATED = randomBytes(29);

/** Buckets on the paths opened and sealed, the head sealed twice, the log record once. */
export function sealsOfEpoch(parameters: VaultParameters, operations: number): () => void {
  const { blockBytes, blocksPerRecord, levels, cachedLevels } = parameters;
  const key = createSecretKey(randomBytes(32));
  const nonce = randomBytes(12);
  const buckets = Math.round(expectedBuckets(parameters, operations));
  const bucket = randomBytes(bucketBytes(blockBytes));
  const head = randomBytes(headBytes(blocksPerRecord) - HEAD_CLEAR_BYTES - SEAL_BYTES);
  const log = randomBytes(
    logBytes({ operations, blockBytes, blocksPerRecord, treeLevels: levels - cachedLevels }),
  );
  const seal = (plain: Uint8Array) => {
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(ASSOCIATED);
    const sealed = cipher.update(plain);
    cipher.final();
    return { sealed, tag: cipher.getAuthTag() };
  };
  const known = seal(bucket);
  const sealAndFree = (plain: Uint8Array) => freeAtOnce(seal(plain).sealed);
  const open = () => {
    const decipher = createDecipheriv(ALGORITHM, key, nonce).setAAD(ASSOCIATED).setAuthTag(known.tag);
    freeAtOnce(decipher.update(known.sealed));
    decipher.final();
  };
  return () => {
    sealAndFree(head);
    for (let index = 0; index < buckets; index++) open();
    for (let index = 0; index < buckets; index++) sealAndFree(bucket);
    sealAndFree(log);
    sealAndFree(head);
  };
}
