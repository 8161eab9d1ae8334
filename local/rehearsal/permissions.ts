/**
 * Who may do what in a set of stacks: their policies gathered from the templates, and the calls that DynamoDB and Secrets
 * Manager make to the key service on behalf of a caller.
 *
 * A table or secret under a customer-managed key is of no use to a caller who may not use the key, so a call is allowed
 * only with both. Managed policies are refused: they are not in the template, and nobody who reads it sees what they
 * allow.
 */

import * as z from 'zod/mini';
import {
  accountOf,
  type Decision,
  decide,
  type PolicySet,
  policyDocumentSchema,
  type Request,
  type Statement,
} from './policy.ts';
import type { Resource, StackTemplate } from './template.ts';

const inlinePolicySchema = z.object({ PolicyName: z.string(), PolicyDocument: policyDocumentSchema });
const namedPolicySchema = z.object({ PolicyDocument: policyDocumentSchema, Roles: z.array(z.string()) });
const tableSchema = z.object({
  ResourcePolicy: z.optional(z.object({ PolicyDocument: policyDocumentSchema })),
  SSESpecification: z.object({ KMSMasterKeyId: z.string() }),
});
const permissionSchema = z.object({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string(),
});

/** Partition keys of the items that a request is about. */
const LEADING_KEYS = 'dynamodb:LeadingKeys';

const EVERYTHING: Statement = { Effect: 'Allow', Action: '*', Resource: '*' };

export class Permissions {
  readonly #policies: PolicySet;
  /** ARN of the key of a table or secret. */
  readonly #keys = new Map<string, string>();
  /** By ARN of the key. */
  readonly #aliases = new Map<string, readonly string[]>();
  readonly #decided = new Map<string, Decision>();
  /** Roles that may do something to items of some partitions only. */
  readonly #limitedToPartitions: ReadonlySet<string>;
  readonly roles: readonly string[];

  /** @param operators roles that may do everything, as far as their own account's policies can say so */
  constructor(stacks: readonly StackTemplate[], operators: readonly string[] = []) {
    const identity = new Map<string, Statement[]>(operators.map((role) => [role, [EVERYTHING]]));
    const resource = new Map<string, Statement[]>();
    const add = (map: Map<string, Statement[]>, arn: string, statements: readonly Statement[]) =>
      map.set(arn, [...(map.get(arn) ?? []), ...statements]);
    for (const stack of stacks) {
      for (const one of stack.resources) {
        for (const [arn, statements] of identityPoliciesOf(one, stack)) add(identity, arn, statements);
        for (const [arn, statements] of resourcePoliciesOf(one, stack)) add(resource, arn, statements);
        this.#readKeys(one, stack);
      }
    }
    this.#policies = { identity, resource };
    this.roles = [...identity.keys()];
    this.#limitedToPartitions = new Set(
      this.roles.filter((role) => JSON.stringify(identity.get(role)).includes(LEADING_KEYS)),
    );
  }

  /** Of a request as it stands, without what a service does on behalf of the caller. */
  decide(request: Request): Decision {
    return decide(this.#policies, request);
  }

  /**
   * A call to a table or secret, with the decryption that goes with it; decided once, since policies do not change.
   * @param partition key of the item, where it is about one
   */
  call(principal: string, action: string, resource: string, partition?: string): Decision {
    const of = this.#limitedToPartitions.has(principal) ? partition : undefined;
    const asked = `${principal} ${action} ${resource} ${of ?? ''}`;
    const known = this.#decided.get(asked);
    if (known !== undefined) return known;
    const decision = this.#call(principal, action, resource, of);
    this.#decided.set(asked, decision);
    return decision;
  }

  #call(principal: string, action: string, resource: string, partition: string | undefined): Decision {
    const context = partition === undefined ? {} : { [LEADING_KEYS]: [partition] };
    const decision = this.decide({ principal, action, resource, context });
    const key = this.#keys.get(resource);
    if (decision !== 'allowed' || key === undefined) return decision;
    return this.decide({
      principal,
      action: 'kms:Decrypt',
      resource: key,
      context: this.#contextOf(principal, key, resource),
    });
  }

  keyOf(resource: string): string | undefined {
    return this.#keys.get(resource);
  }

  #contextOf(
    principal: string,
    key: string,
    resource: string,
  ): Readonly<Record<string, string | readonly string[]>> {
    const [, , service = '', region = '', , ...rest] = resource.split(':');
    return {
      'kms:ViaService': `${service}.${region}.amazonaws.com`,
      'kms:CallerAccount': accountOf(principal) ?? '',
      'kms:ResourceAliases': this.#aliases.get(key) ?? [],
      ...(service === 'dynamodb'
        ? { 'kms:EncryptionContext:aws:dynamodb:tableName': rest.join(':').replace('table/', '') }
        : {}),
    };
  }

  #readKeys({ type, arn, properties }: Resource, stack: StackTemplate): void {
    if (type === 'AWS::DynamoDB::Table' && arn !== undefined) {
      const { SSESpecification } = z.parse(tableSchema, properties);
      this.#keys.set(arn, SSESpecification.KMSMasterKeyId);
    } else if (type === 'AWS::SecretsManager::Secret' && arn !== undefined) {
      this.#keys.set(arn, z.parse(z.object({ KmsKeyId: z.string() }), properties).KmsKeyId);
    } else if (type === 'AWS::KMS::Alias') {
      const { AliasName: alias, TargetKeyId: target } = z.parse(
        z.object({ AliasName: z.string(), TargetKeyId: z.string() }),
        properties,
      );
      const key = target.startsWith('arn:')
        ? target
        : `arn:aws:kms:${stack.region}:${stack.account}:key/${target}`;
      this.#aliases.set(key, [...(this.#aliases.get(key) ?? []), alias]);
    }
  }
}

type Policies = readonly (readonly [arn: string, statements: readonly Statement[]])[];

function identityPoliciesOf({ type, arn, properties, logicalId }: Resource, stack: StackTemplate): Policies {
  if (type === 'AWS::IAM::Role' && arn !== undefined) {
    if (properties['ManagedPolicyArns'] !== undefined) throw new Error(`${logicalId} has a managed policy`);
    const inline = z.parse(z.optional(z.array(inlinePolicySchema)), properties['Policies']) ?? [];
    return [[arn, inline.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)]];
  }
  if (type !== 'AWS::IAM::Policy') return [];
  const { Roles, PolicyDocument } = z.parse(namedPolicySchema, properties);
  return Roles.map(
    (role) => [`arn:aws:iam::${stack.account}:role/${role}`, PolicyDocument.Statement] as const,
  );
}

function resourcePoliciesOf({ type, arn, properties }: Resource, stack: StackTemplate): Policies {
  switch (type) {
    case 'AWS::DynamoDB::Table': {
      const policy = z.parse(tableSchema, properties).ResourcePolicy;
      return policy === undefined || arn === undefined ? [] : [[arn, policy.PolicyDocument.Statement]];
    }
    case 'AWS::IAM::Role': {
      const { AssumeRolePolicyDocument } = z.parse(
        z.object({ AssumeRolePolicyDocument: policyDocumentSchema }),
        properties,
      );
      // Whom the role trusts; a trust policy names no resource, since it is the role.
      return arn === undefined ? [] : [[arn, AssumeRolePolicyDocument.Statement]];
    }
    case 'AWS::KMS::Key': {
      const { KeyPolicy } = z.parse(z.object({ KeyPolicy: policyDocumentSchema }), properties);
      // A key's policy says `*` for the key itself.
      return arn === undefined ? [] : [[arn, KeyPolicy.Statement]];
    }
    case 'AWS::SQS::QueuePolicy':
    case 'AWS::SNS::TopicPolicy': {
      const { PolicyDocument } = z.parse(z.object({ PolicyDocument: policyDocumentSchema }), properties);
      const [resource] = PolicyDocument.Statement.flatMap(({ Resource }) => Resource ?? []);
      return resource === undefined ? [] : [[resource, PolicyDocument.Statement]];
    }
    case 'AWS::Lambda::Permission': {
      const { Action, FunctionName, Principal, SourceArn } = z.parse(permissionSchema, properties);
      const statement: Statement = {
        Effect: 'Allow',
        Principal: { Service: Principal },
        Action,
        Resource: FunctionName,
        Condition: { ArnLike: { 'aws:SourceArn': SourceArn } },
      };
      if (accountOf(FunctionName) !== stack.account)
        throw new Error(`a permission for ${FunctionName} of another account`);
      return [[FunctionName, [statement]]];
    }
    default:
      return [];
  }
}
