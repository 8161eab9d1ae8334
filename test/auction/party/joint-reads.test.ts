/** A joint answer must be as fresh as a read of one's own: no read that began before the question may answer it. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JointReads } from '../../../auction/party/joint-reads.ts';

describe('joint reads', () => {
  test('show every write that ended before the question, whatever the order of reads and writes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.boolean(), { maxLength: 30 }),
        async (scheduler, steps) => {
          let stored = 0;
          const reads = new JointReads(async () => {
            await scheduler.schedule(Promise.resolve());
            const seen = stored;
            await scheduler.schedule(Promise.resolve());
            return seen;
          });
          const checks = steps.map(async (isWrite, step) => {
            await scheduler.schedule(Promise.resolve(), `step ${step}`);
            if (isWrite) {
              stored += 1;
              return;
            }
            const before = stored;
            expect(await reads.read('tender')).toBeGreaterThanOrEqual(before);
          });
          await scheduler.waitFor(Promise.all(checks));
        },
      ),
    );
  });

  test('need two reads for any number of askers at once, and one for each that asks alone', async () => {
    let begun = 0;
    const reads = new JointReads(async (key: string) => `${key} ${++begun}`);
    const answers = await Promise.all(Array.from({ length: 100 }, () => reads.read('a')));
    expect(new Set(answers)).toEqual(new Set(['a 1', 'a 2']));
    expect(await reads.read('a')).toBe('a 3');
    expect(await reads.read('a')).toBe('a 4');
  });

  test('keep different things apart, and go on after a failure', async () => {
    let failing = true;
    const reads = new JointReads(async (key: string) => {
      if (failing) throw new Error(`cannot read ${key}`);
      return key;
    });
    const failed = await Promise.allSettled([reads.read('a'), reads.read('b'), reads.read('a')]);
    expect(failed.map((result) => result.status === 'rejected' && String(result.reason))).toEqual([
      'Error: cannot read a',
      'Error: cannot read b',
      'Error: cannot read a',
    ]);
    failing = false;
    expect(await Promise.all([reads.read('a'), reads.read('b')])).toEqual(['a', 'b']);
  });
});
