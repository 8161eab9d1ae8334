/**
 * A party's own table of tenders, sealed bids, states and outcomes: nobody outside the account may do anything to it.
 *
 * What is in it cannot be had again, and a party that loses it cannot clear, so it survives the stack: retained,
 * protected from deletion, and restorable to any second of the last 35 days. (Restoring one under a running tender is
 * dangerous: see docs/operations.md.) Each function gets the calls it makes and no others. Nothing in it is ever deleted but
 * what says that a tender waits, by the one function that has found it settled, and in that partition alone.
 */

import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DUE_PARTITION } from '../auction/party/dynamodb.ts';
import type { EncryptionKey } from './encryption-key.ts';

/** The reads and writes of the store (`auction/party/dynamodb.ts`), and the lease's update. */
type TableAccess = 'get' | 'query' | 'put' | 'lease';

/** `keep-due`: putting and deleting what waits, in its partition. */
export type StateAccess = TableAccess | 'keep-due';

const ACTIONS: Readonly<Record<TableAccess, string>> = {
  get: 'dynamodb:GetItem',
  query: 'dynamodb:Query',
  put: 'dynamodb:PutItem',
  lease: 'dynamodb:UpdateItem',
};

const DUE_ACTIONS = ['dynamodb:PutItem', 'dynamodb:DeleteItem'];

export interface StateTableProps {
  readonly encryption: EncryptionKey;
}

export class StateTable extends Construct {
  readonly table: Table;
  readonly #encryption: EncryptionKey;

  constructor(scope: Construct, id: string, { encryption }: StateTableProps) {
    super(scope, id);
    this.#encryption = encryption;
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: encryption.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  grantAccess(role: IRole, access: readonly StateAccess[]): void {
    if (access.length === 0) return;
    const actions = access.flatMap((kind) => (kind === 'keep-due' ? [] : ACTIONS[kind]));
    const resources = [this.table.tableArn];
    role.addToPrincipalPolicy(new PolicyStatement({ actions, resources }));
    if (access.includes('keep-due')) {
      const conditions = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [DUE_PARTITION] } };
      role.addToPrincipalPolicy(new PolicyStatement({ actions: DUE_ACTIONS, resources, conditions }));
    }
    const writes = access.some((kind) => kind !== 'get' && kind !== 'query');
    if (writes) this.#encryption.grantWriting(role, 'dynamodb');
    else this.#encryption.grantReading(role, 'dynamodb');
  }
}
