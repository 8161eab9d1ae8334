/** Requesters of a vault and the requests they sign, honest and not, for tests. */

import { randomBytes } from 'node:crypto';
import { toBase64url } from '../../auction/canonical.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { type Signer, signDocument, signerOf } from '../../auction/signature.ts';
import {
  createVaultRequest,
  NONCE_BYTES,
  type RecordOperation,
  type VaultRequest,
  type VaultRequestFacts,
} from '../../functions/vault-request.ts';
import { toEpochMs } from '../../mpc/clock.ts';

export const random = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(bytes));

export function newSigner(): Signer {
  return signerOf(random(32), nodeSignatures);
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A request as an honest client makes it, but for what is given. */
export function requestFor(
  facts: Pick<VaultRequestFacts, 'vault' | 'party' | 'requester' | 'valueBytes'> & Partial<VaultRequestFacts>,
  ...operations: readonly RecordOperation[]
): VaultRequest {
  return createVaultRequest({
    operations,
    issuedAt: toEpochMs(Date.now()),
    nonce: random(NONCE_BYTES),
    ...facts,
  });
}

/** Changed, and signed again by whoever changed it. */
export function resigned(request: VaultRequest, change: Partial<VaultRequest>, signer: Signer): VaultRequest {
  const { signature: _, ...body } = { ...request, ...change };
  return { ...body, signature: signDocument('vault-request', body, signer) };
}

export const nonceText = (): string => toBase64url(random(NONCE_BYTES));
