/**
 * `tacit vault remote get | has | put | delete`: records of a vault that a party keeps, asked for over HTTP with
 * a key on its access list; and `key`, which makes that key.
 *
 * Whoever sees the connection learns that one operation took place, not which. Outputs and exit codes are those of
 * `tacit vault get` and its kin. A request is sent once: where the answer is lost, ask what became of it.
 */

import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { MAX_VALUE_BYTES } from '../../functions/vault-request.ts';
import { partyDirectory, readConsortium, readPartyConfig } from '../../local/consortium.ts';
import { CliError } from '../errors.ts';
import { httpUrl, integer } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { createRequester, readRequester, requesterFile } from '../vault-requester.ts';
import { DEFAULT_DIRECTORY } from '../workspace.ts';
import { finish, givenValue, jsonValue } from './vault-records.ts';

interface RemoteOptions {
  readonly dir: string;
  readonly url?: string;
  readonly key?: string;
  readonly json?: boolean;
}

interface PutOptions extends RemoteOptions {
  readonly valueFile?: string;
}

interface KeyOptions {
  readonly party: string;
  readonly valueBytes: number;
  readonly out: string;
}

export function vaultRemoteCommand(): Command {
  return new Command('remote')
    .description('the same over HTTP, for a vault that a party keeps')
    .addCommand(
      recordCommand('get', 'print the value of a record').action(
        async (name: string, key: string, options: RemoteOptions) => {
          const value = await (await openRemote(name, options)).get(key);
          const found = value !== undefined;
          if (options.json === true)
            printJson({ key, found, ...(found ? jsonValue(value) : { value: null }) });
          else if (found) process.stdout.write(Buffer.concat([value, Buffer.from('\n')]));
          finish(found, options);
        },
      ),
    )
    .addCommand(
      recordCommand('has', 'say whether there is a record').action(
        async (name: string, key: string, options: RemoteOptions) => {
          const found = await (await openRemote(name, options)).has(key);
          if (options.json === true) printJson({ key, found });
          else if (found) print('yes');
          finish(found, options);
        },
      ),
    )
    .addCommand(
      recordCommand('put', 'store a record, in place of what is under its key')
        .argument('[value]', 'text; other users of the machine may see it in the list of processes')
        .option('--value-file <file>', 'take the value from this file; - is the standard input')
        .action(async (name: string, key: string, value: string | undefined, options: PutOptions) => {
          const bytes = await givenValue(value, options);
          await (await openRemote(name, options)).put(key, bytes);
          if (options.json === true) printJson({ key, found: true, ...jsonValue(bytes) });
        }),
    )
    .addCommand(
      recordCommand('delete', 'delete a record').action(
        async (name: string, key: string, options: RemoteOptions) => {
          const found = await (await openRemote(name, options)).delete(key);
          if (options.json === true) printJson({ key, found, value: null });
          finish(found, options);
        },
      ),
    )
    .addCommand(
      new Command('key')
        .description("make the key of somebody who asks, and print the entry for the operator's list")
        .argument('<name>', 'of the vault')
        .requiredOption('--party <key>', 'signing key of the party that keeps the vault, from its operator')
        .requiredOption(
          '--value-bytes <n>',
          'longest value of the vault, from its operator',
          integer(1, MAX_VALUE_BYTES),
        )
        .requiredOption('--out <file>', 'where to write the secret key')
        .action(makeKey),
    );
}

function recordCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<name>', 'of the vault')
    .argument('<key>', 'of the record')
    .option('--url <url>', 'address of the party (default: the local party that keeps it)', httpUrl)
    .option('--key <file>', 'of the requester (default: what `tacit up --vault` made)')
    .option('--dir <directory>', 'the local consortium', DEFAULT_DIRECTORY)
    .option('--json', 'print one JSON value');
}

async function makeKey(vault: string, { party, valueBytes, out }: KeyOptions): Promise<void> {
  const { signer } = await createRequester(out, { vault, party, valueBytes });
  note(`Made ${out}; whoever has that file asks in this name. The operator adds to VAULT_ACCESS:`);
  print(JSON.stringify({ vault, requester: signer.publicKey, rights: 'read' }));
}

async function openRemote(name: string, options: RemoteOptions) {
  const path = options.key ?? requesterFile(options.dir, name);
  if (options.key === undefined && !existsSync(path)) {
    const detail = `there is no key at ${path}: name yours with --key, or make one with \`tacit vault remote key\``;
    throw new CliError('FILE_UNREADABLE', detail, { path });
  }
  const { vault, party, valueBytes, signer } = await readRequester(path);
  if (vault !== name) throw new CliError('USAGE', `the key is for the vault ${vault}`);
  const { VaultClient } = await import('../../local/vault-client.ts');
  const url = options.url ?? (await localUrl(options.dir, name));
  return new VaultClient({ url, vault, party, valueBytes, requester: signer });
}

/** Of the local party that lists somebody for a vault of this name. */
async function localUrl(dir: string, vault: string): Promise<string> {
  for (const { record, url } of (await readConsortium(dir))?.parties ?? []) {
    const { vaultAccess = [] } = await readPartyConfig(partyDirectory(dir, record.index));
    if (vaultAccess.some((grant) => grant.vault === vault)) return url;
  }
  const detail = `no local party in ${dir} keeps a vault ${vault}: name the party with --url, or start parties with \`tacit up --vault\``;
  throw new CliError('NOT_FOUND', detail, { dir });
}
