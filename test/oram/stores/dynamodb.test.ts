import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { createDynamodbStore, createVaultTable } from '../../../oram/stores/dynamodb.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../../support/dynalite.ts';
import { storeConformance } from './conformance.ts';
import { type ReportedUnits, reportUnits } from './reported-units.ts';

let dynamodb: LocalDynamodb;
let reported: ReportedUnits;

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
  await createVaultTable(dynamodb.client, 'vault');
  await createVaultTable(dynamodb.client, 'vault');
  reported = reportUnits(dynamodb.client);
});

afterAll(() => dynamodb.close());

storeConformance('a table of dynalite', {
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
  tellsWhatRefused: false,
  // Its bound of a batch of reads, where DynamoDB has 16 MB.
  readBatchBytes: 1024 * 1024,
});
