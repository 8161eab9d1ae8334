/** Vaults in an in-process DynamoDB, and environments of the function that serves them, each as cold as Lambda's. */

import { createSecretKey } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import type { HttpEvent } from '../../functions/http-handler.ts';
import { requestNonces } from '../../functions/request-nonces.ts';
import { systemClock } from '../../functions/system-clock.ts';
import type { VaultGrant } from '../../functions/vault-access/authorisation.ts';
import type { VaultAccess } from '../../functions/vault-access/vault-access.handler.ts';
import { OpenVaults } from '../../functions/vaults.ts';
import { createVault, openVault, type VaultOptions } from '../../oram/open-vault.ts';
import { chooseParameters, type VaultSizes } from '../../oram/parameters.ts';
import { createDynamodbStore, createVaultTable } from '../../oram/stores/dynamodb.ts';
import type { Vault } from '../../oram/vault.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { newSigner, random } from './vault-requests.ts';

export const TREE_TABLE = 'vault-tree';
export const STATE_TABLE = 'vault-state';

/** 64 records of 48 bytes in a tree. */
export const SIZES: VaultSizes = { records: 64, blockBytes: 48, layout: 'tree' };
export const VALUE_BYTES = 48;

export interface VaultHost {
  readonly dynamodb: LocalDynamodb;
  /** Signing key of the party. */
  readonly party: string;
  readonly reader: ReturnType<typeof newSigner>;
  readonly writer: ReturnType<typeof newSigner>;
  /** Makes an empty vault that reader and writer may ask. */
  provide(name: string, sizes?: VaultSizes): Promise<void>;
  /** The same again, with its key, where it was destroyed. */
  remake(name: string): Promise<void>;
  /** As its operator opens it, outside of any function. */
  open(name: string): Promise<Vault>;
  /** What one environment of the function is made of. */
  environment(options?: EnvironmentOptions): VaultAccess;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  readonly treeClient?: DynamoDBClient;
  readonly stateClient?: DynamoDBClient;
  readonly patienceMs?: number;
}

export async function startVaultHost(): Promise<VaultHost> {
  const dynamodb = await startLocalDynamodb();
  const { client } = dynamodb;
  for (const tableName of [TREE_TABLE, STATE_TABLE]) await createVaultTable(client, tableName);
  const keys = new Map<string, ReturnType<typeof createSecretKey>>();
  const [reader, writer] = [newSigner(), newSigner()];
  const grants: VaultGrant[] = [];
  const party = newSigner().publicKey;
  const optionsOf = (name: string): VaultOptions => {
    const key = keys.get(name);
    if (key === undefined) throw new Error(`no vault ${name}`);
    const tree = createDynamodbStore({ client, tableName: TREE_TABLE, clock: systemClock });
    const state = createDynamodbStore({ client, tableName: STATE_TABLE, clock: systemClock });
    return { name, key, tree, state, clock: systemClock, random };
  };
  const make = async (name: string, sizes: VaultSizes): Promise<void> => {
    const vault = await createVault(optionsOf(name), chooseParameters(sizes));
    await vault.close();
  };
  return {
    dynamodb,
    party,
    reader,
    writer,
    provide: async (name, sizes = SIZES) => {
      keys.set(name, createSecretKey(random(32)));
      grants.push({ vault: name, requester: reader.publicKey, rights: 'read' });
      grants.push({ vault: name, requester: writer.publicKey, rights: 'write' });
      await make(name, sizes);
    },
    remake: (name) => make(name, SIZES),
    open: (name) => openVault(optionsOf(name)),
    environment: ({ treeClient = client, stateClient = client, patienceMs } = {}) => ({
      party,
      grants,
      vaults: new OpenVaults({
        keys,
        tree: { client: treeClient, tableName: TREE_TABLE },
        state: { client: stateClient, tableName: STATE_TABLE },
        clock: systemClock,
        ...(patienceMs === undefined ? {} : { patienceMs }),
      }),
      nonces: requestNonces(client, STATE_TABLE),
      clock: systemClock,
      signatures: nodeSignatures,
    }),
    close: () => dynamodb.close(),
  };
}

/** As API Gateway would pass it on. */
export function operationsEvent(vaultName: string, body: unknown): HttpEvent {
  const path = `/vaults/${vaultName}/operations`;
  return {
    version: '2.0',
    routeKey: 'POST /vaults/{vaultName}/operations',
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/json' },
    pathParameters: { vaultName },
    body: JSON.stringify(body),
    requestContext: {
      accountId: '',
      apiId: '',
      domainName: '',
      domainPrefix: '',
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '', userAgent: '' },
      requestId: '',
      routeKey: '',
      stage: '',
      time: '',
      timeEpoch: 0,
    },
    isBase64Encoded: false,
  };
}
