/**
 * `tacit vault get | has | put | delete`: one record each, one access each, whichever of them it is.
 *
 * Values are UTF-8 text on the command line and in JSON; `--value-file` and `--out` carry any bytes. Exit code 3 says
 * that there is no such record, and nothing else.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Command } from 'commander';
import { CliError, EXIT } from '../errors.ts';
import { note, print, printJson } from '../output.ts';
import { type VaultCommandOptions, withVaultOptions } from '../vault-place.ts';
import { withVault } from '../vault-session.ts';

interface GetOptions extends VaultCommandOptions {
  readonly out?: string;
}

interface PutOptions extends VaultCommandOptions {
  readonly valueFile?: string;
}

export function getCommand(): Command {
  return withVaultOptions(new Command('get'))
    .description('print the value of a record')
    .argument('<key>', 'of the record')
    .option('--out <file>', 'write the value there, byte for byte, instead of printing it')
    .action(getRecord);
}

export function hasCommand(): Command {
  return withVaultOptions(new Command('has'))
    .description('say whether there is a record')
    .argument('<key>', 'of the record')
    .action(hasRecord);
}

export function putCommand(): Command {
  return withVaultOptions(new Command('put'))
    .description('store a record, in place of what is under its key')
    .argument('<key>', 'of the record')
    .argument('[value]', 'text; other users of the machine may see it in the list of processes')
    .option('--value-file <file>', 'take the value from this file, byte for byte; - is the standard input')
    .action(putRecord);
}

export function deleteCommand(): Command {
  return withVaultOptions(new Command('delete'))
    .description('delete a record')
    .argument('<key>', 'of the record')
    .action(deleteRecord);
}

async function getRecord(name: string, key: string, options: GetOptions): Promise<void> {
  const value = await withVault(name, options, ({ access }) => access((vault) => vault.get(key)));
  if (value !== undefined && options.out !== undefined) await writeValue(options.out, value);
  if (options.json === true) {
    printJson({
      key,
      found: value !== undefined,
      ...(value === undefined ? { value: null } : jsonValue(value)),
    });
  } else if (value !== undefined && options.out === undefined) {
    process.stdout.write(Buffer.concat([value, Buffer.from('\n')]));
  }
  finish(value !== undefined, options);
}

async function hasRecord(name: string, key: string, options: VaultCommandOptions): Promise<void> {
  const found = await withVault(name, options, ({ access }) => access((vault) => vault.has(key)));
  if (options.json === true) printJson({ key, found });
  else if (found) print('yes');
  finish(found, options);
}

async function putRecord(
  name: string,
  key: string,
  value: string | undefined,
  options: PutOptions,
): Promise<void> {
  const bytes = await givenValue(value, options);
  await withVault(name, options, ({ access }) => access((vault) => vault.put(key, bytes)));
  if (options.json === true) printJson({ key, found: true, ...jsonValue(bytes) });
}

async function deleteRecord(name: string, key: string, options: VaultCommandOptions): Promise<void> {
  const found = await withVault(name, options, ({ access }) => access((vault) => vault.delete(key)));
  if (options.json === true) printJson({ key, found, value: null });
  finish(found, options);
}

/** Exit code 3 where there is no such record. */
export function finish(found: boolean, { json }: { readonly json?: boolean }): void {
  if (found) return;
  if (json !== true) note('no record is under this key');
  process.exitCode = EXIT.notReady;
}

/** @throws CliError USAGE, FILE_UNREADABLE */
export async function givenValue(
  value: string | undefined,
  { valueFile }: { readonly valueFile?: string },
): Promise<Uint8Array> {
  if ((value === undefined) === (valueFile === undefined)) {
    throw new CliError('USAGE', 'name the value or a file that holds it (--value-file), and not both');
  }
  if (value !== undefined) return Buffer.from(value);
  if (valueFile === undefined || valueFile === '-') return await buffer(process.stdin);
  try {
    return await readFile(valueFile);
  } catch (cause) {
    const detail = `the file ${valueFile} cannot be read`;
    throw new CliError('FILE_UNREADABLE', detail, { path: valueFile }, { cause });
  }
}

async function writeValue(path: string, value: Uint8Array): Promise<void> {
  try {
    await writeFile(path, value, { mode: 0o600 });
  } catch (cause) {
    throw new CliError('FILE_UNWRITABLE', `the file ${path} cannot be written`, { path }, { cause });
  }
}

/** Text where it is text; other bytes as base64 and no text. */
export function jsonValue(value: Uint8Array): { readonly value: string | null; readonly base64?: string } {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) };
  } catch {
    return { value: null, base64: Buffer.from(value).toString('base64') };
  }
}
