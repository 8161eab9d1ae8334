/** A deployment file that is wrong, or a consortium that is another one, is refused before anything is synthesised. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CheckedConsortium, joinConsortium } from '../../auction/consortium.ts';
import { type OperatorRecord, signOperatorRecord } from '../../auction/operator-record.ts';
import { generatePartyKeys, loadPartyKeys, partyRecordOf } from '../../auction/party/keys.ts';
import { readDeployment } from '../../infra/deployment.ts';
import { type EpochMs, toEpochMs } from '../../mpc/clock.ts';
import { deploymentFile, EXAMPLE, NOW } from './synthesis.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tacit-deployment-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const read = (change: Record<string, unknown>, now: EpochMs = NOW) =>
  readDeployment(deploymentFile(directory, change), now);

test('the example is read, with its defaults', () => {
  expect(readDeployment(EXAMPLE, NOW)).toMatchObject({
    parties: [0, 1, 2],
    outboxRetentionDays: 400,
    monthlyBudgetDollars: 50,
    vault: undefined,
  });
  expect(read({ allowedOrigins: undefined }).allowedOrigins).toEqual([]);
});

test.each<readonly [Record<string, unknown>, string]>([
  [{ parties: [] }, 'the field parties'],
  [{ parties: [3] }, 'the field parties.0'],
  [{ fingerprint: undefined }, 'the field fingerprint'],
  [{ email: 'operator' }, 'the field email'],
  [{ monthlyBudgetDollars: 0 }, 'the field monthlyBudgetDollars'],
  [{ outboxRetentionDays: 7 }, 'the field outboxRetentionDays'],
  [{ auctioneer: { issuer: 'http://identity.example', audience: ['tacit'] } }, 'the field auctioneer.issuer'],
  [{ auctioneer: { issuer: 'https://identity.example', audience: [] } }, 'the field auctioneer.audience'],
  [{ vault: { access: [{ vault: 'x' }] } }, 'the field vault.access.0'],
  [
    { vault: { access: [], treeOwner: { account: '1', region: 'eu-central-1' } } },
    'the field vault.treeOwner.account',
  ],
  ...[
    'arn:aws:iam::111111111111:root',
    'arn:aws:iam::*:role/a',
    'arn:aws:sts::111111111111:assumed-role/a/b',
    '*',
  ].map(
    (arn) => [{ vault: { access: [], administrators: [arn] } }, 'the field vault.administrators.0'] as const,
  ),
  [{ events: { bus: 'arn:aws:events:eu-central-1:1:event-bus/a' } }, 'the field events.bus'],
  [{ events: { webhooks: ['http://bids.example/'] } }, 'the field events.webhooks.0'],
  [{ events: { webhooks: ['https://user:word@bids.example/'] } }, 'the field events.webhooks.0'],
  [{ events: { mail: 'x' } }, 'the field events.mail'],
  [{ detailedMetrics: 'yes' }, 'the field detailedMetrics'],
  [{ protocol: 'clear' }, 'the field protocol'],
  [{ stackPrefix: 'my stack' }, 'the field stackPrefix'],
  [{ budget: 5 }, 'the field budget'],
])('a deployment file with %j is refused by the field', (change, sentence) => {
  expect(() => read(change)).toThrow(`DEPLOYMENT_MALFORMED: check ${sentence}`);
});

test('an origin with a path or a wildcard is refused', () => {
  for (const origin of ['https://bids.example/', 'https://*.example', '*', 'http://bids.example']) {
    expect(() => read({ allowedOrigins: [origin] })).toThrow('CONFIGURATION_INVALID');
  }
});

test('files that are not there or no JSON are refused by their name', () => {
  expect(() => readDeployment(join(directory, 'nothing.json'), NOW)).toThrow(
    /DEPLOYMENT_MALFORMED: .*nothing\.json/,
  );
  expect(() => read({ consortium: 'missing.json' })).toThrow(/DEPLOYMENT_MALFORMED: .*missing\.json/);
  writeFileSync(join(directory, 'half.json'), '{');
  expect(() => read({ consortium: 'half.json' })).toThrow(/DEPLOYMENT_MALFORMED: .*half\.json/);
});

test('a consortium that was changed on the way is refused by its signature', () => {
  const path = join(directory, 'tampered.json');
  const document = readFileSync(read({}) && join(EXAMPLE, '../consortium.json'), 'utf8');
  writeFileSync(path, document.replace('333333333333', '444444444444'));
  expect(() => read({ consortium: path })).toThrow('OPERATOR_SIGNATURE');
});

test('another consortium, signed and all, is refused by the fingerprint, and both are told', async () => {
  const { fingerprint } = await write('other.json', {});
  expect(() => read({ consortium: 'other.json' })).toThrow(
    `DEPLOYMENT_FINGERPRINT: the fingerprint of the consortium is ${fingerprint}`,
  );
  expect(read({ consortium: 'other.json', fingerprint }).parties).toEqual([0, 1, 2]);
});

test('records that are over, or not valid yet, are refused', async () => {
  expect(() => read({}, toEpochMs(Date.parse('2100-01-01T00:00:00Z')))).toThrow('OPERATOR_EXPIRED');
  expect(() => read({}, toEpochMs(Date.parse('2026-01-01T00:00:00Z')))).toThrow('OPERATOR_NOT_YET_VALID');
});

test('one account for two parties is refused, unless the file says that it is a trial and no name is used twice', async () => {
  const shared = { account: '111111111111', region: 'eu-central-1' };
  const same = await write('same.json', shared);
  expect(() => read({ consortium: 'same.json', fingerprint: same.fingerprint })).toThrow(
    'CONSORTIUM_ACCOUNT_SHARED',
  );
  const trial = { trialWithSharedAccount: true };
  expect(() => read({ ...trial, consortium: 'same.json', fingerprint: same.fingerprint })).toThrow(
    'DEPLOYMENT_NAMES: parties 0 and 1 have one account and the same outbox table',
  );
  const roles = await write('roles.json', shared, (index) => ({ outboxTable: `outbox-${index}` }));
  expect(() => read({ ...trial, consortium: 'roles.json', fingerprint: roles.fingerprint })).toThrow(
    'DEPLOYMENT_NAMES: parties 0 and 1 have one account and the same engine role',
  );
  const apart = await write('apart.json', shared, (index) => ({
    outboxTable: `outbox-${index}`,
    engineRole: `engine-${index}`,
  }));
  expect(read({ ...trial, consortium: 'apart.json', fingerprint: apart.fingerprint }).parties).toEqual([
    0, 1, 2,
  ]);
});

test("a vault's administrators are of the party's own account", () => {
  const vault = (account: string) => ({
    vault: { access: [], administrators: [`arn:aws:iam::${account}:user/operators/anna`] },
  });
  expect(read({ parties: [1], ...vault('222222222222') }).vault?.administrators).toHaveLength(1);
  for (const account of ['111111111111', '444444444444']) {
    expect(() => read({ parties: [1], ...vault(account) })).toThrow(
      `DEPLOYMENT_ADMINISTRATORS: arn:aws:iam::${account}:user/operators/anna is of another account`,
    );
  }
});

test('names that leave no room for the names made from them are refused', async () => {
  const { fingerprint } = await write('long.json', { engineRole: 'r'.repeat(60) });
  expect(() => read({ consortium: 'long.json', fingerprint })).toThrow('DEPLOYMENT_NAMES');
});

/** A consortium of fresh keys in the directory. */
async function write(
  file: string,
  change: Partial<OperatorRecord>,
  changeOf: (index: number) => Partial<OperatorRecord> = () => ({}),
): Promise<CheckedConsortium> {
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  const records = await Promise.all(
    ([0, 1, 2] as const).map(async (index) => {
      const keys = await loadPartyKeys(await generatePartyKeys(index, random));
      const { signingKey, sealingKey } = partyRecordOf(keys);
      const record: OperatorRecord = {
        protocol: 'tacit/1',
        index,
        operator: `Operator ${index}`,
        account: String(index + 1).repeat(12),
        region: 'eu-central-1',
        signingKey,
        sealingKey,
        outboxTable: 'tacit-outbox',
        engineRole: 'tacit-engine',
        validFrom: '2026-11-01T00:00:00Z',
        validUntil: '2028-01-01T00:00:00Z',
        ...change,
        ...changeOf(index),
      };
      return signOperatorRecord(record, keys.signing);
    }),
  );
  const checked = joinConsortium(records, { allowSharedAccount: true });
  writeFileSync(join(directory, file), JSON.stringify(checked.document));
  return checked;
}
