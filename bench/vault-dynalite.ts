/** dynalite in a process of its own, for benchmarks: it sends its endpoint to its parent and runs until it is killed. */

import process from 'node:process';
import { startLocalDynamodb } from '../test/support/dynalite.ts';

const { endpoint } = await startLocalDynamodb();
process.on('disconnect', () => process.exit());
process.send?.(endpoint);
