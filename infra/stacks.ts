/**
 * The stacks that a deployment consists of, checked by cdk-nag whenever they are synthesised. A finding that is as it
 * should be is acknowledged with its reason where the resource is made.
 */

import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Deployment } from './deployment.ts';
import { PartyStack } from './party-stack.ts';
import { VaultTreeStack } from './vault-tree-stack.ts';
import { WebStack } from './web-stack.ts';

export interface DeploymentStacks {
  readonly parties: readonly PartyStack[];
  readonly vaultTree: VaultTreeStack | undefined;
  readonly web: WebStack | undefined;
}

export function addStacks(app: App, deployment: Deployment): DeploymentStacks {
  const { consortium, parties, stackPrefix, vault, web } = deployment;
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
  const webStack =
    web === undefined ? undefined : new WebStack(app, `${stackPrefix}Web`, { web, consortium });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  return { parties: partyStacks, vaultTree, web: webStack };
}
