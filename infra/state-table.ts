/**
 * A party's own table of tenders, sealed bids, states and outcomes: nobody outside the account may do anything to it.
 *
 * What is in it cannot be had again, and a party that loses it cannot clear, so it survives the stack: retained,
 * protected from deletion, and restorable to any second of the last 35 days. (Restoring one under a running tender is
 * dangerous: see docs/operations.md.) Each function gets the calls it makes and no others.
 */

import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { EncryptionKey } from './encryption-key.ts';

/** The reads and writes of the store (`auction/party/dynamodb.ts`), and the lease's update. */
export type StateAccess = 'get' | 'query' | 'put' | 'lease';

const ACTIONS: Readonly<Record<StateAccess, string>> = {
  get: 'dynamodb:GetItem',
  query: 'dynamodb:Query',
  put: 'dynamodb:PutItem',
  lease: 'dynamodb:UpdateItem',
};

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
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: access.map((kind) => ACTIONS[kind]),
        resources: [this.table.tableArn],
      }),
    );
    const writes = access.some((kind) => kind === 'put' || kind === 'lease');
    if (writes) this.#encryption.grantWriting(role, 'dynamodb');
    else this.#encryption.grantReading(role, 'dynamodb');
  }
}
