/** `tacit evidence fetch`: a proof from a real abort, posted to an outbox as the parties do, and taken out by an operator. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Evidence } from '../../auction/evidence-document.ts';
import { PROOF_STEP, proofTopicOf } from '../../auction/party/blame-exchange.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import { systemClock } from '../../functions/system-clock.ts';
import {
  createOutboxChannel,
  createOutboxTable,
  type OutboxChannel,
} from '../../mpc/channels/outbox/dynamodb.ts';
import { CheatingWorld } from '../auction/party/blame-world.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { type Ran, tacit } from './run.ts';

const TABLE = 'tacit-outbox-0';

let directory: string;
let dynamodb: LocalDynamodb;
let channel: OutboxChannel;
let tender: CheckedTender;
let evidence: Evidence;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-evidence-'));
  const cheating = await CheatingWorld.closed();
  cheating.listsBackwards();
  const [blame] = await cheating.blames([0], ['CLOSING_LIST_MALFORMED']);
  if (blame?.kind !== 'proven') throw new Error('not proven');
  ({ evidence } = blame);
  ({ tender } = cheating.world);
  await writeFile(path('tender.json'), JSON.stringify(tender.signed));
  dynamodb = await startLocalDynamodb();
});

afterAll(async () => {
  await dynamodb?.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});

const path = (name: string) => join(directory, name);

/** A fresh table with this in it. */
async function posted(tableName: string, document: Uint8Array | undefined): Promise<void> {
  await createOutboxTable(dynamodb.client, tableName);
  const table = { client: dynamodb.client, tableName };
  channel = createOutboxChannel({ self: 0, tables: [table, table, table], clock: systemClock });
  if (document !== undefined) await channel.post(proofTopicOf(tender.id), PROOF_STEP, { everyone: document });
}

function fetched(table: string, ...more: readonly string[]): Promise<Ran> {
  const place = ['--index', '0', '--outbox-table', table, '--region', 'us-east-1'];
  const files = ['--tender', path('tender.json'), '--out', path(`${table}.json`)];
  return tacit('evidence', 'fetch', ...files, ...place, '--endpoint', dynamodb.endpoint, ...more);
}

const firstCode = ({ code, stderr }: Ran) => [code, stderr.split(':')[0]];
const bytesOf = (document: unknown) => new TextEncoder().encode(JSON.stringify(document));

test('takes the proof out, checks it and writes it down', async () => {
  await posted(TABLE, bytesOf(evidence));
  const ran = await fetched(TABLE);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toContain('Party 2 is at fault: list-breaks-rules');
  const files = [path(`${TABLE}.json`), '--tender', path('tender.json')];
  expect((await tacit('evidence', 'check', ...files)).code).toBe(0);
  const again = await fetched(TABLE, '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ party: 2, path: path(`${TABLE}.json`) });
});

test('says where there is none, and believes no outbox', async () => {
  await posted('tacit-outbox-none', undefined);
  expect(firstCode(await fetched('tacit-outbox-none'))).toEqual([3, 'NOT_FOUND']);
  await posted('tacit-outbox-framing', bytesOf({ ...evidence, party: 1 }));
  expect(firstCode(await fetched('tacit-outbox-framing'))).toEqual([1, 'EVIDENCE_SIGNATURE']);
  await posted('tacit-outbox-noise', Uint8Array.of(1, 2, 3));
  expect(firstCode(await fetched('tacit-outbox-noise'))).toEqual([1, 'EVIDENCE_MALFORMED']);
});

test('is refused without a table, and without credentials', async () => {
  expect(firstCode(await fetched('tacit-outbox-gone'))).toEqual([1, 'CHANNEL_REFUSED']);
  const refused = await fetched(TABLE, '--profile', 'nobody-has-this-profile');
  expect(firstCode(refused)).toEqual([1, 'OUTBOX_UNREADABLE']);
});
