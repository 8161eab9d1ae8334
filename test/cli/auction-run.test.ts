import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { example, tacit } from './run.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const ROAD_LOTS = [
  { lot: 'A', outcome: 'awarded', winner: 'Cairn & Sons Paving', price: '1399999.99' },
  { lot: 'B', outcome: 'awarded', winner: 'Jessop Infrastructure', price: '836900.00' },
  { lot: 'C', outcome: 'awarded', winner: 'Northmoor Highways', price: '381999.90' },
];

describe('tacit auction run', () => {
  test('prints exactly one object with lots and statistics', async () => {
    const { code, stdout, stderr } = await tacit('auction', 'run', ...example('road-resurfacing'), '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.endsWith('}\n') && !stdout.slice(0, -1).includes('\n')).toBe(true);
    const run = JSON.parse(stdout);
    expect(Object.keys(run)).toEqual(['lots', 'stats']);
    expect(run.lots).toEqual(ROAD_LOTS);
    const { stats } = run;
    expect(Object.keys(stats).sort()).toEqual(
      ['ands', 'bids', 'bits', 'bytesSent', 'clearingMs', 'predicted', 'protocol', 'rounds'].sort(),
    );
    expect(stats).toMatchObject({ bids: 24, bits: 28, protocol: 'replicated' });
    expect(stats.predicted).toEqual({ rounds: stats.rounds, ands: stats.ands, bytes: stats.bytesSent[0] });
    expect(stats.bytesSent).toHaveLength(3);
  });

  test.each([
    [
      'timber-sale',
      [
        { lot: 'oak', outcome: 'awarded', winner: 'Furnier Adler', price: '318500.00' },
        { lot: 'beech', outcome: 'awarded', winner: 'Sägewerk Clausen', price: '120000.00' },
      ],
    ],
    ['fire-station-lease', [{ outcome: 'no-sale', reason: 'reserve-not-met' }]],
  ])('clears %s in the clear to what its README says', async (name, lots) => {
    const { code, stdout } = await tacit('auction', 'run', ...example(name), '--protocol', 'clear', '--json');
    expect(code).toBe(0);
    const run = JSON.parse(stdout);
    expect(run.lots).toMatchObject(lots);
    expect(run.stats).toMatchObject({ protocol: 'clear', rounds: 0, bytesSent: [0, 0, 0] });
  });

  test('over three processes comes to the same lots, gates and bytes', { timeout: 60_000 }, async () => {
    const args = ['auction', 'run', ...example('road-resurfacing'), '--json'];
    const [memory, outbox] = [
      await tacit(...args),
      await tacit(...args, '--channel', 'outbox', '--progress'),
    ];
    expect(outbox.code).toBe(0);
    expect(outbox.stderr).toContain('three party processes are up');
    const { lots, stats } = JSON.parse(outbox.stdout);
    expect(lots).toEqual(ROAD_LOTS);
    const { clearingMs: _, ...counted } = JSON.parse(memory.stdout).stats;
    expect(stats).toMatchObject(counted);
  });

  test('without --json prints a table for people', async () => {
    const { code, stdout } = await tacit('auction', 'run', ...example('fire-station-lease'));
    expect(code).toBe(0);
    expect(stdout).toContain('no bid meets the reserve');
  });

  test('refuses a bad row before anything starts, naming line and field but not the amount', async () => {
    const bids = await fileOf('bids.csv', 'bidder,lot,amount\nAcme,A,12.50\nBolt,A,77777.123\n');
    const [option, tender] = example('road-resurfacing');
    const { code, stdout, stderr } = await tacit(
      'auction',
      'run',
      option!,
      tender!,
      '--bids',
      bids,
      '--json',
    );
    expect([code, stdout]).toEqual([1, '']);
    const [line, problem] = stderr.trim().split('\n');
    expect(line).toMatch(/^AMOUNT_TOO_PRECISE: line 3, field amount: /);
    expect(JSON.parse(problem!)).toMatchObject({
      code: 'AMOUNT_TOO_PRECISE',
      facts: { line: 3, field: 'amount' },
    });
    expect(stderr).not.toContain('77777');
  });

  test('refuses files that are missing, no JSON, or no tender', async () => {
    const run = (tender: string) => tacit('auction', 'run', '--tender', tender, '--bids', '/dev/null');
    expect(await run(join(directory, 'none.json'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^FILE_UNREADABLE: /),
    });
    expect(await run(await fileOf('text.json', 'no'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^FILE_UNREADABLE: /),
    });
    const refused = await run(await fileOf('tender.json', '{"title":"x","colour":"red"}'));
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^TENDER_MALFORMED: .+\n$/),
    });
  });
});

describe('tacit', () => {
  test.each([
    ['an unknown command', ['nonsense']],
    ['a missing option', ['plan', '--bids', '3']],
    ['a number out of bounds', ['plan', '--bids', '0', '--bits', '8', '--rtt', '1', '--bandwidth', '1']],
    ['a choice that is none', ['auction', 'run', ...example('timber-sale'), '--protocol', 'magic']],
    [
      'options that exclude each other',
      ['auction', 'run', ...example('timber-sale'), '--protocol', 'clear', '--channel', 'outbox'],
    ],
  ])('ends with 2 and one line after %s', async (_what, args) => {
    const { code, stdout, stderr } = await tacit(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^USAGE: .+\n$/);
  });

  test('plan shows every way with what it costs, and picks one', async () => {
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
    const { ways, bids, candidates } = JSON.parse(stdout);
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

  test('demo ends by itself with every check passed', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await tacit('demo');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Signed by parties 0, 1, 2');
    expect(stdout).toContain('semi-honest');
    expect(stdout).toMatch(/0 of 21\s+3/);
  });
});
