/** What the cost model says stands in each account, against what the stacks put there. */

import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { FUNCTION_MEMORY_MB, STANDING_RESOURCES } from '../../auction/party/tender-cost.ts';
import { readDeployment } from '../../infra/deployment.ts';
import { addStacks } from '../../infra/stacks.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { readRepositoryFile } from '../docs/repository.ts';

/** Within the validity of the example's records. */
const NOW = toEpochMs(Date.parse('2027-01-01T00:00:00Z'));

let template: Template;

beforeAll(() => {
  process.env['CDK_VALIDATION'] = 'false';
  const { context } = JSON.parse(readRepositoryFile('cdk.json')) as { context: Record<string, unknown> };
  const app = new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
  const deployment = readDeployment('examples/consortium/deployment.json', NOW);
  const { parties } = addStacks(app, { ...deployment, web: undefined });
  template = Template.fromStack(parties[0]!);
}, 60_000);

const count = (type: string) => Object.keys(template.findResources(type)).length;

describe('the cost model of tenders', () => {
  test('knows what costs money by the month', () => {
    // The key of the vault's tables, where the deployment has vaults, is in the vault's own costs.
    const keys = Object.entries(template.findResources('AWS::KMS::Key')).filter(
      ([id]) => !id.startsWith('Vault'),
    );
    expect({
      keys: keys.length,
      secrets: count('AWS::SecretsManager::Secret'),
      alarms: count('AWS::CloudWatch::Alarm'),
      dashboards: count('AWS::CloudWatch::Dashboard'),
    }).toEqual(STANDING_RESOURCES);
  });

  test('knows the memory of the functions', () => {
    const memoryOf = (name: string) => {
      const found = Object.entries(template.findResources('AWS::Lambda::Function')).filter(([id]) =>
        id.startsWith(`Functions${name}`),
      );
      return found.map(([, { Properties }]) => (Properties as { MemorySize: number }).MemorySize);
    };
    expect(memoryOf('cleartender')).toEqual([FUNCTION_MEMORY_MB.clearing]);
    expect(memoryOf('submitbid')).toEqual([FUNCTION_MEMORY_MB.intake]);
    expect(memoryOf('showoutcome')).toEqual([FUNCTION_MEMORY_MB.http]);
    expect(memoryOf('sweeptenders')).toEqual([FUNCTION_MEMORY_MB.sweep]);
    expect(memoryOf('watchpeers')).toEqual([FUNCTION_MEMORY_MB.watch]);
  });
});
