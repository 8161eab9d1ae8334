/**
 * One table of a vault that is there already: in DynamoDB, in whoever's account, or in a stand-in at an address.
 *
 * Credentials and, where nothing else names it, the region are found as every program of the AWS SDK finds them. A table
 * that refuses or cannot be reached is named in the error with what to do, since a vault has two.
 */

import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { REQUEST_TIMEOUTS } from '../functions/request-timeouts.ts';
import { systemClock } from '../functions/system-clock.ts';
import { regionOf } from '../functions/table-region.ts';
import { OramError } from '../oram/errors.ts';
import { createDynamodbStore } from '../oram/stores/dynamodb.ts';
import type { ItemStore } from '../oram/stores/store.ts';

export interface DeployedTableOptions {
  /** What it holds; named in errors. */
  readonly role: 'tree' | 'state';
  /** Name, or ARN where it is in another account; an ARN says the region too. */
  readonly table: string;
  readonly region?: string;
  /** Of a stand-in; default DynamoDB's own. */
  readonly endpoint?: string;
  /** Of the AWS configuration files, for credentials and region. */
  readonly profile?: string;
}

export interface DeployedTable {
  readonly store: ItemStore;
  close(): void;
}

/** Sends nothing yet. @throws OramError STORE_REFUSED where no region is known */
export async function openDeployedTable(options: DeployedTableOptions): Promise<DeployedTable> {
  const { role, table, endpoint, profile } = options;
  const region = regionOf(table) ?? options.region;
  const config: DynamoDBClientConfig = {
    requestHandler: REQUEST_TIMEOUTS,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
  };
  const client = new DynamoDBClient(config);
  try {
    await client.config.region();
  } catch (cause) {
    client.destroy();
    const detail = `no region is known for the ${role} table ${table}: name it with --region, AWS_REGION or the table's ARN`;
    throw new OramError('STORE_REFUSED', detail, { table }, { cause });
  }
  const store = createDynamodbStore({ client, tableName: table, clock: systemClock });
  return { store: naming(store, options), close: () => client.destroy() };
}

function naming(store: ItemStore, options: DeployedTableOptions): ItemStore {
  const named = async <Value>(call: Promise<Value>): Promise<Value> => {
    try {
      return await call;
    } catch (error) {
      throw explained(error, options);
    }
  };
  return {
    read: (keys) => named(store.read(keys)),
    write: (items) => named(store.write(items)),
    fill: (items) => named(store.fill(items)),
    replace: (item, expected) => named(store.replace(item, expected)),
    remove: (keys) => named(store.remove(keys)),
    units: () => store.units(),
  };
}

/** By what AWS calls the refusal: where the table is not, and where these credentials are not welcome. */
const ADVICE: Readonly<Record<string, (role: string) => string>> = {
  ResourceNotFoundException: (role) =>
    `does not exist there: deploy it, or check --${role}-table, the region, and whose credentials these are`,
  AccessDeniedException: (role) =>
    `may not be used with these credentials: check them, the policies of table and key, or name others with --${role}-profile`,
  CredentialsProviderError: (role) =>
    `cannot be asked without credentials: set AWS_PROFILE, or --${role}-profile for this table`,
};

function explained(error: unknown, { role, table }: DeployedTableOptions): unknown {
  if (!(error instanceof OramError)) return error;
  if (error.code !== 'STORE_REFUSED' && error.code !== 'STORE_UNAVAILABLE') return error;
  const name = error.cause instanceof Error ? error.cause.name : '';
  const advice = ADVICE[name]?.(role);
  const detail =
    advice === undefined
      ? `${error.message.slice(`${error.code}: `.length)} (the ${role} table ${table})`
      : `the ${role} table ${table} ${advice}`;
  return new OramError(error.code, detail, { ...error.facts, table }, { cause: error.cause });
}
