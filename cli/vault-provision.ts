/**
 * `tacit up --vault NAME:RECORDS:BYTES[:FILE]`: gives party 0 a vault, with the records of a file where one is named, and
 * this user a key that may look up and change.
 *
 * Party 0 alone: a vault has one keeper, and its records are not shared out like bids.
 */

import { access, constants } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { grantVaultAccess, openConsortium, partyDirectory } from '../local/consortium.ts';
import type { PartyVaultSizes } from '../local/party-vaults.ts';
import { BLOCK_BYTES_BOUNDS, valueBytes } from '../oram/parameters.ts';
import { CliError } from './errors.ts';
import { note } from './output.ts';
import { createRequester, type Requester, readRequester, requesterFile } from './vault-requester.ts';
import { withBulkOptions } from './vault-session.ts';

/** Made in a minute on the embedded tables; larger ones are for real ones. */
const MAX_RECORDS = 2 ** 16;

/** Commander's parser; may be repeated. */
export function collectVaults(
  text: string,
  previous: readonly PartyVaultSizes[] = [],
): readonly PartyVaultSizes[] {
  const [, name, records, block, recordsFile] =
    /^([A-Za-z0-9._-]{1,64}):(\d{1,6}):(\d{1,6})(?::(.+))?$/.exec(text) ?? [];
  const sizes = {
    name: name ?? '',
    records: Number(records),
    blockBytes: Number(block),
    ...(recordsFile === undefined ? {} : { recordsFile }),
  };
  const { min, max } = BLOCK_BYTES_BOUNDS;
  const fits = sizes.records >= 1 && sizes.records <= MAX_RECORDS;
  if (name === undefined || !fits || sizes.blockBytes < min || sizes.blockBytes > max) {
    throw new InvalidArgumentError(
      `write name:records:bytes or name:records:bytes:file, such as suppliers:5000:512; at most ${MAX_RECORDS} records, ${min} to ${max} bytes`,
    );
  }
  return [...previous, sizes];
}

/**
 * Before the parties start.
 * @throws CliError USAGE where the vault is there with other sizes
 */
export async function provisionVaults(
  options: { readonly dir: string; readonly port: number },
  vaults: readonly PartyVaultSizes[],
): Promise<void> {
  if (vaults.length === 0) return;
  const { provideVault, VAULT_PARTY } = await import('../local/party-vaults.ts');
  const { parties } = await openConsortium(options.dir, { port: options.port });
  const own = partyDirectory(options.dir, VAULT_PARTY);
  for (const sizes of vaults) {
    if (sizes.recordsFile !== undefined) await requireReadable(sizes.recordsFile);
    const { parameters, created, records } = await withBulkOptions({}, (bulk) =>
      provideVault(options.dir, sizes, bulk),
    ).catch(nameTablesInUse);
    const { capacity, blockBytes } = parameters;
    if (capacity !== sizes.records || blockBytes !== sizes.blockBytes) {
      throw new CliError(
        'USAGE',
        `the vault ${sizes.name} is there already, for ${capacity} records of ${blockBytes} bytes`,
      );
    }
    const facts = { vault: sizes.name, party: parties[VAULT_PARTY].record.signingKey };
    const file = requesterFile(options.dir, sizes.name);
    const { signer } = await openRequester(file, { ...facts, valueBytes: valueBytes(parameters) });
    await grantVaultAccess(own, { vault: sizes.name, requester: signer.publicKey, rights: 'write' });
    note(
      `${created ? 'Made' : 'Found'} the vault ${sizes.name} of party ${VAULT_PARTY} (${records} records); asked with ${file}`,
    );
  }
}

async function requireReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `the file ${file} cannot be read`, { path: file }, { cause });
  }
}

function nameTablesInUse(error: unknown): never {
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
  const detail = 'the tables of party 0 are in use: end the parties that run with this directory first';
  throw new CliError('PARTY_NOT_STARTED', detail, {}, { cause: error });
}

/** What to type next. @param directory option that names the directory, or nothing */
export function lookupHint(directory: string, { name }: PartyVaultSizes): readonly string[] {
  return [
    `  npm run -s tacit -- vault remote put ${name} "Quarry Ltd" "no findings"${directory}`,
    `  npm run -s tacit -- vault remote get ${name} "Quarry Ltd"${directory}`,
  ];
}

async function openRequester(file: string, facts: Parameters<typeof createRequester>[1]): Promise<Requester> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  return exists ? await readRequester(file) : await createRequester(file, facts);
}
