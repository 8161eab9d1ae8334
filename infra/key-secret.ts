/**
 * A secret that holds a key file, the party's own or its vaults'. The stack never sees what is in it.
 *
 * One that the stack makes holds a random placeholder until the operator puts the file there, with which no function
 * starts (CONFIGURATION_INVALID). It is retained with its key: without the sealing key, bids that have receipts cannot be
 * opened any more. One that the operator made before, with the keys in it, is named by its ARN and stays its own.
 */

import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { EncryptionKey } from './encryption-key.ts';

/** Wherever the keys are. */
export interface KeyHolder {
  /** As `functions/key-source.ts` takes it. */
  readonly keySource: string;
  grantReading(role: IRole): void;
}

/** `tacit consortium init --keys secretsmanager:...` makes such a secret, under the account's own key for secrets. */
export class ExistingKeySecret implements KeyHolder {
  readonly keySource: string;
  readonly #arn: string;

  /** @param arn with its six characters at the end, which no pattern has to stand for */
  constructor(arn: string) {
    this.#arn = arn;
    this.keySource = `secretsmanager:${arn}`;
  }

  grantReading(role: IRole): void {
    role.addToPrincipalPolicy(readingOf(this.#arn));
  }
}

export interface KeySecretProps {
  readonly description: string;
  readonly encryption: EncryptionKey;
}

export class KeySecret extends Construct implements KeyHolder {
  readonly secret: Secret;
  readonly #encryption: EncryptionKey;

  constructor(scope: Construct, id: string, { description, encryption }: KeySecretProps) {
    super(scope, id);
    this.#encryption = encryption;
    this.secret = new Secret(this, 'Secret', {
      description,
      encryptionKey: encryption.key,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Tenders name the keys, and bids are sealed to them: operators replace them together, between tenders, never on a schedule',
    });
  }

  get keySource(): string {
    return `secretsmanager:${this.secret.secretArn}`;
  }

  grantReading(role: IRole): void {
    role.addToPrincipalPolicy(readingOf(this.secret.secretArn));
    this.#encryption.grantReading(role, 'secretsmanager');
  }
}

function readingOf(arn: string): PolicyStatement {
  return new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [arn] });
}
