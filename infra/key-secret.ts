/**
 * A secret that holds a key file, the party's own or its vaults'. The stack makes it and never sees what is in it: until the operator puts
 * the file there, it holds a random placeholder, with which no function starts (CONFIGURATION_INVALID).
 *
 * Retained with its key: without the sealing key, bids that have receipts cannot be opened any more.
 */

import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { EncryptionKey } from './encryption-key.ts';

export interface KeySecretProps {
  readonly description: string;
  readonly encryption: EncryptionKey;
}

export class KeySecret extends Construct {
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

  /** As `functions/key-source.ts` takes it. */
  get keySource(): string {
    return `secretsmanager:${this.secret.secretArn}`;
  }

  grantReading(role: IRole): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.secret.secretArn] }),
    );
    this.#encryption.grantReading(role, 'secretsmanager');
  }
}
