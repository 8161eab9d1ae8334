import { describeMutations } from './mutations.suite.ts';

await describeMutations(1);
