/**
 * The reader's side of a party's vaults in its own account: the table of their state, the tree where nobody else owns
 * it, and the secret with their keys.
 *
 * The names of the tree table and of the role are agreed, so that an owner elsewhere can deploy the tree before or after.
 */

import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { OperatorRecord } from '../auction/operator-record.ts';
import { NONCE_EXPIRY_ATTRIBUTE } from '../functions/request-nonces.ts';
import type { Deployment } from './deployment.ts';
import type { EncryptionKey } from './encryption-key.ts';
import { KeySecret } from './key-secret.ts';
import { grantStoreElsewhere, VaultTable } from './vault-tables.ts';

export type VaultChoice = NonNullable<Deployment['vault']>;

export interface VaultClientProps {
  readonly record: OperatorRecord;
  readonly vault: VaultChoice;
  readonly encryption: EncryptionKey;
}

export class VaultClient extends Construct {
  readonly secret: KeySecret;
  /** Name, or ARN of a tree in another account. */
  readonly treeTable: string;
  readonly stateTable: string;
  readonly #state: VaultTable;
  readonly #grantTree: (role: IRole) => void;

  constructor(scope: Construct, id: string, { record, vault, encryption }: VaultClientProps) {
    super(scope, id);
    this.secret = new KeySecret(this, 'Keys', {
      description: `Keys of the vaults of party ${record.index}; put there by its operator`,
      encryption,
    });
    this.#state = new VaultTable(this, 'ClientState', { timeToLiveAttribute: NONCE_EXPIRY_ATTRIBUTE });
    this.stateTable = this.#state.table.tableName;
    const { treeOwner } = vault;
    if (treeOwner === undefined) {
      const tree = new VaultTable(this, 'Tree', {});
      this.treeTable = tree.table.tableName;
      this.#grantTree = (role) => tree.grantStore(role);
    } else {
      const tree = { ...treeOwner, tableName: treeTableName(record) };
      this.treeTable = `arn:aws:dynamodb:${tree.region}:${tree.account}:table/${tree.tableName}`;
      this.#grantTree = (role) => grantStoreElsewhere(role, tree);
    }
  }

  /** Everything that serving requests for records takes. */
  grantAccess(role: IRole): void {
    this.#state.grantStore(role);
    this.#grantTree(role);
    this.secret.grantReading(role);
  }
}

export function vaultRoleName({ engineRole }: OperatorRecord): string {
  return `${engineRole}-vault`;
}

/** With the party's number, because one owner may keep the trees of all three. */
export function treeTableName({ outboxTable, index }: OperatorRecord): string {
  return `${outboxTable}-tree-${index}`;
}
