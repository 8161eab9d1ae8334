/**
 * How the vault's commands open a vault in `--dir` and close it again, whatever happens, and how long ones show
 * where they are.
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { LocalVault } from '../local/local-vault.ts';
import type { BulkOptions, Progress } from '../oram/vault.ts';
import { CliError } from './errors.ts';
import { decimal } from './options.ts';
import { note } from './output.ts';

/** Beside what else the command keeps in `.tacit`. */
const DEFAULT_VAULT_DIRECTORY = '.tacit/vaults';

const DEFAULT_WAIT_SECONDS = 10;
const MAX_WAIT_SECONDS = 3600;

export interface VaultCommandOptions {
  readonly dir: string;
  /** Seconds. */
  readonly wait: number;
  readonly json?: boolean;
}

export interface ProgressOptions {
  readonly progress?: boolean;
}

export function withVaultOptions(command: Command): Command {
  return command
    .argument('<name>', 'of the vault', vaultName)
    .option('--dir <directory>', 'its tables and key', DEFAULT_VAULT_DIRECTORY)
    .option(
      '--wait <seconds>',
      'how long to wait for another process that uses the directory',
      decimal(0, MAX_WAIT_SECONDS),
      DEFAULT_WAIT_SECONDS,
    )
    .option('--json', 'print one JSON value');
}

export function withProgress(command: Command): Command {
  return command.option('--progress', 'show on stderr where it is, also where that is no terminal');
}

function vaultName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('a vault name has 1 to 64 letters, digits, dots, hyphens or underscores');
}

export function localVaultOptions(name: string, { dir, wait }: VaultCommandOptions) {
  return { directory: dir, name, waitMs: wait * 1000 };
}

/** Opens the vault for `use` and closes it before the result is shown. */
export async function withVault<Value>(
  name: string,
  options: VaultCommandOptions,
  use: (local: LocalVault) => Promise<Value>,
): Promise<Value> {
  // Loaded on use: it brings the AWS SDK, which costs and traces do not need.
  const { openLocalVault } = await import('../local/local-vault.ts');
  return await closingAfter(await openLocalVault(localVaultOptions(name, options)), use);
}

export async function closingAfter<Value>(
  local: LocalVault,
  use: (local: LocalVault) => Promise<Value>,
): Promise<Value> {
  try {
    return await use(local);
  } finally {
    await local.close();
  }
}

const PHASES = {
  reading: 'reading',
  placing: 'placing blocks',
  writing: 'writing buckets',
  removing: 'removing what is old',
} as const satisfies Readonly<Record<Progress['phase'], string>>;

/** Between two lines where each stays. */
const LINE_INTERVAL_MS = 1000;
/** Between two states of one line. */
const REWRITE_INTERVAL_MS = 100;

/**
 * Runs a long operation with progress on stderr where it is asked for or a terminal, stopped safely by Ctrl-C.
 * @throws CliError INTERRUPTED after a signal; the vault is then as before
 */
export async function withBulkOptions<Value>(
  { progress }: ProgressOptions,
  run: (options: BulkOptions) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const interrupt = () =>
    controller.abort(new CliError('INTERRUPTED', 'ended by a signal; the vault is as it was before'));
  process.once('SIGINT', interrupt);
  const terminal = process.stderr.isTTY === true;
  const show = terminal || progress === true ? progressPrinter(terminal) : undefined;
  try {
    return await run({
      signal: controller.signal,
      ...(show === undefined ? {} : { onProgress: show.update }),
    });
  } catch (error) {
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    show?.end();
    process.off('SIGINT', interrupt);
  }
}

function progressPrinter(terminal: boolean): {
  readonly update: (progress: Progress) => void;
  readonly end: () => void;
} {
  let shown: { readonly phase: Progress['phase']; readonly at: number } | undefined;
  const interval = terminal ? REWRITE_INTERVAL_MS : LINE_INTERVAL_MS;
  return {
    update: ({ phase, done, total }) => {
      const now = performance.now();
      const finished = done === total;
      if (shown?.phase === phase && !finished && now - shown.at < interval) return;
      shown = { phase, at: now };
      const text = `${PHASES[phase]}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`;
      if (terminal) process.stderr.write(`\r\u001b[K${text}${finished ? '\n' : ''}`);
      else note(text);
    },
    end: () => {
      if (terminal && shown !== undefined) process.stderr.write('\r\u001b[K');
    },
  };
}
