#!/usr/bin/env node
/**
 * The entry point of `tacit`: turns Node's compile cache on, then loads the program.
 *
 * The cache (in the system's directory for temporary files) keeps compiled sources by their content, which
 * takes the start from about a second to a third of one. Imports above the call would not profit.
 */

import { enableCompileCache } from 'node:module';

enableCompileCache();
// Whoever reads the output may stop reading: `tacit ... | head` is no error.
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
  process.exit();
});
const { runProgram } = await import('./program.ts');
await runProgram(process.argv.slice(2));
