/**
 * Decides whether a principal may do something, from policies as CloudFormation gets them: identity policies, resource
 * policies and key policies, within an account and across.
 *
 * The rules are those of IAM's evaluation logic for what is used here
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html): a denial anywhere wins;
 * within an account a resource policy that names the role suffices, one that names the account leaves it to the identity
 * policy, and so does none, except for keys and for the trust in a role, whose policies must always allow; across
 * accounts both sides must allow. No boundaries, organisation policies or policies of sessions. A condition operator that is not known is an error, since guessing it
 * would make every answer worthless.
 */

import * as z from 'zod/mini';

const oneOrMore = z.union([z.string(), z.array(z.string())]);

const statementSchema = z.object({
  Sid: z.optional(z.string()),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.optional(z.union([z.literal('*'), z.record(z.string(), oneOrMore)])),
  Action: oneOrMore,
  Resource: z.optional(oneOrMore),
  Condition: z.optional(z.record(z.string(), z.record(z.string(), oneOrMore))),
});

export const policyDocumentSchema = z.object({ Statement: z.array(statementSchema) });

export type Statement = z.infer<typeof statementSchema>;

export interface PolicySet {
  /** By ARN of the role. */
  readonly identity: ReadonlyMap<string, readonly Statement[]>;
  /** By ARN of the resource; keys among them. */
  readonly resource: ReadonlyMap<string, readonly Statement[]>;
}

export interface Request {
  /** ARN of a role, or the domain name of a service. */
  readonly principal: string;
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Condition keys beside `aws:PrincipalArn`; several values for a multivalued key. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Whether it is allowed, and if not, why. */
export type Decision = 'allowed' | 'denied' | 'not allowed by its identity' | 'not allowed by the resource';

export function decide(policies: PolicySet, request: Request): Decision {
  const identity = policies.identity.get(request.principal) ?? [];
  const resource = policies.resource.get(request.resource);
  const applies = (statement: Statement) =>
    matchesAction(statement, request) &&
    matchesResource(statement, request) &&
    matchesCondition(statement, request);
  const applyingIdentity = identity.filter(applies);
  const applyingResource = (resource ?? []).flatMap((statement) => {
    const named = principalMatch(statement, request.principal);
    return named === undefined || !applies(statement) ? [] : [{ statement, named }];
  });
  const all = [...applyingIdentity, ...applyingResource.map(({ statement }) => statement)];
  if (all.some(({ Effect: effect }) => effect === 'Deny')) return 'denied';

  const identityAllows = applyingIdentity.length > 0;
  const direct = applyingResource.some(({ named }) => named === 'itself');
  const delegated = applyingResource.some(({ named }) => named === 'account');
  if (accountOf(request.principal) !== accountOf(request.resource)) {
    if (!direct && !delegated) return 'not allowed by the resource';
    // A service has no identity policy.
    return identityAllows || accountOf(request.principal) === undefined
      ? 'allowed'
      : 'not allowed by its identity';
  }
  if (mustAllow(request) && !direct && !delegated) return 'not allowed by the resource';
  return direct || identityAllows ? 'allowed' : 'not allowed by its identity';
}

/** How a resource's statement names the principal: by itself, by its account, or not. */
function principalMatch({ Principal: principal, Effect: effect }: Statement, arn: string) {
  if (principal === undefined) return undefined;
  if (principal === '*') return 'itself';
  const service = listOf(principal['Service'] ?? []);
  if (service.includes(arn)) return 'itself';
  const account = accountOf(arn);
  for (const named of listOf(principal['AWS'] ?? [])) {
    if (named === '*' && account !== undefined) return 'itself';
    if (named === arn) return 'itself';
    if (account !== undefined && (named === account || named === `arn:aws:iam::${account}:root`)) {
      // A denial for an account is one for everybody in it.
      return effect === 'Deny' ? 'itself' : 'account';
    }
  }
  return undefined;
}

function matchesAction({ Action: actions }: Statement, { action }: Request): boolean {
  return listOf(actions).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase()));
}

function matchesResource({ Resource: resources }: Statement, { resource }: Request): boolean {
  return resources === undefined || listOf(resources).some((pattern) => like(pattern, resource));
}

function matchesCondition({ Condition: conditions = {} }: Statement, request: Request): boolean {
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, expected]) =>
      holds(operator, valuesOf(key, request), listOf(expected)),
    ),
  );
}

/** The values of a condition key in the request; none where it has none. */
function valuesOf(key: string, { principal, context = {} }: Request): readonly string[] {
  if (key === 'aws:PrincipalArn') return accountOf(principal) === undefined ? [] : [principal];
  return listOf(context[key] ?? []);
}

function holds(operator: string, actual: readonly string[], expected: readonly string[]): boolean {
  const [first] = actual;
  switch (operator) {
    case 'StringEquals':
      return first !== undefined && expected.includes(first);
    case 'ArnEquals':
    case 'ArnLike':
    case 'StringLike':
      return first !== undefined && expected.some((pattern) => like(pattern, first));
    case 'ArnNotEquals':
      return first === undefined || !expected.some((pattern) => like(pattern, first));
    case 'Bool':
      return first !== undefined && expected.includes(first);
    // As IAM has it, this holds where the request has no value at all.
    case 'ForAllValues:StringEquals':
      return actual.every((value) => expected.includes(value));
    case 'ForAnyValue:StringEquals':
      return actual.some((value) => expected.includes(value));
    default:
      throw new Error(`the condition operator ${operator} is not understood`);
  }
}

/** IAM's wildcards: `*` for any text, `?` for one character. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

/** Undefined for a service. */
export function accountOf(arn: string): string | undefined {
  return /^arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/.exec(arn)?.[1];
}

/** Whether the resource's policy has to allow it even to its own account. */
function mustAllow({ resource, action }: Request): boolean {
  return resource.startsWith('arn:aws:kms:') || action === 'sts:AssumeRole';
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
