/** `tacit vault`: records in a table that somebody else may watch, looked up without showing which. */

import { Command } from 'commander';

/** Loaded when named: what talks to parties, or to tables, takes longer to load than a look-up takes. */
const COMMANDS = {
  create: async () => (await import('./vault-bulk.ts')).createCommand(),
  load: async () => (await import('./vault-bulk.ts')).loadCommand(),
  get: async () => (await import('./vault-records.ts')).getCommand(),
  has: async () => (await import('./vault-records.ts')).hasCommand(),
  put: async () => (await import('./vault-records.ts')).putCommand(),
  delete: async () => (await import('./vault-records.ts')).deleteCommand(),
  stats: async () => (await import('./vault-reports.ts')).statsCommand(),
  trace: async () => (await import('./vault-reports.ts')).traceCommand(),
  reshuffle: async () => (await import('./vault-bulk.ts')).reshuffleCommand(),
  destroy: async () => (await import('./vault-bulk.ts')).destroyCommand(),
  cost: async () => (await import('./vault-cost.ts')).costCommand(),
  remote: async () => (await import('./vault-remote.ts')).vaultRemoteCommand(),
} as const satisfies Readonly<Record<string, () => Promise<Command>>>;

/** @param named the subcommand alone; all of them where it names none, for help and errors */
export async function vaultCommand(named: string | undefined): Promise<Command> {
  const vault = new Command('vault').description('keep records and look them up without showing which');
  const matching = Object.entries(COMMANDS).filter(([name]) => name === named);
  const wanted = matching.length > 0 ? matching : Object.entries(COMMANDS);
  for (const command of await Promise.all(wanted.map(([, load]) => load()))) vault.addCommand(command);
  return vault;
}
