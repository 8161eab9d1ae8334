/**
 * Where a function's secret keys come from, named by PARTY_KEYS: a file, a secret of AWS Secrets Manager, or
 * nowhere.
 *
 * Keys are read once for each environment, when it starts, and go from here into the loaded form, which prints no
 * secret; nothing here logs, and no error quotes what was read. A function that neither signs receipts nor opens
 * envelopes gets `none`: it knows the public half of its party alone, its role may not read the secret, and signing
 * with it is refused.
 */

import { readFile } from 'node:fs/promises';
import { nodeEnvelopeSuite } from '../auction/party/hpke-node.ts';
import { loadPartyKeys, type PartyKeys } from '../auction/party/keys.ts';
import type { PartyRecord } from '../auction/tender.ts';
import { FunctionError } from './errors.ts';
import { REQUEST_TIMEOUTS } from './request-timeouts.ts';

const FILE = 'file:';
const SECRET = 'secretsmanager:';

/** `file:<path>`, `secretsmanager:<ARN of the secret>` or `none`. */
export const KEY_SOURCE = /^(file:.+|secretsmanager:arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:.+|none)$/;

/**
 * @param source in the form of KEY_SOURCE
 * @param record of this party in the consortium; whose keys they have to be
 * @throws FunctionError CONFIGURATION_INVALID where there are no keys, or those of another party
 */
export async function readPartyKeys(source: string, record: PartyRecord): Promise<PartyKeys> {
  if (source === 'none') return publicHalfOf(record);
  const keys = await loadPartyKeys(parse(await read(source)));
  if (
    keys.index !== record.index ||
    keys.signing.publicKey !== record.signingKey ||
    keys.sealing.publicKey !== record.sealingKey
  ) {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      'PARTY_KEYS are not the keys of PARTY_INDEX in CONSORTIUM',
    );
  }
  return keys;
}

async function read(source: string): Promise<string> {
  if (source.startsWith(FILE)) {
    try {
      return await readFile(source.slice(FILE.length), 'utf8');
    } catch (cause) {
      throw new FunctionError('CONFIGURATION_INVALID', 'PARTY_KEYS names no readable file', { cause });
    }
  }
  return await readSecret(source.slice(SECRET.length));
}

async function readSecret(arn: string): Promise<string> {
  // Loaded only where a secret is read, because every kilobyte that is evaluated delays a cold start.
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({ requestHandler: REQUEST_TIMEOUTS });
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    return text ?? '';
  } catch (cause) {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      'PARTY_KEYS names a secret that this function cannot read: check that it has a value and the role its permission',
      { cause },
    );
  } finally {
    client.destroy();
  }
}

/** The parser's own message would quote the text, so it is no cause. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      'what PARTY_KEYS names holds no key file: put the one that was made for this party there',
    );
  }
}

function publicHalfOf({ index, signingKey, sealingKey }: PartyRecord): PartyKeys {
  const refuse = (): never => {
    throw new FunctionError('CONFIGURATION_INVALID', 'this function has PARTY_KEYS none and needs keys');
  };
  return {
    index,
    signing: { publicKey: signingKey, sign: refuse },
    sealing: {
      publicKey: sealingKey,
      suite: nodeEnvelopeSuite,
      get keyPair() {
        return refuse();
      },
    },
  };
}
