import { describe, expect, test } from 'vitest';
import { example, tacit, tacitProcess } from './run.ts';

const WRONG: readonly (readonly [string, readonly string[]])[] = [
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
];

describe('tacit', () => {
  test.each(WRONG)('ends with 2 and one line after %s', async (_what, args) => {
    const { code, stdout, stderr } = await tacit(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^USAGE: .+\n$/);
  });
});

// What the other tests rely on, which run most commands in their own process.
describe.concurrent('tacit as a process', () => {
  test.each([
    [0, ['plan', '--help']],
    [0, ['cost', 'auction', '--bids', '5', '--bits', '8', '--json']],
    [0, ['mpc', 'export', '--kind', 'adder', '--bits', '64']],
    [1, ['auction', 'run', '--tender', 'none.json', '--bids', 'none.csv', '--json']],
    [2, ['nonsense']],
    [3, ['outcome', 'A'.repeat(43), '--dir', 'none', '--json']],
  ] as const)('ends with %i, with the same output as here: %j', async (code, args) => {
    const [here, there] = await Promise.all([tacit(...args), tacitProcess(...args)]);
    expect(there.code).toBe(code);
    expect(here).toEqual(there);
  });
});
