/**
 * The stacks that a deployment consists of, checked by cdk-nag whenever they are synthesised. A finding that is as it
 * should be is acknowledged with its reason where the resource is made.
 */

import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Deployment } from './deployment.ts';
import { PartyStack } from './party-stack.ts';
import { VaultTreeStack } from './vault-tree-stack.ts';

export interface DeploymentStacks {
  readonly parties: readonly PartyStack[];
  readonly vaultTree: VaultTreeStack | undefined;
}

export function addStacks(app: App, deployment: Deployment): DeploymentStacks {
  const { consortium, parties, stackPrefix, vault } = deployment;
  const partyStacks = parties.map(
    (party) => new PartyStack(app, `${stackPrefix}Party${party}`, { party, deployment }),
  );
  const treeOwner = vault?.treeOwner;
  const vaultTree =
    treeOwner === undefined
      ? undefined
      : new VaultTreeStack(app, `${stackPrefix}VaultTree`, {
          place: treeOwner,
          readers: parties.map((party) => consortium.operators[party]),
        });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  return { parties: partyStacks, vaultTree };
}
