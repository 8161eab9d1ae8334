/** The `tacit` command: its subcommands, and how it ends (`errors.ts` has the exit codes). */

import { Command, CommanderError } from 'commander';
import { CliError, EXIT } from './errors.ts';
import { fail } from './output.ts';

/** Loaded when named, because the auction's cryptography takes longer to load than a plan to make. */
const COMMANDS = {
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
  up: async () => (await import('./commands/up.ts')).upCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  tender: async () => (await import('./commands/tender.ts')).tenderCommand(),
  key: async () => (await import('./commands/key.ts')).keyCommand(),
  bid: async () => (await import('./commands/bid.ts')).bidCommand(),
  resend: async () => (await import('./commands/resend.ts')).resendCommand(),
  page: async () => (await import('./commands/page.ts')).pageCommand(),
  withdraw: async () => (await import('./commands/bid.ts')).withdrawCommand(),
  outcome: async () => (await import('./commands/outcome.ts')).outcomeCommand(),
  evidence: async () => (await import('./commands/evidence.ts')).evidenceCommand(),
  auction: async () => (await import('./commands/auction.ts')).auctionCommand(),
  consortium: async () => (await import('./commands/consortium.ts')).consortiumCommand(),
  cost: async () => (await import('./commands/cost.ts')).costCommand(),
  plan: async () => (await import('./commands/plan.ts')).planCommand(),
  vault: async (nested) => (await import('./commands/vault.ts')).vaultCommand(nested),
  mpc: async () => (await import('./commands/mpc.ts')).mpcCommand(),
} as const satisfies Readonly<Record<string, (nested: string | undefined) => Promise<Command>>>;

/** Runs one command line and sets the exit code of this process. @param args without the names of Node and the program */
export async function runProgram(args: readonly string[]): Promise<void> {
  const debug = args.includes('--debug');
  const json = args.includes('--json');
  try {
    await (await programFor(args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) fail(error, { json, debug });
    else if (error.exitCode === 0) process.exitCode = EXIT.done;
    else if (error.code === 'commander.help') process.exitCode = EXIT.usage;
    else fail(new CliError('USAGE', `${error.message.replace(/^error: /, '')}; see --help`), { json, debug });
  }
}

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('tacit')
    .description('Sealed-bid auctions that three distrusting operators clear in secret')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 refused or failed, 2 used wrongly, 3 not ready or not found, 130 ended by a signal.',
    );
  for (const command of await loadCommands(args)) program.addCommand(command);
  for (const command of [program, ...everyCommand(program)]) {
    command
      .option('--debug', 'show stack traces')
      .exitOverride()
      .configureOutput({ outputError: () => {} });
  }
  return program;
}

/** The command that is named alone; all of them where the first argument names none, for help and errors. */
async function loadCommands([name, nested]: readonly string[]): Promise<readonly Command[]> {
  const named = Object.entries(COMMANDS).filter(([known]) => known === name);
  const wanted = named.length > 0 ? named : Object.entries(COMMANDS);
  return await Promise.all(wanted.map(([, load]) => load(nested)));
}

function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}
