/**
 * A party's vaults from its environment variables. The state table is the party's own; the tree table may be in another
 * account or region, since what is in it shows its owner nothing but the number and times of accesses.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import type { PartyRecord } from '../../auction/tender.ts';
import type { Environment } from '../environment.ts';
import { readKeySource } from '../key-source.ts';
import { requestNonces } from '../request-nonces.ts';
import { REQUEST_TIMEOUTS } from '../request-timeouts.ts';
import { systemClock } from '../system-clock.ts';
import { regionOf } from '../table-region.ts';
import { loadVaultKeys, OpenVaults } from '../vaults.ts';
import type { VaultAccess } from './vault-access.handler.ts';

export interface VaultAccessParts {
  readonly record: PartyRecord;
  /** Of the party's own tables. */
  readonly client: DynamoDBClient;
  /** As in `oram/open-vault.ts`. */
  readonly patienceMs: number | undefined;
}

/**
 * @returns undefined where the environment names no vault
 * @throws FunctionError CONFIGURATION_INVALID
 */
export async function composeVaultAccess(
  environment: Environment,
  { record, client, patienceMs }: VaultAccessParts,
): Promise<VaultAccess | undefined> {
  const {
    VAULT_TREE_TABLE: treeTable,
    VAULT_STATE_TABLE: stateTable,
    VAULT_KEYS: keySource,
    VAULT_ACCESS: grants,
  } = environment;
  if (treeTable === undefined || stateTable === undefined || keySource === undefined || grants === undefined)
    return undefined;
  const region = regionOf(treeTable);
  const treeClient =
    region === undefined ? client : new DynamoDBClient({ region, requestHandler: REQUEST_TIMEOUTS });
  const readKeys = async () => loadVaultKeys(await readKeySource(keySource, 'VAULT_KEYS'));
  const vaults = new OpenVaults({
    keys: await readKeys(),
    readKeys,
    tree: { client: treeClient, tableName: treeTable },
    state: { client, tableName: stateTable },
    clock: systemClock,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  return {
    party: record.signingKey,
    grants,
    vaults,
    nonces: requestNonces(client, stateTable),
    clock: systemClock,
    signatures: nodeSignatures,
  };
}
