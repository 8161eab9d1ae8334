/**
 * An operator's key file as a secret of AWS Secrets Manager: made there from memory and never written to a disk.
 *
 * Against whoever gets at the operator's machine later: it never had a file with the keys. What remains is the
 * account: whoever may read the secret is the party. The secret is encrypted under the account's own key for secrets, which
 * nobody outside the account can use, and it is never written over.
 */

import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';

/** Name or ARN, and the region where the name does not say it. */
export interface SecretPlace {
  readonly secret: string;
  readonly region?: string | undefined;
}

export interface StoredSecret {
  readonly arn: string;
  readonly text: string;
}

/** Nobody waits longer for a command. */
const REQUEST_HANDLER = { connectionTimeout: 5_000, requestTimeout: 20_000 };

/**
 * @returns the secret's value; undefined where there is no such secret
 * @throws SecretsManagerServiceException and whatever else keeps it from being read
 */
export function readSecret(place: SecretPlace): Promise<StoredSecret | undefined> {
  return withClient(place, async (client) => {
    try {
      const { ARN: arn = '', SecretString: text = '' } = await client.send(
        new GetSecretValueCommand({ SecretId: place.secret }),
      );
      return { arn, text };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  });
}

/**
 * @param text what the secret is to hold
 * @returns its ARN; undefined where a secret of that name is there, whose value is left as it is
 * @throws SecretsManagerServiceException and whatever else keeps it from being made
 */
export function createSecret(
  place: SecretPlace,
  text: string,
  description: string,
): Promise<string | undefined> {
  return withClient(place, async (client) => {
    try {
      const { ARN: arn = '' } = await client.send(
        new CreateSecretCommand({ Name: place.secret, Description: description, SecretString: text }),
      );
      return arn;
    } catch (error) {
      if (error instanceof ResourceExistsException) return undefined;
      throw error;
    }
  });
}

async function withClient<Value>(
  { secret, region = regionIn(secret) }: SecretPlace,
  use: (client: SecretsManagerClient) => Promise<Value>,
): Promise<Value> {
  const client = new SecretsManagerClient({
    requestHandler: REQUEST_HANDLER,
    ...(region === undefined ? {} : { region }),
  });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

function regionIn(secret: string): string | undefined {
  return /^arn:[^:]+:secretsmanager:([^:]+):/.exec(secret)?.[1];
}
