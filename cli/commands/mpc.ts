/** `tacit mpc`: circuits of anyone's on our protocols, and ours for anyone's engine. */

import { Command } from 'commander';
import { mpcEvalCommand } from './mpc-eval.ts';
import { mpcExportCommand } from './mpc-export.ts';

export function mpcCommand(): Command {
  return new Command('mpc')
    .description('run Bristol Fashion circuits among three local parties, and write ours as such')
    .addCommand(mpcEvalCommand())
    .addCommand(mpcExportCommand());
}
