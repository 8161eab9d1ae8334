/** The `tacit` command: its subcommands, and how it ends (`errors.ts` has the exit codes). */

import { Command, CommanderError } from 'commander';
import { auctionCommand } from './commands/auction.ts';
import { bidCommand, withdrawCommand } from './commands/bid.ts';
import { demoCommand } from './commands/demo.ts';
import { keyCommand } from './commands/key.ts';
import { mpcCommand } from './commands/mpc.ts';
import { outcomeCommand } from './commands/outcome.ts';
import { planCommand } from './commands/plan.ts';
import { tenderCommand } from './commands/tender.ts';
import { upCommand } from './commands/up.ts';
import { CliError, EXIT } from './errors.ts';
import { fail } from './output.ts';

const debug = process.argv.includes('--debug');
const json = process.argv.includes('--json');

const program = new Command('tacit')
  .description('Sealed-bid auctions that three distrusting operators clear in secret')
  .addCommand(demoCommand())
  .addCommand(upCommand())
  .addCommand(tenderCommand())
  .addCommand(keyCommand())
  .addCommand(bidCommand())
  .addCommand(withdrawCommand())
  .addCommand(outcomeCommand())
  .addCommand(auctionCommand())
  .addCommand(planCommand())
  .addCommand(mpcCommand())
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 refused or failed, 2 used wrongly, 3 not ready or not found, 130 ended by a signal.',
  );

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

function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}
