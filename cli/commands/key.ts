/** `tacit key`: a bidder's key, made when missing, as a tender lists it. */

import { Command } from 'commander';
import { note, print } from '../output.ts';
import { DEFAULT_DIRECTORY, Workspace } from '../workspace.ts';

interface KeyOptions {
  readonly dir: string;
  readonly bidder: string;
}

export function keyCommand(): Command {
  return new Command('key')
    .description("print a bidder's entry for a tender's list of bidders; its key is made when missing")
    .requiredOption('--bidder <name>', "the bidder's name")
    .option('--dir <directory>', 'where keys are kept', DEFAULT_DIRECTORY)
    .action(showKey);
}

async function showKey({ dir, bidder }: KeyOptions): Promise<void> {
  const { publicKey, created } = await new Workspace(dir).bidderKey(bidder);
  if (created) note(`Made a key for ${bidder} under ${dir}; whoever has that file bids in this name.`);
  print(JSON.stringify({ name: bidder, publicKey }));
}
