/** A party whose operator made its keys in Secrets Manager before: the stack names that secret and makes none. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDeployment } from '../../infra/deployment.ts';
import { deploymentFile, NOW, type Synthesis, synthesise } from './synthesis.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:222222222222:secret:tacit/party-1-AbCdEf';

let synthesis: Synthesis;
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tacit-keys-'));
  synthesis = synthesise({ parties: [1], keysSecret: ARN });
});

afterAll(() => {
  synthesis?.dispose();
  rmSync(directory, { recursive: true, force: true });
});

test('the stack has no secret of its own, and no output for one', () => {
  const [stack] = synthesis.stacks;
  expect(synthesis.stacks).toHaveLength(1);
  const secrets = stack?.resources.filter(({ type }) => type === 'AWS::SecretsManager::Secret');
  expect(secrets?.map(({ logicalId }) => logicalId).filter((id) => id.startsWith('Keys'))).toEqual([]);
});

test('intake and engine, and no others, are told of the secret and may read it', () => {
  const resources = synthesis.stacks[0]?.resources ?? [];
  const naming = (type: string) =>
    resources.filter((one) => one.type === type && JSON.stringify(one.properties).includes(ARN));
  const told = naming('AWS::Lambda::Function').map(({ logicalId }) => logicalId);
  expect(told.map((id) => /^Functions(cleartender|submitbid)/.exec(id)?.[1]).sort()).toEqual([
    'cleartender',
    'submitbid',
  ]);
  const policies = naming('AWS::IAM::Policy');
  expect(
    policies.map(({ logicalId }) => /^Functions(cleartender|submitbid)/.exec(logicalId)?.[1]).sort(),
  ).toEqual(['cleartender', 'submitbid']);
  for (const { properties } of policies) {
    const { Statement } = properties['PolicyDocument'] as { Statement: Record<string, unknown>[] };
    const about = Statement.filter((statement) => JSON.stringify(statement).includes(ARN));
    expect(about).toEqual([{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: ARN }]);
  }
});

test.each([
  ['of another account', { parties: [1], keysSecret: ARN.replace('222222222222', '111111111111') }],
  ['of another region', { parties: [1], keysSecret: ARN.replace('eu-central-1', 'eu-west-1') }],
  ['for more than one party', { parties: [0, 1], keysSecret: ARN }],
])('a secret %s is refused', (_what, change) => {
  expect(() => readDeployment(deploymentFile(directory, change), NOW)).toThrow('DEPLOYMENT_KEYS');
});

test.each(['tacit/party-1', ARN.slice(0, -7), `${ARN}*`])('%s is no ARN of a secret', (keysSecret) => {
  const read = () => readDeployment(deploymentFile(directory, { parties: [1], keysSecret }), NOW);
  expect(read).toThrow('DEPLOYMENT_MALFORMED: check the field keysSecret');
});
