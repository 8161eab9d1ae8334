/**
 * POST /vaults/{vaultName}/operations: takes a signed request of one to eight operations on the party's vault and
 * answers with as many results of equal length.
 *
 * In order: the request is authorised, its nonce taken, the vault opened (in a warm environment it is), the
 * padding checked, the operations served in one epoch. A refusal before that costs the tables at most the nonce. An
 * access that runs into the function's time limit is answered with REQUEST_TIMED_OUT and stops wherever it is: what was
 * not acknowledged may or may not have been done, and the next access, here or elsewhere, finishes it first.
 *
 * To whoever sees the connection all served requests of so many operations look the same. A refused one does not:
 * a put into a full vault (VAULT_FULL) can be told from a lookup. The log has counts and units, never what was asked.
 */

import type { Signatures } from '../../auction/signature.ts';
import type { Clock } from '../../mpc/clock.ts';
import { valueBytes } from '../../oram/parameters.ts';
import type { Vault, VaultOperation, VaultOperationResult } from '../../oram/vault.ts';
import { FunctionError } from '../errors.ts';
import { type HttpHandler, httpHandler } from '../http-handler.ts';
import { logInfo } from '../log.ts';
import type { RequestNonces } from '../request-nonces.ts';
import { httpFunction } from '../runtime.ts';
import { vaultAnswer } from '../vault-answer.ts';
import { MAX_VAULT_REQUEST_BYTES, paddedRequestBytes, type RecordOperation } from '../vault-request.ts';
import type { OpenVaults } from '../vaults.ts';
import { type AuthorisedRequest, authorise, unknownVault, type VaultGrant } from './authorisation.ts';

export interface VaultAccess {
  /** Signing key of this party, base64url. */
  readonly party: string;
  readonly grants: readonly VaultGrant[];
  readonly vaults: Pick<OpenVaults, 'has' | 'use'>;
  readonly nonces: RequestNonces;
  readonly clock: Pick<Clock, 'now'>;
  readonly signatures: Signatures;
}

/** @param access undefined at a party without vaults */
export function createVaultAccessHandler(access: VaultAccess | undefined): HttpHandler {
  return httpHandler(
    'vault-access',
    async ({ pathParameters, body, requestId }) => {
      const name = pathParameters['vaultName'] ?? '';
      if (access === undefined || !access.vaults.has(name)) throw unknownVault();
      const startedAt = performance.now();
      const { party, grants, clock, signatures } = access;
      const authorised = authorise(body, { vault: name, party, grants, now: clock.now(), signatures });
      await access.nonces.take(authorised.request);
      return await access.vaults.use(name, async (vault) => {
        requirePadding(authorised, vault);
        const results = await serve(vault, authorised.operations);
        const { epochs, units } = vault.stats();
        logInfo('a vault was accessed', {
          functionName: 'vault-access',
          requestId,
          vault: name,
          operations: results.length,
          durationMs: Math.round(performance.now() - startedAt),
          epochs,
          readUnits: units.readUnits,
          writeUnits: units.writeUnits,
        });
        return {
          status: 200,
          body: vaultAnswer(authorised.operations, results, valueBytes(vault.parameters)),
        };
      });
    },
    { maxBodyBytes: MAX_VAULT_REQUEST_BYTES },
  );
}

/** @throws FunctionError VAULT_REQUEST_LENGTH */
function requirePadding({ request, bytes }: AuthorisedRequest, { parameters }: Vault): void {
  const expected = paddedRequestBytes(request.vault, request.operations.length, valueBytes(parameters));
  if (bytes === expected) return;
  throw new FunctionError(
    'VAULT_REQUEST_LENGTH',
    `a request of ${request.operations.length} operations has ${expected} bytes in this vault, not ${bytes}`,
  );
}

async function serve(
  vault: Vault,
  operations: readonly RecordOperation[],
): Promise<readonly VaultOperationResult[]> {
  return await vault.batch(operations.map(toVaultOperation));
}

/** The vault has no `has`: whether a record is there is what a lookup finds out. */
function toVaultOperation(operation: RecordOperation): VaultOperation {
  if (operation.kind === 'dummy' || operation.kind === 'put') return operation;
  return { kind: operation.kind === 'delete' ? 'delete' : 'get', key: operation.key };
}

export const handler = httpFunction(({ vaultAccess }) => createVaultAccessHandler(vaultAccess));
