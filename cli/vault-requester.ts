/**
 * The file of whoever asks for records of a party's vault: a signing key, and what a request is made for.
 *
 * Secret (0600). The party's signing key and the size of the vault's values come from its operator once, together with
 * the place on the access list, so that no address can claim to be another party's.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from '../auction/canonical.ts';
import { integerField, publicKeyField } from '../auction/fields.ts';
import { nodeSignatures } from '../auction/party/signatures-node.ts';
import { type Signer, signerOf } from '../auction/signature.ts';
import { MAX_VALUE_BYTES, vaultNameField } from '../functions/vault-request.ts';
import { CliError } from './errors.ts';
import { readJsonFile } from './workspace.ts';

const requesterSchema = z.strictObject({
  kind: z.literal('tacit/1 vault requester'),
  vault: vaultNameField,
  /** Signing key of the party that keeps the vault. */
  party: publicKeyField,
  /** Longest value of the vault. */
  valueBytes: integerField(1, MAX_VALUE_BYTES),
  publicKey: publicKeyField,
  secretKey: publicKeyField,
});

export interface RequesterFacts {
  readonly vault: string;
  readonly party: string;
  readonly valueBytes: number;
}

export interface Requester extends RequesterFacts {
  readonly signer: Signer;
}

/** Where `tacit up` puts the requester that it makes for a vault. */
export function requesterFile(directory: string, vault: string): string {
  return join(directory, 'keys', 'vaults', `${vault}.json`);
}

/** @throws CliError FILE_UNREADABLE */
export async function readRequester(path: string): Promise<Requester> {
  const parsed = z.safeParse(requesterSchema, await readJsonFile(path));
  if (!parsed.success)
    throw new CliError('FILE_UNREADABLE', `the file ${path} is not that of a vault's requester`, { path });
  const { publicKey, secretKey, ...facts } = parsed.data;
  const signer = signerOf(fromBase64url(secretKey), nodeSignatures);
  if (signer.publicKey !== publicKey) {
    const detail = `the public key in ${path} is not that of the secret one`;
    throw new CliError('FILE_UNREADABLE', detail, { path });
  }
  return { vault: facts.vault, party: facts.party, valueBytes: facts.valueBytes, signer };
}

/** Exclusive: an existing key is never written over. @throws CliError FILE_UNWRITABLE */
export async function createRequester(path: string, facts: RequesterFacts): Promise<Requester> {
  const secretKey = new Uint8Array(randomBytes(32));
  const signer = signerOf(secretKey, nodeSignatures);
  const file: z.infer<typeof requesterSchema> = {
    kind: 'tacit/1 vault requester',
    ...facts,
    publicKey: signer.publicKey,
    secretKey: toBase64url(secretKey),
  };
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new CliError(
      'FILE_UNWRITABLE',
      `the file ${path} cannot be written, or is there already`,
      { path },
      { cause },
    );
  }
  return { ...facts, signer };
}
