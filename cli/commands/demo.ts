/** `tacit demo`: an example procurement from end to end (`demonstration.ts`). */

import { Command } from 'commander';

export function demoCommand(): Command {
  return new Command('demo')
    .description('run an example procurement on three local party processes and show what each could see')
    .action(async () => {
      // Loaded on use: it brings the AWS SDK, which no other command needs.
      const { demonstrate } = await import('../demonstration.ts');
      await demonstrate();
    });
}
