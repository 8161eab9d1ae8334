/**
 * Whole auctions through what the synthesised templates declare, bundles included; and templates that lack something,
 * each of which fails where it would on AWS.
 */

import { createSecretKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckedTender } from '../../../auction/tender.ts';
import { systemClock } from '../../../functions/system-clock.ts';
import type { Rehearsal } from '../../../local/rehearsal/rehearsal.ts';
import type { StackTemplate } from '../../../local/rehearsal/template.ts';
import { VaultClient } from '../../../local/vault-client.ts';
import { createVault } from '../../../oram/open-vault.ts';
import { chooseParameters, valueBytes } from '../../../oram/parameters.ts';
import { createDynamodbStore } from '../../../oram/stores/dynamodb.ts';
import { newSigner, random, text } from '../../functions/vault-requests.ts';
import {
  type DeployedConsortium,
  DeployedWorld,
  rehearse,
  synthesiseConsortium,
  type Template,
} from './deployed-world.ts';

const SYNTHESIS_TIMEOUT_MS = 180_000;
const AUCTION_TIMEOUT_MS = 240_000;

/** More than one at each party at the same time; `bench/closing-together.ts` takes as many as it is told. */
const TENDERS_AT_ONCE = 4;

const VAULT = 'suppliers';
const requester = newSigner();

let consortium: DeployedConsortium;

beforeAll(async () => {
  const access = [{ vault: VAULT, requester: requester.publicKey, rights: 'write' }];
  consortium = await synthesiseConsortium({ vault: { access } });
}, SYNTHESIS_TIMEOUT_MS);

afterAll(() => consortium?.dispose());

async function withRehearsal<Value>(
  assembly: string,
  use: (world: DeployedWorld, rehearsal: Rehearsal) => Promise<Value>,
): Promise<Value> {
  const rehearsal = await rehearse({ assembly, keys: consortium.keys });
  try {
    return await use(new DeployedWorld(rehearsal, consortium.parties), rehearsal);
  } finally {
    await rehearsal.stop();
  }
}

type Change = (template: Template) => void;

/** Takes the resources of a type whose id starts so, and at least one. */
function some({ Resources }: Template, type: string, prefix: string) {
  const found = Object.entries(Resources).filter(([id, { Type }]) => Type === type && id.startsWith(prefix));
  expect(found.length, `${type} ${prefix}`).toBeGreaterThan(0);
  return found;
}

const without =
  (type: string, prefix: string): Change =>
  (template) => {
    for (const [id] of some(template, type, prefix)) delete template.Resources[id];
  };

const withoutVariable =
  (prefix: string, variable: string): Change =>
  (template) => {
    for (const [, { Properties }] of some(template, 'AWS::Lambda::Function', prefix)) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      expect(Variables).toHaveProperty(variable);
      delete Variables[variable];
    }
  };

interface Statements {
  Statement: { Action: string | string[] }[];
}

/** Takes one action out of the identity policies of a role, or out of the outbox's resource policy. */
const withoutAction =
  (type: string, prefix: string, action: string): Change =>
  (template) => {
    let taken = 0;
    for (const [, { Properties }] of some(template, type, prefix)) {
      const holder = (Properties['ResourcePolicy'] ?? Properties) as Record<string, Statements>;
      const policy = holder['PolicyDocument'] ?? (Properties['KeyPolicy'] as Statements);
      policy.Statement = policy.Statement.flatMap((statement) => {
        const actions = [statement.Action].flat();
        if (!actions.includes(action)) return statement;
        taken += 1;
        const rest = actions.filter((one) => one !== action);
        return rest.length === 0 ? [] : { ...statement, Action: rest };
      });
    }
    expect(taken, action).toBeGreaterThan(0);
  };

describe('a template that lacks something', () => {
  // Each in party 0 alone; the others are whole.
  const altered = (change: Change) => consortium.altered('TacitParty0', change);

  test.each<readonly [string, Change, RegExp]>([
    [
      'the route to publish at',
      without('AWS::ApiGatewayV2::Route', 'HttpPOSTtenders'),
      /"status":404|Not Found|HTTP 404|404/,
    ],
    [
      'a variable',
      withoutVariable('Functionspublishtender', 'STATE_TABLE'),
      /INTERNAL|CONFIGURATION_INVALID/,
    ],
    ['the table of its state', without('AWS::DynamoDB::Table', 'State'), /nothing is called State/],
    [
      'the permission to write its state',
      withoutAction('AWS::IAM::Policy', 'Functionspublishtender', 'dynamodb:PutItem'),
      /INTERNAL/,
    ],
    [
      'the permission to use the key of its state',
      withoutAction('AWS::IAM::Policy', 'Functionspublishtender', 'kms:Decrypt'),
      /INTERNAL/,
    ],
    [
      'the permission for API Gateway',
      without('AWS::Lambda::Permission', 'HttpPOSTtenderspublishtenderPermission'),
      /500/,
    ],
    [
      'the permission to write its log',
      withoutAction('AWS::IAM::Policy', 'Functionspublishtender', 'logs:PutLogEvents'),
      /logs:PutLogEvents/,
    ],
    [
      'a bundle',
      (template) => {
        for (const [, { Properties }] of some(template, 'AWS::Lambda::Function', 'Functionsshowtender')) {
          Properties['Code'] = { S3Key: 'gone.zip' };
        }
      },
      /the assembly has no .*asset\.gone/,
    ],
  ])(
    'fails for want of %s',
    async (_what, change, sign) => {
      const failed = withRehearsal(altered(change), (world) => world.publish()).then(
        () => 'it went through',
        (error: unknown) => String(error),
      );
      expect(await failed).toMatch(sign);
    },
    AUCTION_TIMEOUT_MS,
  );
});

describe('a clearing that lacks something', () => {
  const altered = (change: Change) => consortium.altered('TacitParty0', change);

  test.each<readonly [string, Change, RegExp]>([
    [
      "the peers in the outbox's policy",
      withoutAction('AWS::DynamoDB::Table', 'Outbox', 'dynamodb:GetItem'),
      /222222222222:role\/tacit-engine dynamodb:GetItem .*111111111111:table\/tacit-outbox: not allowed by the resource/,
    ],
    [
      "the peers in the policy of the outbox's key",
      withoutAction('AWS::KMS::Key', 'OutboxEncryption', 'kms:Decrypt'),
      /333333333333:role\/tacit-engine dynamodb:GetItem .*111111111111:table\/tacit-outbox: not allowed by the resource/,
    ],
    [
      'the permission to be started',
      withoutAction('AWS::IAM::Policy', 'Functionsclosetender', 'lambda:InvokeFunction'),
      /lambda:InvokeFunction .*Functionscleartender.*: not allowed by its identity/,
    ],
    [
      'the permission to read its keys',
      withoutAction('AWS::IAM::Policy', 'Functionscleartender', 'secretsmanager:GetSecretValue'),
      /tacit-engine secretsmanager:GetSecretValue .*: not allowed by its identity/,
    ],
  ])(
    'is refused for want of %s',
    (_what, change, sign) =>
      withRehearsal(altered(change), async (world, { refused }) => {
        const tender = await world.publish();
        expect(refused).toEqual([]);
        await world.close(tender);
        await expect.poll(() => refused.join('\n'), { timeout: 60_000 }).toMatch(sign);
      }),
    AUCTION_TIMEOUT_MS,
  );
});

describe('what would be deployed', () => {
  test(
    'takes bids and clears, on a close order and at a deadline, without asking for more than it may',
    () =>
      withRehearsal(consortium.assembly, async (world, rehearsal) => {
        const ordered = await world.publish();
        expect((await world.bid(ordered, 'Cairn', '120000.00')).receipts).toHaveLength(3);
        expect((await world.bid(ordered, 'Jessop', '119000.00')).receipts).toHaveLength(3);
        expect(await world.close(ordered)).toEqual([]);
        const outcome = await world.outcome(ordered, 60_000);
        expect(outcome.statement.lots).toMatchObject([{ winner: 'Jessop' }]);

        // Long enough for a bid on a busy machine; every function is warm by now.
        const closesAt = new Date(Date.now() + 8_000).toISOString();
        const timed = await world.publish({ closesAt });
        await world.bid(timed, 'Northmoor', '7000.00');
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, Date.parse(closesAt) - Date.now())));
        // As on AWS: starts arrive from several sides, and more than once.
        await Promise.all([rehearsal.tick(), rehearsal.tick()]);
        await rehearsal.tick();
        const second = await world.outcome(timed, 60_000);
        expect(second.statement.lots).toMatchObject([{ winner: 'Northmoor' }]);

        expect(rehearsal.refused).toEqual([]);
        expect(rehearsal.deadLetters).toEqual([]);
      }),
    AUCTION_TIMEOUT_MS,
  );

  test.runIf(process.env['TACIT_SLOW'] === '1')(
    'clears tenders that are closed at the same time, with one outcome each',
    () =>
      withRehearsal(consortium.assembly, async (world, rehearsal) => {
        const tenders: CheckedTender[] = [];
        for (let index = 0; index < TENDERS_AT_ONCE; index++) {
          const tender = await world.publish();
          await world.bid(tender, 'Cairn', '120000.00');
          tenders.push(tender);
        }
        // Clearings take longer than this, so they run at the same time.
        for (const tender of tenders) await world.close(tender);
        // Every clearing is started by its order and by two sweeps.
        await Promise.all([rehearsal.tick(), rehearsal.tick()]);
        for (const tender of tenders) {
          const { statement, signatures } = await world.outcome(tender, 60_000);
          expect(statement.lots).toMatchObject([{ winner: 'Cairn' }]);
          expect(signatures).toHaveLength(3);
        }
        await rehearsal.tick();
        for (const [name, lines] of rehearsal.logs) {
          if (!name.includes('cleartender')) continue;
          const cleared = lines.filter((line) => line.includes('"a tender was cleared"'));
          const ids = cleared.map((line) => (JSON.parse(line) as { tenderId: string }).tenderId);
          // A start that comes late finds the outcome, says so again and computes nothing.
          expect(new Set(ids)).toEqual(new Set(tenders.map(({ id }) => id)));
        }
        expect(rehearsal.deadLetters).toEqual([]);
      }),
    AUCTION_TIMEOUT_MS,
  );

  test(
    'serves a vault to whom its access list names, and to nobody else',
    async () => {
      const key = random(32);
      const rehearsal = await rehearse(
        { ...consortium },
        { [VAULT]: Buffer.from(key).toString('base64url') },
      );
      try {
        const [stack] = rehearsal.stacks as [StackTemplate];
        const client = rehearsal.operatorClient(stack);
        const tableOf = (prefix: string) => {
          const found = stack.resources.find(
            ({ type, logicalId }) => type === 'AWS::DynamoDB::Table' && logicalId.startsWith(prefix),
          );
          return createDynamodbStore({ client, tableName: found?.reference ?? '', clock: systemClock });
        };
        const parameters = chooseParameters({ records: 32, blockBytes: 64, layout: 'tree' });
        const made = await createVault(
          {
            name: VAULT,
            key: createSecretKey(key),
            tree: tableOf('VaultTree'),
            state: tableOf('VaultClientState'),
            clock: systemClock,
            random,
          },
          parameters,
        );
        await made.close();
        client.destroy();
        const facts = {
          url: rehearsal.urls[0] ?? '',
          vault: VAULT,
          party: consortium.parties[0].signingKey,
          valueBytes: valueBytes(parameters),
        };
        const vault = new VaultClient({ ...facts, requester });
        await vault.put('NL-12266401', text('checked'));
        expect(await vault.get('NL-12266401')).toEqual(text('checked'));
        expect(await vault.has('NL-1')).toBe(false);
        expect(await vault.delete('NL-12266401')).toBe(true);
        const stranger = new VaultClient({ ...facts, requester: newSigner() });
        await expect(stranger.get('NL-12266401')).rejects.toThrow('VAULT_REQUESTER_UNKNOWN');
        expect(rehearsal.refused).toEqual([]);
      } finally {
        await rehearsal.stop();
      }
    },
    AUCTION_TIMEOUT_MS,
  );
});
