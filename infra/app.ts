/**
 * The CDK app: `cdk synth`, `cdk deploy TacitParty1 -c deployment=<file>`.
 *
 * Without a file it synthesises the example consortium, for which no account is needed.
 */

import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { readDeployment } from './deployment.ts';
import { addStacks } from './stacks.ts';

const EXAMPLE = fileURLToPath(new URL('../examples/consortium/deployment.json', import.meta.url));

const app = new App();
const path: unknown = app.node.tryGetContext('deployment');
addStacks(app, readDeployment(typeof path === 'string' ? path : EXAMPLE));
app.synth();
