/** The table of mutations with party 1 corrupt. */

import { describeMutations } from './mutations.suite.ts';

await describeMutations(1);
