/**
 * Who may do what across the three accounts, decided from the synthesised policies for every role, resource and action
 * there is: a peer reads the outbox and nothing else, and writes nothing anywhere.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DUE_PARTITION } from '../../auction/party/dynamodb.ts';
import { Permissions } from '../../local/rehearsal/permissions.ts';
import { accountOf } from '../../local/rehearsal/policy.ts';
import type { Resource, StackTemplate } from '../../local/rehearsal/template.ts';
import { ACTIONS } from './actions.ts';
import { type Synthesis, synthesise } from './synthesis.ts';

let synthesis: Synthesis;
let permissions: Permissions;

beforeAll(() => {
  synthesis = synthesise({ vault: { access: [] } });
  permissions = new Permissions(synthesis.stacks);
});

afterAll(() => synthesis?.dispose());

const isOf = (type: string) => (resource: Resource) => resource.type === type;

/** `party 1: engine` and the like, for readable expectations. */
function nameOf(arn: string): string {
  const party = synthesis.stacks.findIndex(({ account }) => account === accountOf(arn));
  const name = arn.split('/').at(-1) ?? '';
  const own = /-Functions(.+?)Role[0-9A-F]{8}$/.exec(name)?.[1] ?? name.replace(/^TacitParty\d-/, '');
  return `party ${party}: ${own.replace(/^tacit-/, '').replace(/[0-9A-F]{8}$/, '')}`;
}

function outboxOf({ account, region }: StackTemplate): string {
  return `arn:aws:dynamodb:${region}:${account}:table/tacit-outbox`;
}

function arnOf(stack: StackTemplate, type: string, logicalId: RegExp): string {
  const [found, ...others] = stack.resources.filter(
    (one) => one.type === type && logicalId.test(one.logicalId),
  );
  expect(others).toEqual([]);
  return found?.arn ?? '';
}

describe('across accounts', () => {
  test('the engine of each peer may get and query the outbox, and that is all there is', () => {
    const allowed: string[] = [];
    let asked = 0;
    for (const owner of synthesis.stacks) {
      for (const role of permissions.roles.filter((arn) => accountOf(arn) !== owner.account)) {
        for (const { type, arn } of owner.resources) {
          if (arn === undefined) continue;
          for (const action of ACTIONS[type] ?? []) {
            asked += 1;
            if (permissions.call(role, action, arn) === 'allowed') {
              allowed.push(`${nameOf(role)} ${action} ${nameOf(arn)}`);
            }
          }
        }
      }
    }
    const expected = [0, 1, 2].flatMap((owner) =>
      [0, 1, 2]
        .filter((peer) => peer !== owner)
        .flatMap((peer) =>
          ['dynamodb:GetItem', 'dynamodb:Query'].map(
            (action) => `party ${peer}: engine ${action} party ${owner}: outbox`,
          ),
        ),
    );
    expect(allowed.sort()).toEqual(expected.sort());
    expect(asked).toBeGreaterThan(5_000);
  });

  test('the policies of outbox and key name the engine roles of the two peers, and no other role of theirs', () => {
    for (const owner of synthesis.stacks) {
      const engines = synthesis.stacks
        .filter((one) => one !== owner)
        .map(({ account }) => `arn:aws:iam::${account}:role/tacit-engine`);
      const outbox = owner.resources.find(({ arn }) => arn === outboxOf(owner));
      const key = owner.resources.find(({ arn }) => arn === permissions.keyOf(outboxOf(owner)));
      for (const policy of [outbox?.properties['ResourcePolicy'], key?.properties['KeyPolicy']]) {
        const roles = JSON.stringify(policy).match(/arn:aws:iam::\d{12}:role\/[^"]+/g) ?? [];
        const ofPeers = roles.filter((role) => accountOf(role) !== owner.account);
        expect([...new Set(ofPeers)].sort()).toEqual(engines.sort());
      }
    }
  });

  test('nothing that is reached over HTTP runs under a role that reads an outbox of a peer', () => {
    for (const { account, resources } of synthesis.stacks) {
      const outboxes = synthesis.stacks.filter((one) => one.account !== account).map(outboxOf);
      const reading = resources
        .filter(isOf('AWS::Lambda::Function'))
        .filter(({ properties }) =>
          outboxes.some(
            (outbox) =>
              permissions.call(String(properties['Role']), 'dynamodb:GetItem', outbox) === 'allowed',
          ),
        );
      expect(reading.map(({ logicalId }) => logicalId.replace(/Function[0-9A-F]{8}$/, '')).sort()).toEqual([
        'Functionscleartender',
        'Functionswatchpeers',
      ]);
      const routed = JSON.stringify(
        resources
          .filter(({ type }) => type === 'AWS::Lambda::Permission' || type.startsWith('AWS::ApiGatewayV2::'))
          .map(({ properties }) => properties),
      );
      for (const { arn } of reading) expect(routed).not.toContain(arn);
      expect(routed).toContain('Functionsshowoutcome');
    }
  });

  test("the outbox's key decrypts for a peer through DynamoDB, for this table, and in no other way", () => {
    const [owner, peer] = synthesis.stacks as [StackTemplate, StackTemplate];
    const key = permissions.keyOf(outboxOf(owner)) ?? '';
    const engine = `arn:aws:iam::${peer.account}:role/tacit-engine`;
    const context = {
      'kms:ViaService': `dynamodb.${owner.region}.amazonaws.com`,
      'kms:ResourceAliases': ['alias/tacit-outbox'],
      'kms:EncryptionContext:aws:dynamodb:tableName': 'tacit-outbox',
    };
    const decrypt = (
      changed: Record<string, string | readonly string[]>,
      action = 'kms:Decrypt',
      principal = engine,
    ) => permissions.decide({ principal, action, resource: key, context: { ...context, ...changed } });
    expect(decrypt({})).toBe('allowed');
    expect(decrypt({ 'kms:ViaService': '' })).not.toBe('allowed');
    expect(decrypt({ 'kms:ViaService': 's3.eu-central-1.amazonaws.com' })).not.toBe('allowed');
    expect(decrypt({ 'kms:EncryptionContext:aws:dynamodb:tableName': 'TacitParty0-State' })).not.toBe(
      'allowed',
    );
    expect(decrypt({ 'kms:ResourceAliases': ['alias/other'] })).not.toBe('allowed');
    expect(decrypt({}, 'kms:GenerateDataKey')).not.toBe('allowed');
    expect(decrypt({}, 'kms:Decrypt', `arn:aws:iam::${peer.account}:role/another`)).not.toBe('allowed');
  });

  test('whatever a peer grants its own roles, no more of this account opens to them', () => {
    const [owner, peer] = synthesis.stacks as [StackTemplate, StackTemplate];
    const engine = `arn:aws:iam::${peer.account}:role/tacit-engine`;
    const greedy = new Permissions([...synthesis.stacks, withEverything(peer, 'tacit-engine')]);
    const outbox = outboxOf(owner);
    for (const { type, arn } of owner.resources) {
      if (arn === undefined) continue;
      for (const action of ACTIONS[type] ?? []) {
        const reads = arn === outbox && ['dynamodb:GetItem', 'dynamodb:Query'].includes(action);
        expect([action, nameOf(arn), greedy.call(engine, action, arn) === 'allowed']).toEqual([
          action,
          nameOf(arn),
          reads,
        ]);
      }
    }
  });
});

describe('within an account', () => {
  test('nobody but the engine posts, administrators included, and nobody changes what was posted', () => {
    const [owner] = synthesis.stacks as [StackTemplate];
    const outbox = outboxOf(owner);
    const world = new Permissions([...synthesis.stacks, withEverything(owner, 'administrator')]);
    const administrator = `arn:aws:iam::${owner.account}:role/administrator`;
    expect(world.decide({ principal: administrator, action: 'dynamodb:PutItem', resource: outbox })).toBe(
      'denied',
    );
    const engine = `arn:aws:iam::${owner.account}:role/tacit-engine`;
    expect(world.call(engine, 'dynamodb:PutItem', outbox)).toBe('allowed');
    for (const action of ['dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem']) {
      expect(world.decide({ principal: administrator, action, resource: outbox })).toBe('denied');
      expect(world.decide({ principal: engine, action, resource: outbox })).toBe('denied');
    }
  });

  test.each([0, 1, 2])(
    'each function of party %d may make the calls that it makes, and no other',
    (party) => {
      const stack = synthesis.stacks[party]!;
      const resources = {
        state: arnOf(stack, 'AWS::DynamoDB::Table', /^State/),
        outbox: outboxOf(stack),
        keys: arnOf(stack, 'AWS::SecretsManager::Secret', /^KeysSecret/),
        clearing: arnOf(stack, 'AWS::Lambda::Function', /^Functionscleartender/),
        deadLetters: arnOf(stack, 'AWS::SQS::Queue', /./),
        vaultState: arnOf(stack, 'AWS::DynamoDB::Table', /^VaultClientState/),
        vaultTree: arnOf(stack, 'AWS::DynamoDB::Table', /^VaultTree/),
        vaultKeys: arnOf(stack, 'AWS::SecretsManager::Secret', /^VaultKeys/),
      };
      const matrix: Record<string, string[]> = {};
      for (const role of permissions.roles.filter((arn) => accountOf(arn) === stack.account)) {
        const line: string[] = [];
        for (const [name, arn] of Object.entries(resources)) {
          const { type } = stack.resources.find((one) => one.arn === arn)!;
          for (const action of ACTIONS[type] ?? []) {
            const mayWithItemsOf = (partition: string) =>
              permissions.call(role, action, arn, partition) === 'allowed';
            if (mayWithItemsOf('a tender')) line.push(`${action.split(':')[1]} ${name}`);
            else if (mayWithItemsOf(DUE_PARTITION))
              line.push(`${action.split(':')[1]} what is due in ${name}`);
          }
        }
        matrix[nameOf(role).replace(/^party \d: /, '')] = line.sort();
      }
      const store = (name: string) => [`BatchGetItem ${name}`, `BatchWriteItem ${name}`, `PutItem ${name}`];
      expect(matrix).toEqual({
        engine: [
          'GetItem outbox',
          'GetItem state',
          'GetSecretValue keys',
          'PutItem outbox',
          'PutItem state',
          'Query outbox',
          'Query state',
          'SendMessage deadLetters',
          'UpdateItem state',
        ],
        'engine-vault': [...store('vaultState'), ...store('vaultTree'), 'GetSecretValue vaultKeys'].sort(),
        sweeptenders: [
          'DeleteItem what is due in state',
          'GetItem state',
          'InvokeFunction clearing',
          'PutItem what is due in state',
          'Query state',
        ],
        partyinfo: [],
        showopenapi: [],
        publishtender: ['GetItem state', 'InvokeFunction clearing', 'PutItem state'],
        listtenders: ['Query state'],
        showtender: ['GetItem state'],
        showoutcome: ['GetItem state'],
        partystatus: ['GetItem state'],
        closetender: ['GetItem state', 'InvokeFunction clearing', 'PutItem state'],
        submitbid: ['GetItem outbox', 'GetItem state', 'GetSecretValue keys', 'PutItem state', 'Query state'],
        SweepRole: ['SendMessage deadLetters'],
        WatchRole: ['SendMessage deadLetters'],
      });
    },
  );

  test('each schedule invokes its function, API Gateway its functions, and none anything else', () => {
    for (const stack of synthesis.stacks) {
      const invoked = (principal: string, context: Record<string, string> = {}) =>
        stack.resources.filter(
          ({ type, arn }) =>
            type === 'AWS::Lambda::Function' &&
            arn !== undefined &&
            permissions.decide({ principal, action: 'lambda:InvokeFunction', resource: arn, context }) ===
              'allowed',
        );
      for (const [name, target] of [
        ['-SweepRole', /^Functionssweeptenders/],
        ['-WatchRole', /^Functionswatchpeers/],
      ] as const) {
        const schedule = permissions.roles.find(
          (arn) => arn.startsWith(`arn:aws:iam::${stack.account}:role/TacitParty`) && arn.includes(name),
        )!;
        expect(invoked(schedule).map(({ logicalId }) => logicalId)).toEqual([expect.stringMatching(target)]);
      }
      const [api] = stack.resources.filter(isOf('AWS::ApiGatewayV2::Api'));
      const call = `arn:aws:execute-api:${stack.region}:${stack.account}:${api?.reference}/$default/POST/tenders`;
      expect(
        invoked('apigateway.amazonaws.com', { 'aws:SourceArn': call })
          .map(({ logicalId }) => logicalId.replace(/Function[0-9A-F]{8}$/, ''))
          .sort(),
      ).toEqual(['Functionslisttenders', 'Functionspublishtender']);
      expect(
        invoked('apigateway.amazonaws.com', { 'aws:SourceArn': call.replace(stack.account, '999999999999') }),
      ).toEqual([]);
    }
  });
});

describe('a tree of vaults in another account', () => {
  test('is read and written by the vault roles it was made for, each its own, and by nobody else', () => {
    const elsewhere = synthesise({
      vault: { access: [], treeOwner: { account: '444444444444', region: 'eu-north-1' } },
    });
    try {
      const world = new Permissions(elsewhere.stacks);
      const trees = elsewhere.stacks.at(-1)!;
      expect(trees.account).toBe('444444444444');
      const allowed: string[] = [];
      for (const role of world.roles) {
        for (const { arn } of trees.resources.filter(isOf('AWS::DynamoDB::Table'))) {
          for (const action of ACTIONS['AWS::DynamoDB::Table'] ?? []) {
            if (world.call(role, action, arn ?? '') === 'allowed') {
              allowed.push(
                `${accountOf(role)} ${role.split('/')[1]} ${action.split(':')[1]} ${arn?.split('/')[1]}`,
              );
            }
          }
        }
      }
      const expected = ['111111111111', '222222222222', '333333333333'].flatMap((account, party) =>
        ['BatchGetItem', 'BatchWriteItem', 'PutItem'].map(
          (action) => `${account} tacit-engine-vault ${action} tacit-outbox-tree-${party}`,
        ),
      );
      expect(allowed.sort()).toEqual(expected.sort());
    } finally {
      elsewhere.dispose();
    }
  });
});

describe("the administrators of a party's vaults", () => {
  const anna = (account: string) => `arn:aws:iam::${account}:user/anna`;

  test("and nobody else may act as the vault's role, which nobody in another account ever may", () => {
    const administered = synthesise({
      vault: { access: [], administrators: [anna('111111111111'), anna('222222222222')] },
    });
    try {
      const [own, peer] = administered.stacks as [StackTemplate, StackTemplate];
      // Whatever else their accounts allow them.
      const everybody = [own, peer].map((stack) => withEverything(stack, 'administrator'));
      const world = new Permissions([...administered.stacks, ...everybody]);
      const asking = [
        ...world.roles,
        ...['lambda.amazonaws.com', 'scheduler.amazonaws.com', 'apigateway.amazonaws.com'],
        ...[anna('111111111111'), anna('222222222222'), 'arn:aws:iam::111111111111:user/anna2'],
      ];
      const assumed: string[] = [];
      for (const principal of asking) {
        for (const resource of world.roles) {
          const decision = world.decide({ principal, action: 'sts:AssumeRole', resource });
          if (decision === 'allowed' && principal !== 'lambda.amazonaws.com')
            assumed.push(`${principal} ${resource}`);
        }
      }
      expect(assumed).toEqual(
        ['111111111111', '222222222222'].map(
          (account) => `${anna(account)} arn:aws:iam::${account}:role/tacit-engine-vault`,
        ),
      );
    } finally {
      administered.dispose();
    }
  });
});

describe('every statement', () => {
  test('that allows names its actions', () => {
    for (const action of everyValueOf('Action')) expect(action).not.toContain('*');
  });

  test('names its resources, but for keys that other accounts have yet to make', () => {
    const wild = new Set(everyValueOf('Resource').filter((resource) => resource.includes('*')));
    for (const resource of wild) {
      // In a key's own policy, `*` is the key; a log group's ARN ends in `:*` for its streams.
      expect(resource).toMatch(
        /^(\*|arn:aws:kms:[a-z0-9-]+:\d{12}:key\/\*|arn:aws:logs:.+:log-group:[^*]+:\*)$/,
      );
    }
    // X-Ray knows no resources. Two actions that write traces, by functions alone, and none that reads any.
    const everywhere = synthesis.stacks
      .flatMap(({ resources }) => resources.filter(isOf('AWS::IAM::Policy')))
      .flatMap(({ logicalId, properties }) => {
        const { Statement } = properties['PolicyDocument'] as { Statement: Record<string, unknown>[] };
        return Statement.filter(({ Resource }) => [Resource].flat().includes('*')).map(({ Action }) => [
          logicalId.startsWith('Functions'),
          Action,
        ]);
      });
    const sending = [true, ['xray:PutTelemetryRecords', 'xray:PutTraceSegments']];
    expect(everywhere.length).toBe(2 * 3);
    for (const granted of everywhere) expect(granted).toEqual(sending);
  });

  test('of trust is for one service', () => {
    for (const { resources } of synthesis.stacks) {
      for (const { properties } of resources.filter(isOf('AWS::IAM::Role'))) {
        expect(properties['AssumeRolePolicyDocument']).toMatchObject({
          Statement: [
            {
              Action: 'sts:AssumeRole',
              Principal: { Service: expect.stringMatching(/^(lambda|scheduler)\.amazonaws\.com$/) },
            },
          ],
        });
      }
    }
  });
});

/** Every text under a key anywhere in the templates, but for statements that deny. */
function everyValueOf(key: string): readonly string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('Effect' in value && value.Effect === 'Deny') return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === key) found.push(...[inner].flat().filter((text) => typeof text === 'string'));
      else walk(inner);
    }
  };
  for (const { resources } of synthesis.stacks) for (const { properties } of resources) walk(properties);
  expect(found.length).toBeGreaterThan(50);
  return found;
}

/** A role of the account that may do everything, as far as its own account can say so. */
function withEverything({ account, region }: StackTemplate, role: string): StackTemplate {
  const properties = {
    Roles: [role],
    PolicyDocument: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
  };
  return {
    name: 'Everything',
    account,
    region,
    outputs: {},
    resources: [
      {
        type: 'AWS::IAM::Policy',
        logicalId: 'Everything',
        properties,
        arn: undefined,
        reference: 'Everything',
        deletionPolicy: undefined,
      },
    ],
  };
}
