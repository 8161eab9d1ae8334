/** Who is told what by a deployment: the engine alone puts events, on the one bus that is named. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Permissions } from '../../local/rehearsal/permissions.ts';
import { accountOf } from '../../local/rehearsal/policy.ts';
import { type Synthesis, synthesise } from './synthesis.ts';

const WEBHOOK = 'https://bids.example/tacit';

let told: Synthesis;
let silent: Synthesis;

beforeAll(() => {
  told = synthesise({ events: { bus: 'tenders', webhooks: [WEBHOOK] }, detailedMetrics: true });
  silent = synthesise({ parties: [0] });
});

afterAll(() => {
  told?.dispose();
  silent?.dispose();
});

/** Variables of functions by a part of their names. */
function variablesOf({ stacks }: Synthesis): ReadonlyMap<string, Record<string, string>> {
  const functions = stacks[0]!.resources.filter(({ type }) => type === 'AWS::Lambda::Function');
  return new Map(
    functions.map(({ logicalId, properties }) => {
      const { Variables } = properties['Environment'] as { Variables: Record<string, string> };
      return [/^Functions([a-z]+)Function/.exec(logicalId)?.[1] ?? logicalId, Variables];
    }),
  );
}

test('the engine of each party puts events on the bus of its account, and nobody puts any elsewhere', () => {
  const permissions = new Permissions(told.stacks);
  const allowed: string[] = [];
  for (const { account, region } of told.stacks) {
    for (const bus of ['tenders', 'default', 'other']) {
      const arn = `arn:aws:events:${region}:${account}:event-bus/${bus}`;
      for (const role of permissions.roles) {
        if (permissions.call(role, 'events:PutEvents', arn) === 'allowed') allowed.push(`${role} ${bus}`);
      }
    }
  }
  expect(allowed).toEqual(
    told.stacks.map(({ account }) => `arn:aws:iam::${account}:role/tacit-engine tenders`),
  );
  expect(new Set(allowed.map(accountOf)).size).toBe(3);
});

test('the engine and the sweep know whom to tell, and no function behind HTTP does', () => {
  for (const [name, variables] of variablesOf(told)) {
    const knows = name === 'cleartender' || name === 'sweeptenders';
    expect([name, variables['EVENT_BUS'], variables['WEBHOOKS']]).toEqual([
      name,
      knows ? 'tenders' : undefined,
      knows ? JSON.stringify([WEBHOOK]) : undefined,
    ]);
    expect(variables['DETAILED_METRICS']).toBe('true');
  }
});

test('a deployment that names nobody tells nobody', () => {
  for (const [, variables] of variablesOf(silent)) {
    for (const name of ['EVENT_BUS', 'WEBHOOKS', 'DETAILED_METRICS'])
      expect(variables).not.toHaveProperty(name);
  }
  expect(JSON.stringify(silent.stacks)).not.toContain('events:PutEvents');
});
