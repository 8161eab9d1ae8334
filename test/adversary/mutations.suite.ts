/**
 * The whole table of mutations for one corrupt party: exactly the stated endings, never a wrong output, never an opening
 * before the check. One test file for each party, so that they run side by side.
 */

import { describe, expect, test } from 'vitest';
import { nextParty, type PartyIndex, previousParty } from '../../mpc/party.ts';
import { MUTATIONS, type MutationName } from './catalogue.ts';
import { expectSafe, outcomeOfParty, type Run, runThree } from './kit.ts';
import { type LayeredCase, layeredCase } from './layered-case.ts';
import { attackWith, type Target } from './mutation.ts';
import { EXPECTED } from './mutations.ts';
import { verifiedRules } from './programs.ts';

export async function describeMutations(corrupt: PartyIndex): Promise<void> {
  const subject = await layeredCase('mutations');
  describe(`party ${corrupt} corrupt`, () => {
    test.each(EXPECTED)('$title', async ({ title, target, cases }) => {
      for (const { mutations, previous, next } of cases) {
        for (const name of mutations) {
          const run = await attack(subject, title, target, name, corrupt);
          expectSafe(run, subject.expected, verifiedRules(subject.circuit));
          const left = outcomeOfParty(run, previousParty(corrupt));
          const right = outcomeOfParty(run, nextParty(corrupt));
          expect(previous, `${run.seed}: the previous party`).toContain(left);
          expect(next, `${run.seed}: the next party`).toContain(right);
        }
      }
    });
  });
}

export function attack(
  { program }: LayeredCase,
  title: string,
  target: Target,
  name: MutationName,
  corrupt: PartyIndex,
): Promise<Run> {
  return runThree({
    seed: `${title}, ${name}, party ${corrupt}`,
    program,
    earlierAttempt: name.includes('replay'),
    ...attackWith(corrupt, target, MUTATIONS[name]()),
  });
}
