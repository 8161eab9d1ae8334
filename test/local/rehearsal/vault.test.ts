/**
 * Vaults through what the templates declare: made and loaded by their operator, who acts as the role that serves them,
 * with the command line of the product, and asked over HTTP. One has its tree in tables of its own account, the other in a
 * fourth account, where either side can take its permission away.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Rehearsal } from '../../../local/rehearsal/rehearsal.ts';
import type { StackTemplate } from '../../../local/rehearsal/template.ts';
import { VaultClient } from '../../../local/vault-client.ts';
import type { PartyIndex } from '../../../mpc/party.ts';
import { chooseParameters, valueBytes } from '../../../oram/parameters.ts';
import { tacit } from '../../cli/run.ts';
import { newSigner, text } from '../../functions/vault-requests.ts';
import { without, withoutAction } from './alterations.ts';
import type { Change, DeployedConsortium } from './consortium-assembly.ts';
import { rehearse } from './deployed-world.ts';
import { stopSharedDynamodb } from './engine.ts';
import { TREE_OWNER, threeOperators, VAULT, VAULTS_TO_BREAK } from './three-operators.ts';

const SYNTHESIS_TIMEOUT_MS = 180_000;
const TIMEOUT_MS = 120_000;

const SIZES = { records: 32, blockBytes: 64, layout: 'tree' } as const;

let consortium: DeployedConsortium;
let rehearsal: Rehearsal;
let directory: string;

beforeAll(async () => {
  consortium = await threeOperators();
  rehearsal = await rehearse(consortium);
  directory = mkdtempSync(join(tmpdir(), 'tacit-vaults-'));
}, SYNTHESIS_TIMEOUT_MS);

afterAll(async () => {
  await rehearsal?.stop();
  await stopSharedDynamodb();
  consortium?.dispose();
  rmSync(directory, { recursive: true, force: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function stackOf(party: PartyIndex): StackTemplate {
  return rehearsal.stacks.find(({ name }) => name === `TacitParty${party}`)!;
}

/** As docs/deploy.md has it: a profile for the operator's own credentials, and one that assumes the vault's role with them. */
function actAsOperator(party: PartyIndex, roleOf: PartyIndex = party): void {
  const environment = rehearsal.operatorEnvironment(stackOf(party));
  const config = join(directory, `config-${party}-${roleOf}`);
  writeFileSync(
    config,
    [
      '[profile operator]',
      `aws_access_key_id = ${environment['AWS_ACCESS_KEY_ID']}`,
      `aws_secret_access_key = ${environment['AWS_SECRET_ACCESS_KEY']}`,
      `region = ${environment['AWS_REGION']}`,
      '[profile vault]',
      `role_arn = arn:aws:iam::${stackOf(roleOf).account}:role/tacit-engine-vault`,
      'source_profile = operator',
      `region = ${environment['AWS_REGION']}`,
    ].join('\n'),
  );
  for (const [name, value] of Object.entries(environment)) {
    vi.stubEnv(name, name.startsWith('AWS_ENDPOINT_URL') ? value : undefined);
  }
  vi.stubEnv('AWS_CONFIG_FILE', config);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'none'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
}

/** With the names that the deployment told its operator. */
function vaultCommand(party: PartyIndex, command: string, vault: string, ...args: readonly string[]) {
  const { VaultTreeTable: tree = '', VaultStateTable: state = '' } = stackOf(party).outputs;
  return tacit(
    ...['vault', command, vault, ...args, '--tree-table', tree, '--state-table', state],
    ...['--tree-profile', 'vault', '--state-profile', 'vault', '--key', keyFile(party)],
  );
}

const keyFile = (party: PartyIndex) => join(directory, `vault-keys-${party}.json`);

/** What docs/deploy.md says under "Make the vault". */
async function makeVaults(party: PartyIndex, ...vaults: readonly string[]): Promise<void> {
  actAsOperator(party);
  const { records, blockBytes, layout } = SIZES;
  const sizes = ['--records', `${records}`, '--block', `${blockBytes}`, '--layout', layout];
  for (const vault of vaults) {
    expect(await vaultCommand(party, 'create', vault, ...sizes)).toMatchObject({ code: 0 });
  }
  expect(await vaultCommand(party, 'put', VAULT, 'loaded', 'by its operator')).toMatchObject({ code: 0 });
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_REGION: region = '' } = rehearsal.operatorEnvironment(
    stackOf(party),
  );
  const credentials = { accessKeyId, secretAccessKey: 'rehearsal' };
  const client = new SecretsManagerClient({ credentials, region });
  const secret = { SecretId: stackOf(party).outputs['VaultKeysSecret'] ?? '' };
  await client.send(
    new PutSecretValueCommand({ ...secret, SecretString: readFileSync(keyFile(party), 'utf8') }),
  );
  client.destroy();
}

function clientOf(party: PartyIndex, vault: string = VAULT, requester = consortium.requester): VaultClient {
  return new VaultClient({
    url: rehearsal.urls[party] ?? '',
    vault,
    party: consortium.parties[party].signingKey,
    valueBytes: valueBytes(chooseParameters(SIZES)),
    requester,
  });
}

/** While the templates are changed so; afterwards they are whole again. */
async function failsWith(
  changes: Readonly<Record<string, Change>>,
  vault: string,
  sign: RegExp,
): Promise<void> {
  await rehearsal.deploy(consortium.altered(changes));
  rehearsal.refused.length = 0;
  await expect(clientOf(0, vault).get('loaded')).rejects.toMatchObject({
    status: expect.toBeOneOf([500, 503]),
  });
  expect(rehearsal.refused.join('\n')).toMatch(sign);
  await rehearsal.deploy(consortium.assembly);
  rehearsal.refused.length = 0;
}

async function runWorkload(party: PartyIndex): Promise<void> {
  const vault = clientOf(party);
  expect(await vault.get('loaded')).toEqual(text('by its operator'));
  await vault.put('NL-12266401', text('checked'));
  expect(await vault.get('NL-12266401')).toEqual(text('checked'));
  expect(await vault.has('NL-1')).toBe(false);
  expect(await vault.delete('NL-12266401')).toBe(true);
  await expect(clientOf(party, VAULT, newSigner()).get('loaded')).rejects.toThrow('VAULT_REQUESTER_UNKNOWN');
  expect(rehearsal.refused).toEqual([]);
  expect(rehearsal.failed).toEqual([]);
}

test('a party without vaults has nothing of one', () => {
  expect(stackOf(2).outputs).not.toHaveProperty('VaultTreeTable');
  expect(JSON.stringify(stackOf(2).resources)).not.toMatch(/tacit-engine-vault|AdministratorsOfTheVaults/);
});

test(
  "a vault in the party's own account is made by its administrator and serves its requesters",
  async () => {
    await makeVaults(1, VAULT);
    await runWorkload(1);
  },
  TIMEOUT_MS,
);

describe('a vault whose tree is in the account of somebody else', () => {
  test(
    'is made in both accounts and serves its requesters',
    async () => {
      expect(rehearsal.stacks).toContainEqual(
        expect.objectContaining({ ...TREE_OWNER, name: 'TacitVaultTree' }),
      );
      expect(stackOf(0).outputs['VaultTreeTable']).toContain(
        `${TREE_OWNER.region}:${TREE_OWNER.account}:table/`,
      );
      await makeVaults(0, VAULT, ...VAULTS_TO_BREAK);
      await runWorkload(0);
    },
    TIMEOUT_MS,
  );

  const tree = String.raw`111111111111:role/tacit-engine-vault dynamodb:\w+ .*444444444444:table/tacit-outbox-tree-0`;
  const byOwner = new RegExp(`${tree}: not allowed by the resource`);
  const table = (action: string) => withoutAction('AWS::DynamoDB::Table', 'TreeOfParty0', action);
  test.each<readonly [string, (typeof VAULTS_TO_BREAK)[number], Change, RegExp]>([
    ['to read', 'unread', table('dynamodb:BatchGetItem'), byOwner],
    ['to write', 'unwritten', table('dynamodb:PutItem'), byOwner],
    [
      'to use the key',
      'undecrypted',
      withoutAction('AWS::KMS::Key', 'TreeOfParty0', 'kms:Decrypt', /^TheReader/),
      byOwner,
    ],
    [
      'by the alias of the key, which is all that the reader knows of it',
      'unnamed',
      without('AWS::KMS::Alias', 'TreeOfParty0'),
      new RegExp(`${tree}: not allowed by its identity`),
    ],
  ])(
    "answers nothing without its owner's permission %s",
    async (_what, vault, change, sign) => {
      expect(await clientOf(0, vault).has('anything')).toBe(false);
      await failsWith({ TacitVaultTree: change }, vault, sign);
      if (process.env['TACIT_SLOW'] === '1') expect(await clientOf(0, vault).has('anything')).toBe(false);
    },
    TIMEOUT_MS,
  );

  test.each(['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'kms:Decrypt'])(
    'answers nothing where its reader may not %s, and again where it may',
    async (action) => {
      const change = withoutAction('AWS::IAM::Policy', 'Functionsvaultaccess', action);
      await failsWith({ TacitParty0: change }, VAULT, /tacit-engine-vault .* not allowed by its identity/);
      expect(await clientOf(0).get('loaded')).toEqual(text('by its operator'));
    },
    TIMEOUT_MS,
  );

  test(
    'is out of reach for whoever does not administer it, and for those who did',
    async () => {
      // An operator of another party, with every permission in its own account.
      actAsOperator(1, 0);
      rehearsal.refused.length = 0;
      expect(await vaultCommand(0, 'stats', VAULT)).toMatchObject({ code: 1, stdout: '' });
      expect(rehearsal.refused).toEqual([
        expect.stringMatching(
          /222222222222:\S+ sts:AssumeRole .*111111111111:role\/tacit-engine-vault: not allowed/,
        ),
      ]);
      await rehearsal.deploy(
        consortium.altered({
          TacitParty0: withoutAction(
            'AWS::IAM::Role',
            'Functionsvaultaccess',
            'sts:AssumeRole',
            /^Administrators/,
          ),
        }),
      );
      rehearsal.refused.length = 0;
      actAsOperator(0);
      const refused = await vaultCommand(0, 'stats', VAULT);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^STORE_/);
      expect(rehearsal.refused).toEqual([
        expect.stringMatching(/111111111111:\S+ sts:AssumeRole .*: not allowed by/),
      ]);
    },
    TIMEOUT_MS,
  );
});
