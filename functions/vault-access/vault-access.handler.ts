/**
 * POST /vaults/{vaultName}/operations: takes a signed request of one to eight operations on the party's vault and
 * answers with as many results of equal length.
 *
 * In order: the request is authorised, its nonce taken, the vault opened (in a warm environment it is), the
 * lengths checked, the operations served in one epoch, or in two where others wait. A refusal before that costs the tables at most the nonce. An
 * access that runs into the function's time limit is answered with REQUEST_TIMED_OUT and stops wherever it is: what was
 * not acknowledged may or may not have been done, and the next access, here or elsewhere, finishes it first.
 *
 * To whoever sees the connection all served requests of so many operations look the same. The log has counts and
 * units, never what was asked.
 */

import type { Signatures } from '../../auction/signature.ts';
import type { Clock } from '../../mpc/clock.ts';
import { OramError, type OramErrorCode } from '../../oram/errors.ts';
import { valueBytes } from '../../oram/parameters.ts';
import type { Vault } from '../../oram/vault.ts';
import { FunctionError } from '../errors.ts';
import { type HttpHandler, httpHandler } from '../http-handler.ts';
import { logInfo } from '../log.ts';
import { type Meter, silentMeter } from '../meter.ts';
import type { RequestNonces } from '../request-nonces.ts';
import { httpFunction } from '../runtime.ts';
import { silentTraces, type Traces } from '../traces.ts';
import { type RequestUnits, unitsSince } from '../unit-watch.ts';
import { PUT_REFUSALS, type PutRefusal, type RecordResult, vaultAnswer } from '../vault-answer.ts';
import { fits, MAX_VAULT_REQUEST_BYTES, paddedRequestBytes, type RecordOperation } from '../vault-request.ts';
import type { OpenVaults } from '../vaults.ts';
import { tracedAccess } from './access-trace.ts';
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
export function createVaultAccessHandler(
  access: VaultAccess | undefined,
  meter: Meter = silentMeter,
  traces: Traces = silentTraces,
): HttpHandler {
  const measured = new Map<string, RequestUnits>();
  return httpHandler(
    'vault-access',
    async ({ pathParameters, body, requestId }) => {
      const name = pathParameters['vaultName'] ?? '';
      if (access === undefined || !access.vaults.has(name)) throw unknownVault();
      return await tracedAccess(traces, name, async (phase) => {
        const startedAt = performance.now();
        const { party, grants, clock, signatures } = access;
        const authorised = authorise(body, { vault: name, party, grants, now: clock.now(), signatures });
        phase('taking the nonce');
        await access.nonces.take(authorised.request);
        phase('opening the vault');
        return await access.vaults.use(name, async (vault) => {
          phase('operations');
          requireLengths(authorised, vault);
          // All at once, in order: they wait together for the next epoch.
          const results = await Promise.all(
            authorised.operations.map((operation) => perform(vault, operation)),
          );
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
          meter.count('VaultOperations', results.length);
          measureUnits(meter, measured.get(name), units);
          meter.flush();
          measured.set(name, units);
          return { status: 200, body: vaultAnswer(results, valueBytes(vault.parameters)) };
        });
      });
    },
    { maxBodyBytes: MAX_VAULT_REQUEST_BYTES },
  );
}

/** @param before what the vault had counted, which begins anew when it is opened again */
function measureUnits(meter: Meter, before: RequestUnits | undefined, units: RequestUnits): void {
  const isSame = before !== undefined && before.readUnits <= units.readUnits;
  const { readUnits, writeUnits } = isSame ? unitsSince(before, units) : units;
  meter.count('VaultReadUnits', readUnits);
  meter.count('VaultWriteUnits', writeUnits);
}

/** @throws FunctionError VAULT_REQUEST_LENGTH */
function requireLengths({ request, operations, bytes }: AuthorisedRequest, { parameters }: Vault): void {
  const longest = valueBytes(parameters);
  const expected = paddedRequestBytes(request.vault, operations.length, longest);
  if (bytes === expected && operations.every((operation) => fits(operation, longest))) return;
  throw new FunctionError(
    'VAULT_REQUEST_LENGTH',
    `a request of ${operations.length} operations has ${expected} bytes in this vault, keys of 1 to 1024 and values of at most ${longest}`,
  );
}

async function perform(vault: Vault, operation: RecordOperation): Promise<RecordResult> {
  switch (operation.kind) {
    case 'get': {
      const value = await vault.get(operation.key);
      return { found: value !== undefined, value };
    }
    case 'has':
      return { found: await vault.has(operation.key) };
    case 'put':
      return { found: false, refused: await refusalOf(vault.put(operation.key, operation.value)) };
    case 'delete':
      return { found: await vault.delete(operation.key) };
    case 'dummy':
      await vault.dummy();
      return { found: false };
  }
}

/** A put that the vault has no place for cost an access like any other, and looks like any other. */
async function refusalOf(put: Promise<void>): Promise<PutRefusal | undefined> {
  try {
    await put;
    return undefined;
  } catch (error) {
    if (error instanceof OramError && isPutRefusal(error.code)) return error.code;
    throw error;
  }
}

function isPutRefusal(code: OramErrorCode): code is PutRefusal {
  return Object.hasOwn(PUT_REFUSALS, code);
}

export const handler = httpFunction(({ vaultAccess, meter, traces }) =>
  createVaultAccessHandler(vaultAccess, meter, traces),
);
