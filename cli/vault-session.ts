/**
 * How the vault's commands open a vault, wherever it is, and close it again, whatever happens, and how long ones show
 * where they are.
 */

import type { Command } from 'commander';
import type { OpenedVault } from '../local/opened-vault.ts';
import type { BulkOptions, Progress } from '../oram/vault.ts';
import { CliError } from './errors.ts';
import { note } from './output.ts';
import { placeOf, type VaultCommandOptions, type VaultPlace } from './vault-place.ts';

export interface ProgressOptions {
  readonly progress?: boolean;
}

export function withProgress(command: Command): Command {
  return command.option('--progress', 'show on stderr where it is, also where that is no terminal');
}

/** Opens the vault for `use` and closes it before the result is shown. */
export async function withVault<Value>(
  name: string,
  options: VaultCommandOptions,
  use: (opened: OpenedVault) => Promise<Value>,
): Promise<Value> {
  return await closingAfter(await open(placeOf(name, options)), use);
}

/** Loaded on use: both bring the AWS SDK, which costs and traces do not need. */
async function open(place: VaultPlace): Promise<OpenedVault> {
  if (place.kind === 'directory') {
    const { openLocalVault } = await import('../local/local-vault.ts');
    return await openLocalVault(place.options);
  }
  const { openTableVault } = await import('../local/table-vault.ts');
  return await openTableVault(place.options);
}

export async function closingAfter<Value>(
  opened: OpenedVault,
  use: (opened: OpenedVault) => Promise<Value>,
): Promise<Value> {
  try {
    return await use(opened);
  } finally {
    await opened.close();
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
