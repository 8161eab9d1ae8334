/**
 * A customer-managed key that encrypts a party's tables and secrets, with a policy that names every action.
 *
 * The account's administrators manage the key and do not use it: its data goes through DynamoDB and Secrets Manager
 * alone, and there IAM decides, so that a role needs a grant of its own. Whoever may change the key's policy may of
 * course let itself in; what a stolen table then shows is what the threat model says of a party's disks.
 */

import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** Services that may use the key on behalf of a caller. */
export type KeyService = 'dynamodb' | 'secretsmanager';

const ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:DisableKeyRotation',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
];

const READING = ['kms:Decrypt'];

/** What the services ask for on behalf of whoever stores something. */
const WRITING = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

export interface EncryptionKeyProps {
  readonly description: string;
  readonly services: readonly KeyService[];
  /** Where others name the key by its alias, without `alias/`. */
  readonly alias?: string;
  /** Who beyond the own account may use it. */
  readonly statements?: readonly PolicyStatement[];
}

export class EncryptionKey extends Construct {
  /** By its ARN alone, so that no construct which is given it writes wildcards into the policy. */
  readonly key: IKey;
  readonly #made: Key;

  constructor(
    scope: Construct,
    id: string,
    { description, services, alias, statements }: EncryptionKeyProps,
  ) {
    super(scope, id);
    const account = new AccountRootPrincipal();
    const through = { 'kms:ViaService': services.map((service) => this.#endpointOf(service)) };
    this.#made = new Key(this, 'Key', {
      description,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(alias === undefined ? {} : { alias }),
      policy: new PolicyDocument({
        statements: [
          statement('Administration', account, ADMINISTRATION, {}),
          statement('UseThroughServices', account, WRITING, { StringEquals: through }),
          statement('TablesKeepGrants', account, ['kms:CreateGrant'], {
            StringEquals: through,
            Bool: { 'kms:GrantIsForAWSResource': 'true' },
          }),
          ...(statements ?? []),
        ],
      }),
    });
    this.key = Key.fromKeyArn(this, 'ByArn', this.#made.keyArn);
  }

  grantReading(role: IRole, service: KeyService): void {
    this.#grant(role, READING, service);
  }

  grantWriting(role: IRole, service: KeyService): void {
    this.#grant(role, WRITING, service);
  }

  /** CloudWatch encrypts what it publishes to a topic under this key. */
  allowAlarms(): void {
    this.#made.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  #grant(role: IRole, actions: readonly string[], service: KeyService): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [this.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': this.#endpointOf(service) } },
      }),
    );
  }

  #endpointOf(service: KeyService): string {
    return `${service}.${Stack.of(this).region}.amazonaws.com`;
  }
}

function statement(
  sid: string,
  principal: AccountRootPrincipal,
  actions: readonly string[],
  conditions: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): PolicyStatement {
  // In a key policy, the resource is the key itself.
  return new PolicyStatement({
    sid,
    principals: [principal],
    actions: [...actions],
    resources: ['*'],
    conditions: { ...conditions },
  });
}
