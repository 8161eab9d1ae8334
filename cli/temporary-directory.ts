/**
 * A directory that is gone when the work in it is over: also when Ctrl-C, SIGTERM or a closed terminal ends it.
 *
 * It holds keys of three parties, so it is never left behind. A second signal ends the command at once, as usual.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from './errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Processes that were told to end may still write for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/**
 * @param use must end when its signal aborts
 * @throws CliError INTERRUPTED after a signal, whatever `use` made of it
 */
export async function inTemporaryDirectory<Value>(
  use: (directory: string, signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const interrupt = (signal: NodeJS.Signals) =>
    controller.abort(new CliError('INTERRUPTED', `ended by ${signal}; nothing is left behind`));
  for (const name of SIGNALS) process.once(name, interrupt);
  const directory = await mkdtemp(join(tmpdir(), 'tacit-'));
  try {
    const value = await use(directory, controller.signal);
    controller.signal.throwIfAborted();
    return value;
  } catch (error) {
    // Parties that got the same signal make requests fail; the signal is the cause.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
    await rm(directory, REMOVAL);
  }
}
