import { describe, expect, test } from 'vitest';
import { tacit } from './run.ts';

describe.concurrent('tacit plan', () => {
  test('shows every way with what it costs, and picks one', async () => {
    const { code, stdout } = await tacit(
      'plan',
      '--bids',
      '100',
      '--bits',
      '32',
      '--rtt',
      '40',
      '--bandwidth',
      '32',
      '--json',
    );
    expect(code).toBe(0);
    const { ways, bids, candidates, protocol, comparison } = JSON.parse(stdout);
    expect([protocol, comparison.protocol]).toEqual(['verified', 'replicated']);
    expect([bids, candidates]).toEqual([100, 101]);
    expect(ways.length).toBeGreaterThan(3);
    expect(ways.filter(({ picked }: { picked: boolean }) => picked)).toHaveLength(1);
    const picked = ways.find((way: { picked: boolean }) => way.picked);
    expect(picked.timeMs).toBe(Math.min(...ways.map(({ timeMs }: { timeMs: number }) => timeMs)));
    for (const way of ways) {
      expect(way).toMatchObject({
        groups: expect.any(Array),
        rounds: expect.any(Number),
        ands: expect.any(Number),
        bytes: expect.any(Number),
        reason: expect.any(String),
      });
    }
  });

  test('for replicated has the same groupings without the check, and says whom it withstands', async () => {
    const args = ['plan', '--bids', '100', '--bits', '32', '--rtt', '40', '--bandwidth', '32'];
    const [verified, replicated, shown] = await Promise.all([
      tacit(...args, '--json'),
      tacit(...args, '--protocol', 'replicated', '--json'),
      tacit(...args, '--protocol', 'replicated'),
    ]);
    const one = JSON.parse(verified.stdout);
    const other = JSON.parse(replicated.stdout);
    const { picked: _, reason: __, ...best } = other.ways.find((way: { picked: boolean }) => way.picked);
    expect(one.comparison).toMatchObject({ protocol: 'replicated', ...best });
    expect(other.comparison.protocol).toBe('verified');
    const allPairs = [one.ways[0], other.ways[0]];
    expect(allPairs[0].ands).toBe(allPairs[1].ands);
    expect(allPairs[0].rounds - allPairs[1].rounds).toBe(3);
    expect(allPairs[0].bytes).toBeGreaterThan(allPairs[1].bytes);
    expect(shown.stdout).toContain('semi-honest');
    expect(shown.stdout).toMatch(/With verified: groups .+, \d+ rounds, [\d,]+ bytes a party, \d+ ms/);
  });
});
