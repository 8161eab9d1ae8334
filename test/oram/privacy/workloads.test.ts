/**
 * Any two workloads of equal length look the same to whoever owns both tables: the same calls, counts, bytes and keys
 * but for the leaves, and leaves that are uniform and independent of everything.
 *
 * Samples: 1500 epochs of one and 300 of eight a workload, 64 leaves. Every single statistic raises a false alarm with
 * probability 10^-6 (statistics.ts names them); the seed is fixed and in the title, and `npm run soak -- privacy` runs with
 * fresh ones. planted-leaks.test.ts shows that the same tests see leaks.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import type { VaultOperation } from '../../../oram/vault.ts';
import { SeededRandom } from '../seeded-random.ts';
import { copyOf, open, type Tables } from '../tree-world.ts';
import { alarmsOfInterrupted, CALLS, failing, type Interrupted, interrupt, NEXT } from './interrupted.ts';
import { ALARM, binomialTail } from './statistics.ts';
import { alarmsOf, differencesOf, type View } from './table-owner.ts';
import { BATCHES, observe, PARAMETERS, prepare, SINGLES } from './workloads.ts';

const SEED = 20_260_101;

let tables: Tables;
beforeAll(async () => {
  tables = await prepare(SEED);
});

type Workloads = Readonly<Record<string, (index: number) => VaultOperation | readonly VaultOperation[]>>;

const KINDS: readonly {
  readonly kind: string;
  readonly workloads: Workloads;
  readonly epochs: number;
  readonly draws: number;
}[] = [
  { kind: 'epochs of one', workloads: SINGLES, epochs: 1500, draws: 1 },
  { kind: 'epochs of eight', workloads: BATCHES, epochs: 300, draws: 8 },
];

describe.each(KINDS)('$kind, seed 20260101, false alarms 10^-6 each', ({ workloads, epochs, draws }) => {
  let reference: View;
  beforeAll(async () => {
    const random = new SeededRandom(SEED, 'reference');
    reference = await observe(tables, Object.values(workloads)[1]!, epochs, random);
  });

  test.each(Object.keys(workloads))('%s', async (name) => {
    const view = await observe(tables, workloads[name]!, epochs, new SeededRandom(SEED, name));
    expect(view.epochs).toHaveLength(epochs);
    expect(view.shape.filter((call) => call.includes('paths'))).toHaveLength(2 * epochs);
    expect(alarmsOf(view, PARAMETERS, draws)).toEqual([]);
    expect(differencesOf(view, reference, PARAMETERS)).toEqual([]);
  });
});

describe.each([
  { what: 'an access', dummies: 0 },
  { what: 'an access that carries a checkpoint', dummies: PARAMETERS.checkpointOperations },
])('$what cut off at any call, then another process with any request, seed 20260101', ({ dummies }) => {
  let before: Tables;
  beforeAll(async () => {
    before = copyOf(tables);
    const vault = await open(before, { random: new SeededRandom(SEED, 'dummies').bytes });
    for (let count = 0; count < dummies; count++) await vault.dummy();
  });

  const points = CALLS.flatMap((name, call) =>
    (['before', 'after'] as const).map((moment) => ({ name, call, moment })),
  );

  test.each(points)(
    '$moment $name: the same calls, the same path once more, then a fresh one',
    async (point) => {
      const calls = new Set<string>();
      for (const [name, nextOf] of Object.entries(NEXT)) {
        const random = new SeededRandom(SEED, `${point.call} ${point.moment} ${name}`);
        const seen: Interrupted[] = [];
        for (let record = 0; record < 8; record++) {
          const { call, moment } = point;
          seen.push(await interrupt(copyOf(before), record, nextOf(record), call, moment, random));
        }
        for (const { calls: after } of seen) calls.add(after.join('\n'));
        expect(alarmsOfInterrupted(seen)).toEqual([]);
      }
      expect([...calls]).toHaveLength(1);
    },
  );
});

test.each(Object.keys(NEXT))(
  'reads that fail three times in a row, then %s: the same path four times, then a fresh one, seed 20260101',
  async (name) => {
    const random = new SeededRandom(SEED, `failing ${name}`);
    let again = 0;
    for (let record = 0; record < 8; record++) {
      const leaves = await failing(copyOf(tables), record, NEXT[name]!(record), 3, random);
      expect(leaves).toHaveLength(5);
      expect(new Set(leaves.slice(0, 4)).size).toBe(1);
      if (leaves[4] === leaves[0]) again += 1;
    }
    expect(binomialTail(again, 8, 1 / 64)).toBeGreaterThan(ALARM);
  },
);
