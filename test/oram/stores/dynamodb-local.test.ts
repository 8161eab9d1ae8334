import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { createDynamodbStore, createVaultTable } from '../../../oram/stores/dynamodb.ts';
import type { LocalDynamodb } from '../../support/dynalite.ts';
import { storeConformance } from './conformance.ts';
import { findDynamodbLocal, startDynamodbLocal } from './dynamodb-local.ts';
import { type ReportedUnits, reportUnits } from './reported-units.ts';

const directory = findDynamodbLocal();

describe.skipIf(directory === undefined)('DynamoDB Local', () => {
  let dynamodb: LocalDynamodb;
  let reported: ReportedUnits;

  beforeAll(async () => {
    dynamodb = await startDynamodbLocal(directory!);
    await createVaultTable(dynamodb.client, 'vault');
    await createVaultTable(dynamodb.client, 'vault');
    reported = reportUnits(dynamodb.client);
  }, 90_000);

  afterAll(() => dynamodb.close());

  storeConformance('a table of DynamoDB Local', {
    open: () => {
      const before = { ...reported };
      return {
        store: createDynamodbStore({ client: dynamodb.client, tableName: 'vault', clock: systemClock }),
        reported: () => ({
          readUnits: reported.readUnits - before.readUnits,
          writeUnits: reported.writeUnits - before.writeUnits,
        }),
      };
    },
    absentDeleteUnits: 2,
    reportedMissUnits: 0,
    readBatchBytes: 16 * 1024 * 1024,
  });
});

describe.runIf(directory === undefined)('DynamoDB Local', () => {
  test.runIf(process.env['DYNAMODB_LOCAL'] === 'required')('is there where the command asks for it', () => {
    expect.fail('DynamoDB Local needs Java 17 or later in the path');
  });

  test.skip('needs Java 17 and the npm package: npm run test:dynamodb-local', () => undefined);
});
