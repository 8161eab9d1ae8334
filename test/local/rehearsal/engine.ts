/**
 * The DynamoDB behind rehearsals: dynalite, one for each, or with DYNAMODB_LOCAL in the environment Amazon's DynamoDB
 * Local, one for each test file, in which every rehearsal has tables of its own.
 */

import { findDynamodbLocal, startDynamodbLocal } from '../../oram/stores/dynamodb-local.ts';
import type { LocalDynamodb } from '../../support/dynalite.ts';

let started: Promise<LocalDynamodb> | undefined;

/** Undefined for dynalite. @throws Error where DynamoDB Local is asked for and cannot run here */
export async function sharedDynamodbUrl(): Promise<string | undefined> {
  if (process.env['DYNAMODB_LOCAL'] === undefined) return undefined;
  const directory = findDynamodbLocal();
  if (directory === undefined) throw new Error('DynamoDB Local needs Java 17 or later and its npm package');
  started ??= startDynamodbLocal(directory);
  return (await started).endpoint;
}

/** After the last rehearsal of a file. */
export async function stopSharedDynamodb(): Promise<void> {
  await (await started)?.close();
  started = undefined;
}
