/**
 * Whether a vault request is to be served: everything that can be told before the vault or its tables are touched.
 *
 * Against: anybody without a listed key (signature, access list), a reader who wants to write (rights), a request that
 * was recorded and is sent to another vault or party (both are signed), sent late (time) or sent again (nonce, which
 * the caller takes next). The time bound is what a nonce has to be remembered for. What is left to whoever carries a
 * request is to hold it back for that long: the requester hears nothing, and does not know whether it was served.
 */

import * as z from 'zod/mini';
import { publicKeyField } from '../../auction/fields.ts';
import { type Signatures, verifyDocument } from '../../auction/signature.ts';
import type { EpochMs } from '../../mpc/clock.ts';
import { OramError } from '../../oram/errors.ts';
import { FunctionError } from '../errors.ts';
import {
  operationsOf,
  parseVaultRequest,
  type RecordOperation,
  requestBytesOf,
  type VaultRequest,
  vaultNameField,
} from '../vault-request.ts';

/** Who may ask what of which vault; `write` includes `read`. */
export const vaultGrantSchema = z.strictObject({
  vault: vaultNameField,
  /** Ed25519 public key, base64url. */
  requester: publicKeyField,
  rights: z.enum(['read', 'write']),
});

export type VaultGrant = Readonly<z.infer<typeof vaultGrantSchema>>;

/** How far a request's time may be from the party's: a minute for its way, and a minute for the clocks. */
export const MAX_REQUEST_AGE_MS = 120_000;

export interface AuthorisationContext {
  /** Named by the path. */
  readonly vault: string;
  /** Signing key of this party. */
  readonly party: string;
  readonly grants: readonly VaultGrant[];
  readonly now: EpochMs;
  readonly signatures: Signatures;
}

export interface AuthorisedRequest {
  readonly request: VaultRequest;
  readonly operations: readonly RecordOperation[];
  /** Of the canonical text. */
  readonly bytes: number;
}

/**
 * @param json whatever was sent
 * @throws FunctionError VAULT_REQUEST_MALFORMED, VAULT_REQUEST_OTHER_VAULT, VAULT_REQUEST_OTHER_PARTY,
 *   VAULT_REQUEST_EXPIRED, VAULT_REQUEST_SIGNATURE, VAULT_REQUESTER_UNKNOWN, VAULT_RIGHTS
 */
export function authorise(json: unknown, context: AuthorisationContext): AuthorisedRequest {
  const request = parseVaultRequest(json);
  if (request.vault !== context.vault) {
    throw refusal('VAULT_REQUEST_OTHER_VAULT', 'sign a request for the vault that it is sent to');
  }
  if (request.party !== context.party) {
    throw refusal('VAULT_REQUEST_OTHER_PARTY', 'sign a request for the party that it is sent to');
  }
  if (Math.abs(context.now - request.issuedAt) > MAX_REQUEST_AGE_MS) {
    const seconds = MAX_REQUEST_AGE_MS / 1000;
    throw refusal(
      'VAULT_REQUEST_EXPIRED',
      `a request is good for ${seconds} s by the clock of the party; sign a new one`,
    );
  }
  const { signature, ...body } = request;
  if (!verifyDocument('vault-request', body, request.requester, signature, context.signatures)) {
    throw refusal('VAULT_REQUEST_SIGNATURE', 'the request is not signed by the key that it names');
  }
  const grant = context.grants.find(
    ({ vault, requester }) => vault === request.vault && requester === request.requester,
  );
  if (grant === undefined) {
    throw refusal('VAULT_REQUESTER_UNKNOWN', 'the operator has not put this key on the access list');
  }
  const operations = operationsOf(request);
  if (grant.rights === 'read' && operations.some(({ kind }) => kind === 'put' || kind === 'delete')) {
    throw refusal('VAULT_RIGHTS', 'this key may look up and not change');
  }
  return { request, operations, bytes: requestBytesOf(request) };
}

/** The same whether the party has no vault at all, or none of this name. */
export function unknownVault(): OramError {
  return new OramError('VAULT_UNKNOWN', 'this party keeps no vault of this name');
}

function refusal(code: ConstructorParameters<typeof FunctionError>[0], detail: string): FunctionError {
  return new FunctionError(code, detail);
}
