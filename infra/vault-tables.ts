/**
 * The two tables of a vault: the tree, which may be in another organisation's account, and the client's state, which
 * stays with the reader.
 *
 * The owner of the tree table is the vault's adversary: it may do with it what it likes, and the vault notices. What
 * the policies do is keep everybody else out, and give the reader the calls of its store and no more. The client's state
 * is what tells an old tree from a new one, so it is never in the same hands as a tree elsewhere, and outlives its stack.
 */

import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, type IRole, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ATTRIBUTES } from '../oram/stores/units.ts';
import { EncryptionKey } from './encryption-key.ts';
import { acknowledgeKeyByAlias } from './outbox-table.ts';

/** The calls of `oram/stores/dynamodb.ts`; a batch write is how old versions are deleted. */
const STORE_CALLS = ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem', 'dynamodb:PutItem'];

/** Who reads a vault from another account than the tree's. */
export interface VaultReader {
  readonly account: string;
  readonly roleName: string;
}

export interface VaultTableProps {
  /** Where another account names the table; made up by CloudFormation otherwise. */
  readonly tableName?: string;
  /** Where the table is, when `tableName` is given. */
  readonly place?: { readonly account: string; readonly region: string };
  readonly reader?: VaultReader;
  readonly timeToLiveAttribute?: string;
}

export class VaultTable extends Construct {
  readonly table: Table;
  readonly #encryption: EncryptionKey;

  constructor(
    scope: Construct,
    id: string,
    { tableName, place, reader, timeToLiveAttribute }: VaultTableProps,
  ) {
    super(scope, id);
    const named = tableName !== undefined && place !== undefined ? { tableName, ...place } : undefined;
    this.#encryption = new EncryptionKey(this, 'Encryption', {
      description: 'Buckets or client state of a vault; sealed by its client before they get here',
      services: ['dynamodb'],
      ...(named === undefined ? {} : { alias: keyAliasOf(named.tableName) }),
      statements: reader === undefined || named === undefined ? [] : [decryptionBy(reader, named)],
    });
    this.table = new Table(this, 'Table', {
      ...(tableName === undefined ? {} : { tableName }),
      partitionKey: { name: ATTRIBUTES.partition, type: AttributeType.STRING },
      sortKey: { name: ATTRIBUTES.sort, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      ...(timeToLiveAttribute === undefined ? {} : { timeToLiveAttribute }),
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.#encryption.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(reader === undefined || named === undefined
        ? {}
        : {
            resourcePolicy: new PolicyDocument({
              statements: [
                new PolicyStatement({
                  sid: 'TheReaderOfTheVault',
                  principals: [new AccountPrincipal(reader.account)],
                  actions: STORE_CALLS,
                  resources: [tableArnOf(named)],
                  conditions: { ArnEquals: { 'aws:PrincipalArn': roleArnOf(reader) } },
                }),
              ],
            }),
          }),
    });
  }

  /** To a role of the table's own account. */
  grantStore(role: IRole): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: STORE_CALLS, resources: [this.table.tableArn] }),
    );
    this.#encryption.grantWriting(role, 'dynamodb');
  }
}

interface NamedTable {
  readonly tableName: string;
  readonly account: string;
  readonly region: string;
}

/** The reader's half, in its own account, for a tree table of another. */
export function grantStoreElsewhere(role: IRole, tree: NamedTable): void {
  role.addToPrincipalPolicy(new PolicyStatement({ actions: STORE_CALLS, resources: [tableArnOf(tree)] }));
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: USING_KEY,
      resources: [`arn:aws:kms:${tree.region}:${tree.account}:key/*`],
      conditions: {
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': `alias/${keyAliasOf(tree.tableName)}` },
        StringEquals: { 'kms:ViaService': `dynamodb.${tree.region}.amazonaws.com` },
      },
    }),
  );
  acknowledgeKeyByAlias(role, tree);
}

/** What DynamoDB asks the key for on behalf of whoever reads and writes. */
const USING_KEY = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'];

function decryptionBy(reader: VaultReader, { tableName, region }: NamedTable): PolicyStatement {
  return new PolicyStatement({
    sid: 'TheReaderOfTheVault',
    principals: [new AccountPrincipal(reader.account)],
    actions: USING_KEY,
    resources: ['*'],
    conditions: {
      ArnEquals: { 'aws:PrincipalArn': roleArnOf(reader) },
      StringEquals: {
        'kms:ViaService': `dynamodb.${region}.amazonaws.com`,
        'kms:EncryptionContext:aws:dynamodb:tableName': tableName,
      },
    },
  });
}

function tableArnOf({ account, region, tableName }: NamedTable): string {
  return `arn:aws:dynamodb:${region}:${account}:table/${tableName}`;
}

function roleArnOf({ account, roleName }: VaultReader): string {
  return `arn:aws:iam::${account}:role/${roleName}`;
}

function keyAliasOf(tableName: string): string {
  return tableName.replaceAll('.', '_');
}
