/**
 * The readable twin of pseudo-random zeros: one AES block at a time from counter 2 on, as GCM counts, one XOR a byte,
 * HKDF as RFC 5869 writes it.
 */

import { createCipheriv, createHmac } from 'node:crypto';
import { streamLabel } from '../../../mpc/random/prss.ts';

/** @returns the first `bytes` bytes of F(k_i, step) ^ F(k_{i+1}, step) */
export function zeroShareBytes(
  withPrevious: Uint8Array,
  withNext: Uint8Array,
  step: string,
  bytes: number,
): Uint8Array {
  const first = stream(withPrevious, step, bytes);
  const second = stream(withNext, step, bytes);
  return first.map((byte, index) => byte ^ second[index]!);
}

function stream(pairKey: Uint8Array, step: string, bytes: number): Uint8Array {
  const key = createHmac('sha256', pairKey)
    .update(Buffer.concat([streamLabel(step), Buffer.of(1)]))
    .digest()
    .subarray(0, 16);
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * 16 < bytes; counter++) {
    const block = Buffer.alloc(16);
    block.writeUInt32BE(counter + 2, 12);
    blocks.push(createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block));
  }
  return new Uint8Array(Buffer.concat(blocks)).subarray(0, bytes);
}
