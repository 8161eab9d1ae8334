/**
 * Which vault the vault's commands mean: one of the embedded tables in `--dir`, or one of tables that are there already
 * (`--tree-table`, `--state-table`, `--key`), on AWS or in a stand-in. Never both.
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { LocalVaultOptions } from '../local/local-vault.ts';
import type { TableVaultOptions } from '../local/table-vault.ts';
import { CliError } from './errors.ts';
import { decimal, httpUrl } from './options.ts';

/** Beside what else the command keeps in `.tacit`. */
const DEFAULT_VAULT_DIRECTORY = '.tacit/vaults';

const DEFAULT_WAIT_SECONDS = 10;
const MAX_WAIT_SECONDS = 3600;

interface DirectoryOptions {
  readonly dir?: string;
  /** Seconds. */
  readonly wait?: number;
}

interface TableOptions {
  readonly treeTable?: string;
  readonly stateTable?: string;
  readonly key?: string;
  readonly region?: string;
  readonly treeEndpoint?: string;
  readonly stateEndpoint?: string;
  readonly treeProfile?: string;
  readonly stateProfile?: string;
}

export interface VaultCommandOptions extends DirectoryOptions, TableOptions {
  readonly json?: boolean;
}

export type VaultPlace =
  | { readonly kind: 'directory'; readonly options: LocalVaultOptions }
  | { readonly kind: 'tables'; readonly options: TableVaultOptions };

const DIRECTORY_FLAGS = { dir: '--dir', wait: '--wait' } as const satisfies Flags<DirectoryOptions>;

const TABLE_FLAGS = {
  treeTable: '--tree-table',
  stateTable: '--state-table',
  key: '--key',
  region: '--region',
  treeEndpoint: '--tree-endpoint',
  stateEndpoint: '--state-endpoint',
  treeProfile: '--tree-profile',
  stateProfile: '--state-profile',
} as const satisfies Flags<TableOptions>;

type Flags<Options> = Readonly<Record<keyof Required<Options>, string>>;

export function withVaultOptions(command: Command): Command {
  return command
    .argument('<name>', 'of the vault', vaultName)
    .option('--dir <directory>', `its embedded tables and key (default: "${DEFAULT_VAULT_DIRECTORY}")`)
    .option(
      '--wait <seconds>',
      `with --dir: how long to wait for another process (default: ${DEFAULT_WAIT_SECONDS})`,
      decimal(0, MAX_WAIT_SECONDS),
    )
    .option('--tree-table <table>', 'in place of --dir: name or ARN of the DynamoDB table of its buckets')
    .option('--state-table <table>', 'name or ARN of the DynamoDB table of its client state')
    .option('--key <file>', 'of vault keys, as VAULT_KEYS names it; `create` makes it or adds to it')
    .option('--region <region>', 'of both tables, where no ARN says it (default: of the AWS configuration)')
    .option('--tree-endpoint <url>', 'of a stand-in for DynamoDB', httpUrl)
    .option('--state-endpoint <url>', 'of a stand-in for DynamoDB', httpUrl)
    .option('--tree-profile <name>', 'of the AWS configuration, for the tree table')
    .option('--state-profile <name>', 'of the AWS configuration, for the state table')
    .option('--json', 'print one JSON value');
}

/** @throws CliError USAGE where both kinds are named, or tables in part */
export function placeOf(name: string, options: VaultCommandOptions): VaultPlace {
  const [table] = given(options, TABLE_FLAGS);
  if (table === undefined) return { kind: 'directory', options: directoryOf(name, options) };
  const [directory] = given(options, DIRECTORY_FLAGS);
  if (directory !== undefined) {
    const detail = `${directory} is of embedded tables and ${table} of others: name one kind`;
    throw new CliError('USAGE', detail);
  }
  const { treeTable, stateTable, key, region, treeEndpoint, stateEndpoint, treeProfile, stateProfile } =
    options;
  if (treeTable === undefined || stateTable === undefined || key === undefined) {
    throw new CliError(
      'USAGE',
      'a vault in tables is named by --tree-table, --state-table and --key, all three',
    );
  }
  return {
    kind: 'tables',
    options: {
      name,
      keyFile: key,
      tree: tableOf(treeTable, region, treeEndpoint, treeProfile),
      state: tableOf(stateTable, region, stateEndpoint, stateProfile),
    },
  };
}

/** Of a command that has no use for other tables. @throws CliError USAGE */
export function directoryOnly(name: string, options: VaultCommandOptions, why: string): LocalVaultOptions {
  const [table] = given(options, TABLE_FLAGS);
  if (table === undefined) return directoryOf(name, options);
  throw new CliError('USAGE', `${table} has no use here: ${why}`);
}

function directoryOf(
  name: string,
  { dir = DEFAULT_VAULT_DIRECTORY, wait = DEFAULT_WAIT_SECONDS }: DirectoryOptions,
): LocalVaultOptions {
  return { directory: dir, name, waitMs: wait * 1000 };
}

function tableOf(
  table: string,
  region: string | undefined,
  endpoint: string | undefined,
  profile: string | undefined,
): TableVaultOptions['tree'] {
  return {
    table,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
  };
}

/** Flags among these that the command line has. */
function given(options: VaultCommandOptions, flags: Readonly<Record<string, string>>): readonly string[] {
  const named = new Set(Object.keys(options));
  return Object.entries(flags).flatMap(([option, flag]) => (named.has(option) ? [flag] : []));
}

function vaultName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('a vault name has 1 to 64 letters, digits, dots, hyphens or underscores');
}
