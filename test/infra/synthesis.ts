/** The example consortium synthesised once for a test file, without bundling and without the built-in validation. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { readDeployment } from '../../infra/deployment.ts';
import { addStacks } from '../../infra/stacks.ts';
import { readAssembly, type StackTemplate } from '../../local/rehearsal/template.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { ROOT } from '../docs/repository.ts';

export const EXAMPLE = join(ROOT, 'examples/consortium/deployment.json');

/** Within the validity of the example's records. */
export const NOW = toEpochMs(Date.parse('2027-01-01T00:00:00Z'));

export interface Synthesis {
  readonly stacks: readonly StackTemplate[];
  dispose(): void;
}

/** @param change of the example's deployment file */
export function synthesise(change: Record<string, unknown> = {}): Synthesis {
  // Read by the library when it synthesises; what it checks is checked once, in clean.test.ts.
  process.env['CDK_VALIDATION'] = 'false';
  const directory = mkdtempSync(join(tmpdir(), 'tacit-synth-'));
  const app = new App({
    outdir: join(directory, 'out'),
    context: { ...featureFlags(), 'aws:cdk:bundling-stacks': [] },
  });
  // The page's stack has a test of its own, and the parties' are looked at without it.
  addStacks(app, readDeployment(deploymentFile(directory, { web: undefined, ...change }), NOW));
  app.synth();
  return {
    stacks: readAssembly(join(directory, 'out')),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The example's deployment file with changes, in a directory of its own. */
export function deploymentFile(directory: string, change: Record<string, unknown>): string {
  const example = JSON.parse(readFileSync(EXAMPLE, 'utf8')) as Record<string, unknown>;
  const path = join(directory, 'deployment.json');
  const consortium = join(ROOT, 'examples/consortium/consortium.json');
  writeFileSync(path, JSON.stringify({ ...example, consortium, ...change }));
  return path;
}

export function featureFlags(): Record<string, unknown> {
  const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  return context;
}
