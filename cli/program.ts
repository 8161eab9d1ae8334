/** The `tacit` command: its subcommands, and how it ends (`errors.ts` has the exit codes). */

import { Command, CommanderError } from 'commander';
import { CliError, EXIT } from './errors.ts';
import { fail } from './output.ts';

const debug = process.argv.includes('--debug');
const json = process.argv.includes('--json');

/** Loaded when named, because the auction's cryptography takes longer to load than a plan to make. */
const COMMANDS = {
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
  up: async () => (await import('./commands/up.ts')).upCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  tender: async () => (await import('./commands/tender.ts')).tenderCommand(),
  key: async () => (await import('./commands/key.ts')).keyCommand(),
  bid: async () => (await import('./commands/bid.ts')).bidCommand(),
  withdraw: async () => (await import('./commands/bid.ts')).withdrawCommand(),
  outcome: async () => (await import('./commands/outcome.ts')).outcomeCommand(),
  evidence: async () => (await import('./commands/evidence.ts')).evidenceCommand(),
  auction: async () => (await import('./commands/auction.ts')).auctionCommand(),
  consortium: async () => (await import('./commands/consortium.ts')).consortiumCommand(),
  cost: async () => (await import('./commands/cost.ts')).costCommand(),
  plan: async () => (await import('./commands/plan.ts')).planCommand(),
  vault: async () => (await import('./commands/vault.ts')).vaultCommand(process.argv[3]),
  mpc: async () => (await import('./commands/mpc.ts')).mpcCommand(),
} as const satisfies Readonly<Record<string, () => Promise<Command>>>;

const program = new Command('tacit')
  .description('Sealed-bid auctions that three distrusting operators clear in secret')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 refused or failed, 2 used wrongly, 3 not ready or not found, 130 ended by a signal.',
  );

for (const command of await loadCommands(process.argv[2])) program.addCommand(command);

for (const command of [program, ...everyCommand(program)]) {
  command
    .option('--debug', 'show stack traces')
    .exitOverride()
    .configureOutput({ outputError: () => {} });
}

/** Runs the command line of this process and sets its exit code. */
export async function runProgram(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) fail(error, { json, debug });
    else if (error.exitCode === 0) process.exitCode = EXIT.done;
    else if (error.code === 'commander.help') process.exitCode = EXIT.usage;
    else fail(new CliError('USAGE', `${error.message.replace(/^error: /, '')}; see --help`), { json, debug });
  }
}

/** The command of this name alone; all of them where the first argument names none, for help and errors. */
async function loadCommands(name: string | undefined): Promise<readonly Command[]> {
  const named = Object.entries(COMMANDS).filter(([known]) => known === name);
  const wanted = named.length > 0 ? named : Object.entries(COMMANDS);
  return await Promise.all(wanted.map(([, load]) => load()));
}

function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}
