/**
 * The CDK app: `cdk synth`, `cdk deploy TacitParty1 -c deployment=<file>`.
 *
 * Without a file it synthesises the example consortium, for which no account is needed.
 */

import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { type Deployment, readDeployment } from './deployment.ts';
import { addStacks } from './stacks.ts';

const EXAMPLE = fileURLToPath(new URL('../examples/consortium/deployment.json', import.meta.url));

const app = new App();
const path: unknown = app.node.tryGetContext('deployment');
const deployment = readOrRefuse(typeof path === 'string' ? path : EXAMPLE);
addStacks(app, deployment);
app.synth();

/** What is refused has a code and a sentence for the operator, to whom a stack trace says nothing. */
function readOrRefuse(file: string): Deployment {
  try {
    return readDeployment(file);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
