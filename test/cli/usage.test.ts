import { describe, expect, test } from 'vitest';
import { example, tacit } from './run.ts';

describe.concurrent('tacit', () => {
  test.each([
    ['an unknown command', ['nonsense']],
    ['a missing option', ['plan', '--bids', '3']],
    ['a number out of bounds', ['plan', '--bids', '0', '--bits', '8', '--rtt', '1', '--bandwidth', '1']],
    ['a choice that is none', ['auction', 'run', ...example('timber-sale'), '--protocol', 'magic']],
    [
      'a plan for a protocol of one place',
      ['plan', '--bids', '3', '--bits', '8', '--rtt', '1', '--bandwidth', '1', '--protocol', 'clear'],
    ],
    [
      'options that exclude each other',
      ['auction', 'run', ...example('timber-sale'), '--protocol', 'clear', '--channel', 'outbox'],
    ],
  ])('ends with 2 and one line after %s', async (_what, args) => {
    const { code, stdout, stderr } = await tacit(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^USAGE: .+\n$/);
  });
});
