/**
 * The table of mutations is complete, its runs are reproducible, and the threat model shows it.
 */

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { MUTATIONS } from './catalogue.ts';
import { expectSafe, runThree } from './kit.ts';
import { layeredCase } from './layered-case.ts';
import { attack } from './mutations.suite.ts';
import { EXPECTED, renderMutations } from './mutations.ts';
import { verifiedRules } from './programs.ts';

const subject = await layeredCase('mutations');

test.each(EXPECTED)('every mutation has its place under $title, once', ({ cases }) => {
  expect(cases.flatMap(({ mutations }) => mutations).sort()).toEqual(Object.keys(MUTATIONS).sort());
});

test('nobody corrupt: all three have the outputs', async () => {
  const run = await runThree({ seed: 'nobody', program: subject.program });
  expectSafe(run, subject.expected, verifiedRules(subject.circuit));
  expect(run.results.map(({ ended }) => ended)).toEqual(['outputs', 'outputs', 'outputs']);
});

test('the same seed gives the same run, event for event', async () => {
  const once = () => attack(subject, 'twice', { step: 'and/1' }, 'random bytes', 1);
  const first = await once();
  const second = await once();
  expect(first.events).toEqual(second.events);
  expect(first.events.length).toBeGreaterThan(20);
});

test('the page about the kit shows its example as it runs', async () => {
  const example = await readText('./example.test.ts');
  expect(await readText('../../docs/adversary-kit.md')).toContain(`\`\`\`ts\n${example.trimEnd()}\n\`\`\``);
});

test('the threat model shows this table', async () => {
  const page = await readText('../../docs/threat-model.md');
  const shown = page.split('<!-- mutations:begin -->\n')[1]?.split('\n<!-- mutations:end -->')[0];
  expect(shown).toBe(renderMutations());
});

function readText(path: string): Promise<string> {
  return readFile(new URL(path, import.meta.url), 'utf8');
}
