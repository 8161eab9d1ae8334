/** The table of mutations with party 0 corrupt. */

import { describeMutations } from './mutations.suite.ts';

await describeMutations(0);
