/**
 * Gives a local party a vault before its process starts: its key, its tables and the empty vault in them. The party
 * serves it once somebody is on its access list (`grantVaultAccess`).
 *
 * The key is written first, so that what an interrupted start left behind is taken up by the next, and no vault
 * is ever sealed with a key that is lost. The party alone has both tables, so here nobody else owns the tree; on AWS
 * it may be in another account.
 */

import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { REQUEST_TIMEOUTS } from '../functions/request-timeouts.ts';
import { systemClock } from '../functions/system-clock.ts';
import { OramError } from '../oram/errors.ts';
import { createVault, openVault } from '../oram/open-vault.ts';
import { chooseParameters, type VaultParameters, valueBytes } from '../oram/parameters.ts';
import { readRecords } from '../oram/record-file.ts';
import { createDynamodbStore, createVaultTable } from '../oram/stores/dynamodb.ts';
import type { BulkOptions, Vault } from '../oram/vault.ts';
import { partyDirectory, readPartyConfig, vaultKeysFile } from './consortium.ts';
import { startDynamodbServer } from './dynamodb-server.ts';
import { accessKeyOf, outboxTableOf, VAULT_STATE_TABLE, VAULT_TREE_TABLE } from './tables.ts';
import { openOrMakeVaultKey } from './vault-key-file.ts';

/** The party whose vaults `tacit up` makes: a vault has one reader, and one is enough to try it. */
export const VAULT_PARTY = 0;

export interface PartyVaultSizes {
  readonly name: string;
  readonly records: number;
  readonly blockBytes: number;
  /** Of records to begin with, JSON lines or CSV; read where the vault is empty. */
  readonly recordsFile?: string;
}

export interface PartyVault {
  readonly parameters: VaultParameters;
  /** False where it was there already. */
  readonly created: boolean;
  readonly records: number;
}

/**
 * @param directory of the consortium, whose parties must not be running
 * @throws OramError VAULT_PARAMETERS, VAULT_KEY, and those of a file of records
 */
export async function provideVault(
  directory: string,
  sizes: PartyVaultSizes,
  bulk?: BulkOptions,
): Promise<PartyVault> {
  const own = partyDirectory(directory, VAULT_PARTY);
  const config = await readPartyConfig(own);
  const parameters = chooseParameters(sizes);
  const key = await openOrMakeVaultKey(vaultKeysFile(own), sizes.name);
  const tables = await startDynamodbServer({
    path: join(own, 'dynamodb'),
    port: config.dynamodbPort,
    ownerAccessKey: accessKeyOf(VAULT_PARTY),
    peerAccessKeys: [],
    outboxTable: outboxTableOf(VAULT_PARTY),
  });
  const client = new DynamoDBClient({
    endpoint: tables.endpoint,
    region: 'local',
    credentials: { accessKeyId: accessKeyOf(VAULT_PARTY), secretAccessKey: 'local' },
    requestHandler: REQUEST_TIMEOUTS,
  });
  try {
    for (const tableName of [VAULT_TREE_TABLE, VAULT_STATE_TABLE]) await createVaultTable(client, tableName);
    const options = {
      name: sizes.name,
      key,
      tree: createDynamodbStore({ client, tableName: VAULT_TREE_TABLE, clock: systemClock }),
      state: createDynamodbStore({ client, tableName: VAULT_STATE_TABLE, clock: systemClock }),
      clock: systemClock,
      random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
      // Nobody else has the tables open.
      patienceMs: 0,
    };
    const { vault, created } = await openOrCreate(
      () => openVault(options),
      () => createVault(options, parameters, bulk),
    );
    const found = vault.parameters;
    const { recordsFile } = sizes;
    if (recordsFile !== undefined && vault.stats().records === 0) {
      const file = { name: recordsFile, chunks: createReadStream(recordsFile) };
      await vault.load(readRecords(file, { valueBytes: valueBytes(found) }), bulk);
    }
    const { records } = vault.stats();
    await vault.close();
    return { parameters: found, created, records };
  } finally {
    client.destroy();
    await tables.close();
  }
}

async function openOrCreate(
  open: () => Promise<Vault>,
  create: () => Promise<Vault>,
): Promise<{ readonly vault: Vault; readonly created: boolean }> {
  try {
    return { vault: await open(), created: false };
  } catch (error) {
    if (!(error instanceof OramError && error.code === 'VAULT_UNKNOWN')) throw error;
    return { vault: await create(), created: true };
  }
}
