/** The policy evaluator against the rules of IAM, case by case, and against policies that say too much. */

import { describe, expect, test } from 'vitest';
import { decide, type PolicySet, type Request, type Statement } from '../../../local/rehearsal/policy.ts';

const ROLE = 'arn:aws:iam::111111111111:role/engine';
const PEER = 'arn:aws:iam::222222222222:role/engine';
const TABLE = 'arn:aws:dynamodb:eu-central-1:111111111111:table/outbox';
const KEY = 'arn:aws:kms:eu-central-1:111111111111:key/abc';

const read = (more: Partial<Statement> = {}): Statement => ({
  Effect: 'Allow',
  Action: 'dynamodb:GetItem',
  Resource: TABLE,
  ...more,
});

function world(identity: readonly Statement[], resource: readonly Statement[], arn = TABLE): PolicySet {
  return {
    identity: new Map([ROLE, PEER].map((role) => [role, identity])),
    resource: new Map([[arn, resource]]),
  };
}

const own: Request = { principal: ROLE, action: 'dynamodb:GetItem', resource: TABLE };
const foreign: Request = { ...own, principal: PEER };
const account = (id: string) => ({ AWS: `arn:aws:iam::${id}:root` });

describe('within an account', () => {
  test('either policy suffices, where the resource names the role', () => {
    expect(decide(world([], []), own)).toBe('not allowed by its identity');
    expect(decide(world([read()], []), own)).toBe('allowed');
    expect(decide(world([], [read({ Principal: { AWS: ROLE } })]), own)).toBe('allowed');
  });

  test('a resource that names the account leaves it to the identity', () => {
    const resource = [read({ Principal: account('111111111111') })];
    expect(decide(world([], resource), own)).toBe('not allowed by its identity');
    expect(decide(world([read()], resource), own)).toBe('allowed');
  });

  test('a key is used with the consent of its policy alone', () => {
    const decrypt: Request = { principal: ROLE, action: 'kms:Decrypt', resource: KEY };
    const allow: Statement = { Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' };
    expect(decide(world([allow], [], KEY), decrypt)).toBe('not allowed by the resource');
    const delegating = [{ ...allow, Principal: account('111111111111') }];
    expect(decide(world([allow], delegating, KEY), decrypt)).toBe('allowed');
    expect(decide(world([], delegating, KEY), decrypt)).toBe('not allowed by its identity');
  });
});

describe('a role', () => {
  const role = 'arn:aws:iam::111111111111:role/vault';
  const assume: Request = { principal: ROLE, action: 'sts:AssumeRole', resource: role };
  const allow: Statement = { Effect: 'Allow', Action: 'sts:AssumeRole' };

  test('is assumed with the consent of its trust policy alone, which may name whoever may', () => {
    expect(decide(world([allow], [], role), assume)).toBe('not allowed by the resource');
    const trusting = [{ ...allow, Principal: { AWS: ROLE } }];
    expect(decide(world([], trusting, role), assume)).toBe('allowed');
    expect(decide(world([allow], trusting, role), { ...assume, principal: `${ROLE}2` })).not.toBe('allowed');
  });

  test('of another account is assumed with the consent of both', () => {
    const trusting = [{ ...allow, Principal: { AWS: PEER } }];
    const foreigner = { ...assume, principal: PEER };
    expect(decide(world([], trusting, role), foreigner)).toBe('not allowed by its identity');
    expect(decide(world([allow], trusting, role), foreigner)).toBe('allowed');
  });
});

describe('across accounts', () => {
  test('both must allow', () => {
    const resource = [read({ Principal: account('222222222222') })];
    expect(decide(world([read()], resource), foreign)).toBe('allowed');
    expect(decide(world([read()], []), foreign)).toBe('not allowed by the resource');
    expect(decide(world([], resource), foreign)).toBe('not allowed by its identity');
    expect(decide(world([read()], [read({ Principal: account('333333333333') })]), foreign)).toBe(
      'not allowed by the resource',
    );
  });

  test('a condition on the role narrows the account to it', () => {
    const resource = [
      read({ Principal: account('222222222222'), Condition: { ArnEquals: { 'aws:PrincipalArn': [PEER] } } }),
    ];
    expect(decide(world([read()], resource), foreign)).toBe('allowed');
    const other = { ...foreign, principal: 'arn:aws:iam::222222222222:role/other' };
    const identity = new Map([[other.principal, [read()]]]);
    expect(decide({ ...world([], resource), identity }, other)).toBe('not allowed by the resource');
  });
});

describe('a denial', () => {
  test('wins over any permission, on either side', () => {
    const deny = read({ Effect: 'Deny' });
    expect(decide(world([read(), deny], []), own)).toBe('denied');
    expect(decide(world([read()], [{ ...deny, Principal: '*' }]), own)).toBe('denied');
    expect(decide(world([read()], [{ ...deny, Principal: { AWS: '*' } }]), own)).toBe('denied');
  });

  test('with an exception for one role leaves that role alone', () => {
    const deny = read({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': ROLE } },
    });
    expect(decide(world([read()], [deny]), own)).toBe('allowed');
    expect(decide(world([read()], [deny]), foreign)).toBe('denied');
  });
});

describe('a statement', () => {
  test.each<readonly [Partial<Statement>, boolean]>([
    [{ Action: 'dynamodb:*' }, true],
    [{ Action: 'DYNAMODB:getitem' }, true],
    [{ Action: 'dynamodb:Get????' }, true],
    [{ Action: 'dynamodb:GetIte' }, false],
    [{ Action: ['dynamodb:Query', 'dynamodb:Scan'] }, false],
    [{ Resource: 'arn:aws:dynamodb:*:111111111111:table/*' }, true],
    [{ Resource: 'arn:aws:dynamodb:*:111111111111:table/out' }, false],
    [{ Resource: `${TABLE}.` }, false],
    [{ Condition: { StringEquals: { 'kms:ViaService': 'x' } } }, false],
    [{ Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, false],
    [{ Condition: { StringLike: { tag: 'a*' } } }, true],
    [{ Condition: { 'ForAnyValue:StringEquals': { aliases: ['alias/b'] } } }, true],
    [{ Condition: { 'ForAnyValue:StringEquals': { aliases: ['alias/c'] } } }, false],
    [{ Condition: { 'ForAnyValue:StringEquals': { nothing: ['alias/c'] } } }, false],
    [{ Condition: { 'ForAllValues:StringEquals': { aliases: ['alias/a', 'alias/b', 'alias/c'] } } }, true],
    [{ Condition: { 'ForAllValues:StringEquals': { aliases: ['alias/a', 'alias/c'] } } }, false],
    [{ Condition: { 'ForAllValues:StringEquals': { nothing: ['alias/c'] } } }, true],
  ])('%j applies: %s', (more, applies) => {
    const request = { ...own, context: { tag: 'abc', aliases: ['alias/a', 'alias/b'] } };
    expect(decide(world([read(more)], []), request) === 'allowed').toBe(applies);
  });

  test('with a condition that is not understood is an error', () => {
    const odd = read({ Condition: { StringNotEqualsIgnoreCase: { a: 'b' } } });
    expect(() => decide(world([odd], []), own)).toThrow('StringNotEqualsIgnoreCase is not understood');
  });
});
