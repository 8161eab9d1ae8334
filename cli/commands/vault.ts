/** `tacit vault`: records in a table that somebody else may watch, looked up without showing which. */

import { Command } from 'commander';
import { createCommand, destroyCommand, loadCommand, reshuffleCommand } from './vault-bulk.ts';
import { costCommand } from './vault-cost.ts';
import { deleteCommand, getCommand, hasCommand, putCommand } from './vault-records.ts';
import { vaultRemoteCommand } from './vault-remote.ts';
import { statsCommand, traceCommand } from './vault-reports.ts';

export function vaultCommand(): Command {
  return new Command('vault')
    .description('keep records and look them up without showing which')
    .addCommand(createCommand())
    .addCommand(loadCommand())
    .addCommand(getCommand())
    .addCommand(hasCommand())
    .addCommand(putCommand())
    .addCommand(deleteCommand())
    .addCommand(statsCommand())
    .addCommand(traceCommand())
    .addCommand(reshuffleCommand())
    .addCommand(destroyCommand())
    .addCommand(costCommand())
    .addCommand(vaultRemoteCommand());
}
