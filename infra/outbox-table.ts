/**
 * A party's outbox: the table of its protocol messages, which its own engine writes and its two peers' engines read.
 *
 * Against a peer: the role of its engine gets GetItem and Query and nothing else; no account but the own one appears with
 * any other action. Against mistakes at home: whoever is not the engine role is denied writing, administrators included,
 * and changing or deleting an item is denied to all, so the transcript stays what was posted. (A conditional put is what
 * makes messages write-once; IAM has no way to ask for the condition.)
 *
 * A role as principal must exist when a policy is stored, so three accounts could not be deployed in any order. The
 * policies name the peer's account, and the role in a condition.
 */

import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import {
  AccountPrincipal,
  AnyPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { engineRoleArn, type OperatorRecord, outboxTableArn } from '../auction/operator-record.ts';
import { EncryptionKey } from './encryption-key.ts';

const READING = ['dynamodb:GetItem', 'dynamodb:Query'];
const POSTING = ['dynamodb:PutItem'];
const CHANGING = ['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:UpdateItem'];

export interface OutboxTableProps {
  readonly owner: OperatorRecord;
  readonly peers: readonly OperatorRecord[];
  /** Epoch seconds after which an item may vanish. */
  readonly timeToLiveAttribute: string;
}

export class OutboxTable extends Construct {
  readonly table: Table;
  readonly #key: EncryptionKey;
  readonly #arn: string;

  constructor(scope: Construct, id: string, { owner, peers, timeToLiveAttribute }: OutboxTableProps) {
    super(scope, id);
    this.#arn = outboxTableArn(owner);
    this.#key = new EncryptionKey(this, 'Encryption', {
      description: `Messages of party ${owner.index}; its peers' engines decrypt with it through DynamoDB`,
      services: ['dynamodb'],
      alias: outboxKeyAlias(owner),
      statements: peers.map((peer) => decryptionBy(peer, owner)),
    });
    this.table = new Table(this, 'Table', {
      tableName: owner.outboxTable,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.#key.key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      resourcePolicy: new PolicyDocument({
        statements: [
          ...peers.map((peer) => this.#readingBy(peer)),
          this.#denyToOthers(owner),
          this.#denyChanges(),
        ],
      }),
    });
  }

  /** Post, and recall what was posted. */
  grantPosting(engine: IRole): void {
    this.#grant(engine, [...POSTING, ...READING]);
    this.#key.grantWriting(engine, 'dynamodb');
  }

  /** Look up what this party posted at an address. */
  grantRecall(role: IRole): void {
    this.#grant(role, ['dynamodb:GetItem']);
    this.#key.grantReading(role, 'dynamodb');
  }

  #grant(role: IRole, actions: readonly string[]): void {
    role.addToPrincipalPolicy(new PolicyStatement({ actions: [...actions], resources: [this.#arn] }));
  }

  #readingBy(peer: OperatorRecord): PolicyStatement {
    return new PolicyStatement({
      sid: `EngineOfParty${peer.index}Reads`,
      principals: [new AccountPrincipal(peer.account)],
      actions: READING,
      resources: [this.#arn],
      conditions: { ArnEquals: { 'aws:PrincipalArn': engineRoleArn(peer) } },
    });
  }

  #denyToOthers(owner: OperatorRecord): PolicyStatement {
    return new PolicyStatement({
      sid: 'OnlyTheOwnEnginePosts',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: POSTING,
      resources: [this.#arn],
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': engineRoleArn(owner) } },
    });
  }

  #denyChanges(): PolicyStatement {
    return new PolicyStatement({
      sid: 'NobodyChangesWhatWasPosted',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: CHANGING,
      resources: [this.#arn],
    });
  }
}

/** The reading engine's half of a peer's outbox: what its own account has to allow it. */
export function grantReadingOfPeer(role: IRole, peer: OperatorRecord): void {
  role.addToPrincipalPolicy(new PolicyStatement({ actions: READING, resources: [outboxTableArn(peer)] }));
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      // The key's id is known after the peer's deployment only, its alias before.
      resources: [`arn:aws:kms:${peer.region}:${peer.account}:key/*`],
      conditions: {
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': `alias/${outboxKeyAlias(peer)}` },
        StringEquals: { 'kms:ViaService': `dynamodb.${peer.region}.amazonaws.com` },
      },
    }),
  );
  acknowledgeKeyByAlias(role, peer);
}

/** What cdk-nag says of a grant on a key whose id is not known, and why it is as it should be. */
export function acknowledgeKeyByAlias(
  role: IRole,
  { account, region }: { account: string; region: string },
): void {
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::arn:aws:kms:${region}:${account}:key/*]`,
    reason:
      "The id of the other account's key exists after its deployment only; conditions on the key's alias and on DynamoDB narrow the grant to it, and the key's own policy has to allow it too",
  });
}

/** A peer's engine decrypts items of this table, through DynamoDB and no other way. */
function decryptionBy(peer: OperatorRecord, owner: OperatorRecord): PolicyStatement {
  return new PolicyStatement({
    sid: `EngineOfParty${peer.index}Decrypts`,
    principals: [new AccountPrincipal(peer.account)],
    actions: ['kms:Decrypt'],
    resources: ['*'],
    conditions: {
      ArnEquals: { 'aws:PrincipalArn': engineRoleArn(peer) },
      StringEquals: {
        'kms:ViaService': `dynamodb.${owner.region}.amazonaws.com`,
        'kms:EncryptionContext:aws:dynamodb:tableName': owner.outboxTable,
      },
    },
  });
}

/** Named so that peers know it before this party is deployed. Table names may have dots, aliases may not. */
function outboxKeyAlias({ outboxTable }: OperatorRecord): string {
  return outboxTable.replaceAll('.', '_');
}
