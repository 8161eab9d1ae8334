/** `tacit evidence check`, with evidence from a real abort. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tacit } from '../cli/run.ts';
import { CheatingWorld } from './party/blame-world.ts';

let directory: string;
let tenderId: string;

const path = (name: string) => join(directory, name);
const write = (name: string, json: unknown) => writeFile(path(name), JSON.stringify(json));
const check = (evidence: string, tender: string, ...more: readonly string[]) =>
  tacit('evidence', 'check', path(evidence), '--tender', path(tender), ...more);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-evidence-'));
  const cheating = await CheatingWorld.closed();
  cheating.listsBackwards();
  const [blame] = await cheating.blames([0], ['CLOSING_LIST_MALFORMED']);
  if (blame?.kind !== 'proven') throw new Error('not proven');
  const { id, signed } = cheating.world.tender;
  tenderId = id;
  await write('evidence.json', blame.evidence);
  await write('against-1.json', { ...blame.evidence, party: 1 });
  await write('tender.json', signed);
  await write('shown.json', { id, signed, phases: ['closing', 'closing', 'closing'] });
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test('says who is at fault and why, with exit code 0', async () => {
  const said = await check('evidence.json', 'tender.json');
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout).toContain('Party 2 is at fault: list-breaks-rules');
  const told = await check('evidence.json', 'shown.json', '--json');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(told.stdout)).toEqual({
    tender: tenderId,
    party: 2,
    fault: 'list-breaks-rules',
    sentence: expect.stringContaining('it is not sorted by hash'),
  });
});

test('ends with exit code 1 where nothing is proven', async () => {
  for (const [evidence, tender, code] of [
    ['against-1.json', 'tender.json', 'EVIDENCE_SIGNATURE'],
    ['tender.json', 'tender.json', 'EVIDENCE_MALFORMED'],
    ['evidence.json', 'evidence.json', 'TENDER_MALFORMED'],
    ['missing.json', 'tender.json', 'FILE_UNREADABLE'],
  ] as const) {
    const ran = await check(evidence, tender);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(new RegExp(`^${code}: `));
  }
});

test('is used wrongly without a tender', async () => {
  expect(await tacit('evidence', 'check', path('evidence.json'))).toMatchObject({ code: 2 });
});
