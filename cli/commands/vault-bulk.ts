/**
 * `tacit vault create | load | reshuffle | destroy`: what touches a vault as a whole. Each can be stopped, also by
 * `kill -9`, and leaves the vault as it was before or as it is after.
 */

import { createReadStream } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { OpenedVault } from '../../local/opened-vault.ts';
import {
  BLOCK_BYTES_BOUNDS,
  BLOCKS_PER_RECORD,
  CAPACITY_BOUNDS,
  chooseParameters,
  type VaultParameters,
  type VaultSizes,
  valueBytes,
} from '../../oram/parameters.ts';
import { readRecords } from '../../oram/record-file.ts';
import type { BulkOptions } from '../../oram/vault.ts';
import { CliError } from '../errors.ts';
import { integer } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { placeOf, type VaultCommandOptions, type VaultPlace, withVaultOptions } from '../vault-place.ts';
import {
  closingAfter,
  type ProgressOptions,
  withBulkOptions,
  withProgress,
  withVault,
} from '../vault-session.ts';

interface BulkCommandOptions extends VaultCommandOptions, ProgressOptions {}

/** What `create` and `cost` are asked for. */
export interface SizeOptions {
  readonly records: number;
  readonly block: number;
  readonly blocksPerRecord: number;
  readonly layout?: VaultParameters['layout'];
}

interface CreateOptions extends BulkCommandOptions, SizeOptions {}

interface ReshuffleOptions extends BulkCommandOptions {
  readonly acceptLoss?: boolean;
  readonly rotateKey?: boolean;
}

interface DestroyOptions extends BulkCommandOptions {
  readonly yes?: boolean;
}

export function withSizeOptions(command: Command): Command {
  const { min: fewest, max: most } = CAPACITY_BOUNDS;
  const { min: smallest, max: largest } = BLOCK_BYTES_BOUNDS;
  return command
    .requiredOption('--records <n>', 'records that the vault holds at most', integer(fewest, most))
    .requiredOption('--block <bytes>', 'bytes of a value that a block carries', integer(smallest, largest))
    .option(
      '--blocks-per-record <m>',
      `blocks that every record takes: ${BLOCKS_PER_RECORD.join(', ')}`,
      blocks,
      1,
    )
    .addOption(
      new Option('--layout <layout>', 'default: what suits the sizes').choices(['tree', 'scan'] as const),
    );
}

function blocks(text: string): number {
  const count = BLOCKS_PER_RECORD.find((known) => String(known) === text);
  if (count === undefined)
    throw new InvalidArgumentError(`it must be one of ${BLOCKS_PER_RECORD.join(', ')}`);
  return count;
}

export function sizesOf({ records, block, blocksPerRecord, layout }: SizeOptions): VaultSizes {
  return { records, blockBytes: block, blocksPerRecord, ...(layout === undefined ? {} : { layout }) };
}

export function createCommand(): Command {
  return withSizeOptions(withProgress(withVaultOptions(new Command('create'))))
    .description('make an empty vault; its sizes are public and fixed')
    .action(create);
}

export function loadCommand(): Command {
  return withProgress(withVaultOptions(new Command('load')))
    .description('add the records of a file, JSON lines {"key", "value"} or CSV key,value')
    .argument('<file>', 'of records; - is the standard input')
    .action(load);
}

export function reshuffleCommand(): Command {
  return withProgress(withVaultOptions(new Command('reshuffle')))
    .description('place everything anew under fresh keys: after a restored backup, or on suspicion')
    .option(
      '--rotate-key',
      'give the vault another key: whoever has the old one reads nothing written from then on',
    )
    .option('--accept-loss', 'drop records whose buckets are missing or were altered')
    .action(reshuffle);
}

export function destroyCommand(): Command {
  return withProgress(withVaultOptions(new Command('destroy')))
    .description('delete a vault and, of embedded tables, its key')
    .option('--yes', 'yes, delete it')
    .action(destroy);
}

async function create(name: string, options: CreateOptions): Promise<void> {
  const parameters = chooseParameters(sizesOf(options));
  const place = placeOf(name, options);
  const opened = await withBulkOptions(options, (bulk) => make(place, parameters, bulk));
  const stats = await closingAfter(opened, async ({ vault }) => vault.stats());
  if (options.json === true) {
    printJson({ name, parameters, stateBytes: stats.stateBytes });
    return;
  }
  const { capacity, layout, levels, cachedLevels } = parameters;
  const shape =
    layout === 'scan'
      ? 'one sealed item that every access reads and rewrites'
      : `a tree of ${levels} levels, of which the reader holds the first ${cachedLevels}`;
  print(
    `Vault ${name} holds ${capacity.toLocaleString('en')} records of ${valueBytes(parameters)} bytes: ${shape}.`,
  );
  if (place.kind === 'tables') {
    note(`Its key is in ${place.options.keyFile}: keep a copy, and put one where VAULT_KEYS names it.`);
  }
}

/** Loaded on use: both bring the AWS SDK, which costs do not need. */
async function make(place: VaultPlace, parameters: VaultParameters, bulk: BulkOptions): Promise<OpenedVault> {
  if (place.kind === 'directory') {
    const { createLocalVault } = await import('../../local/local-vault.ts');
    return await createLocalVault(place.options, parameters, bulk);
  }
  const { createTableVault } = await import('../../local/table-vault.ts');
  return await createTableVault(place.options, parameters, bulk);
}

async function load(name: string, file: string, options: BulkCommandOptions): Promise<void> {
  const records = await withVault(name, options, (opened) =>
    withBulkOptions(options, (bulk) =>
      opened.bulk((vault) => {
        const limits = { valueBytes: valueBytes(vault.parameters) };
        const chunks = file === '-' ? process.stdin : fileChunks(file);
        return vault.load(readRecords({ name: file, chunks }, limits), bulk);
      }),
    ),
  );
  if (options.json === true) printJson({ name, records });
  else print(`Vault ${name} holds ${records.toLocaleString('en')} records now.`);
}

async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk;
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `the file ${path} cannot be read`, { path }, { cause });
  }
}

async function reshuffle(name: string, options: ReshuffleOptions): Promise<void> {
  const acceptLoss = options.acceptLoss === true;
  const { kept, lost } = await withVault(name, options, (opened) =>
    withBulkOptions(options, (bulk) =>
      options.rotateKey === true
        ? opened.rotateKey({ ...bulk, acceptLoss })
        : opened.bulk((vault) => vault.reshuffle({ ...bulk, acceptLoss })),
    ),
  );
  if (options.json === true) printJson({ name, kept, lost });
  else print(`${kept.toLocaleString('en')} records kept, ${lost.toLocaleString('en')} lost.`);
}

async function destroy(name: string, options: DestroyOptions): Promise<void> {
  if (options.yes !== true) throw new CliError('USAGE', `nothing brings vault ${name} back: add --yes`);
  const place = placeOf(name, options);
  if (place.kind === 'directory') {
    await withVault(name, options, (opened) => withBulkOptions(options, (bulk) => opened.destroy(bulk)));
  } else {
    const { destroyTableVault } = await import('../../local/table-vault.ts');
    await withBulkOptions(options, (bulk) => destroyTableVault(place.options, bulk));
  }
  if (options.json === true) printJson({ name, destroyed: true });
  else print(`Vault ${name} is gone.`);
  if (place.kind === 'tables' && options.json !== true) {
    note(
      `Its key stays in ${place.options.keyFile} and wherever else you put it; backups of the tables open with it.`,
    );
  }
}
