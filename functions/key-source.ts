/**
 * Where secret keys are read from: a file, or a secret of AWS Secrets Manager, named by an environment variable.
 *
 * They are read once for each environment. Nothing here logs, and no error quotes what was read or its parser's
 * message, which would quote it.
 */

import { readFile } from 'node:fs/promises';
import { FunctionError } from './errors.ts';
import { REQUEST_TIMEOUTS } from './request-timeouts.ts';

const FILE = 'file:';
const SECRET = 'secretsmanager:';

/** `file:<path>`, `secretsmanager:<ARN of the secret>` or `none`. */
export const KEY_SOURCE = /^(file:.+|secretsmanager:arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:.+|none)$/;

/**
 * @param source in the form of KEY_SOURCE, not `none`
 * @param variable that named it, for messages
 * @returns the JSON that is there
 * @throws FunctionError CONFIGURATION_INVALID
 */
export async function readKeySource(source: string, variable: string): Promise<unknown> {
  const text = source.startsWith(FILE)
    ? await readText(source.slice(FILE.length), variable)
    : await readSecret(source.slice(SECRET.length), variable);
  try {
    return JSON.parse(text);
  } catch {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      `what ${variable} names holds no key file: put the one that was made for this party there`,
    );
  }
}

async function readText(path: string, variable: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new FunctionError('CONFIGURATION_INVALID', `${variable} names no readable file`, { cause });
  }
}

async function readSecret(arn: string, variable: string): Promise<string> {
  // Loaded only where a secret is read, because every kilobyte that is evaluated delays a cold start.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({ requestHandler: REQUEST_TIMEOUTS });
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return text ?? '';
  } catch (cause) {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      `${variable} names a secret that this function cannot read: check that it has a value and the role its permission`,
      { cause },
    );
  } finally {
    client.destroy();
  }
}
