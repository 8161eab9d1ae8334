/**
 * The tree tables of vaults in the account of somebody else: one for each reader, who alone may use it.
 *
 * Deployed by the owner of that account, before or after the readers' stacks.
 */

import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { OperatorRecord } from '../auction/operator-record.ts';
import { COST_TAG } from './monthly-budget.ts';
import { treeTableName, vaultRoleName } from './vault-client.ts';
import { VaultTable } from './vault-tables.ts';

export interface VaultTreeStackProps extends StackProps {
  readonly place: { readonly account: string; readonly region: string };
  readonly readers: readonly OperatorRecord[];
}

export class VaultTreeStack extends Stack {
  constructor(scope: Construct, id: string, { place, readers, ...props }: VaultTreeStackProps) {
    super(scope, id, {
      ...props,
      env: place,
      description: 'Tree tables of vaults that others read',
      terminationProtection: true,
    });
    Tags.of(this).add(COST_TAG, 'vault-trees');
    for (const reader of readers) {
      new VaultTable(this, `TreeOfParty${reader.index}`, {
        tableName: treeTableName(reader),
        place,
        reader: { account: reader.account, roleName: vaultRoleName(reader) },
      });
    }
  }
}
