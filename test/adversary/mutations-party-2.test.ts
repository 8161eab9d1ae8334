/** The table of mutations with party 2 corrupt. */

import { describeMutations } from './mutations.suite.ts';

await describeMutations(2);
