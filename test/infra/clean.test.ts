/** Templates pass cdk-nag and CloudFormation's own rules. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDeployment } from '../../infra/deployment.ts';
import { addStacks, type DeploymentStacks } from '../../infra/stacks.ts';
import { deploymentFile, featureFlags, NOW } from './synthesis.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tacit-clean-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function appWith(change: Record<string, unknown>): { app: App; stacks: DeploymentStacks } {
  const context = { ...featureFlags(), 'aws:cdk:bundling-stacks': [] };
  const app = new App({ outdir: join(directory, 'out'), context });
  const stacks = addStacks(app, readDeployment(deploymentFile(directory, change), NOW));
  return { app, stacks };
}

const EVERYTHING = { vault: { access: [], treeOwner: { account: '444444444444', region: 'eu-north-1' } } };

function findingsIn(app: App): readonly string[] {
  return new AwsSolutionsChecks(app).validateScope(app).violations.map(({ ruleName }) => ruleName);
}

test('cdk-nag finds nothing in the stacks of everything that can be configured', () => {
  expect(findingsIn(appWith(EVERYTHING).app)).toEqual([]);
});

test('cdk-nag would find a queue without encryption in transit', () => {
  const { app, stacks } = appWith({ parties: [0], web: undefined });
  new Queue(stacks.parties[0]!, 'Planted');
  expect(findingsIn(app).some((rule) => rule.includes('SQS4'))).toBe(true);
});

test("one party's template passes CloudFormation's rules; all of them do in `npm run synth`", () => {
  delete process.env['CDK_VALIDATION'];
  const { app } = appWith({ parties: [0], web: undefined });
  expect(() => app.synth()).not.toThrow();
});
