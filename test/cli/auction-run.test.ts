import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { example, tacit, tacitProcess } from './run.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

const ROAD_LOTS = [
  { lot: 'A', outcome: 'awarded', winner: 'Cairn & Sons Paving', price: '1399999.99' },
  { lot: 'B', outcome: 'awarded', winner: 'Jessop Infrastructure', price: '836900.00' },
  { lot: 'C', outcome: 'awarded', winner: 'Northmoor Highways', price: '381999.90' },
];

// Some of them run processes, and both cores of a small machine have work.
describe.concurrent('tacit auction run', () => {
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
    expect(stats).toMatchObject({ bids: 24, bits: 28, protocol: 'verified' });
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

  // The default protocol over processes is what the demonstration runs.
  test('over three processes, with the protocol, a deadline and invited bidders, comes to the same lots as in one', {
    timeout: 240_000,
  }, async () => {
    const closesAt = new Date(Date.now() + 600_000).toISOString();
    const [, path, ...bids] = example('road-resurfacing');
    const rows = (await readFile(bids[1]!, 'utf8')).trim().split('\n').slice(1);
    const bidders = [...new Set(rows.map((row) => row.split(',')[0]))].map((name) => ({
      name,
      invite: true,
    }));
    const spec = { ...JSON.parse(await readFile(path!, 'utf8')), closesAt, bidders };
    const tender = ['--tender', await fileOf('closing.json', JSON.stringify(spec)), ...bids];
    const args = ['auction', 'run', ...tender, '--protocol', 'replicated', '--json'];
    const [memory, outbox] = await Promise.all([
      tacit(...args),
      tacitProcess(...args, '--channel', 'outbox', '--progress'),
    ]);
    expect(outbox).toMatchObject({ code: 0 });
    expect(outbox.stderr).toContain('three party processes are up');
    const { lots, stats } = JSON.parse(outbox.stdout);
    expect(lots).toEqual(ROAD_LOTS);
    // Gates and rounds may differ: a busy machine looks like a slow link, for which there is another plan.
    for (const { protocol, bids: live, bits, rounds, ands, bytesSent, predicted } of [
      JSON.parse(memory.stdout).stats,
      stats,
    ]) {
      expect([protocol, live, bits]).toEqual(['replicated', 24, 28]);
      expect(bytesSent).toEqual([predicted.bytes, predicted.bytes, predicted.bytes]);
      expect({ rounds, ands, bytes: predicted.bytes }).toEqual(predicted);
    }
  });

  test('over three processes refuses a deadline that has passed, which in memory is played', async () => {
    const [, path, ...bids] = example('timber-sale');
    const spec = { ...JSON.parse(await readFile(path!, 'utf8')), closesAt: '2020-02-02T12:00:00Z' };
    const args = ['auction', 'run', '--tender', await fileOf('past.json', JSON.stringify(spec)), ...bids];
    const [memory, outbox] = await Promise.all([
      tacit(...args, '--protocol', 'clear'),
      tacitProcess(...args, '--channel', 'outbox'),
    ]);
    expect(memory.code).toBe(0);
    expect(outbox).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^DEADLINE_PASSED: /),
    });
  });

  test('clears a tender that lists its bidders with their keys, and says what to do without them', async () => {
    const [, path, ...bids] = example('fire-station-lease');
    const rows = (await readFile(bids[1]!, 'utf8')).trim().split('\n').slice(1);
    const names = [...new Set(rows.map((row) => row.split(',')[0]!))];
    const entries = await Promise.all(
      names.map(async (name) =>
        JSON.parse((await tacit('key', '--bidder', name, '--dir', directory)).stdout),
      ),
    );
    expect(entries.map(({ name }) => name)).toEqual(names);
    const spec = { ...JSON.parse(await readFile(path!, 'utf8')), bidders: entries };
    const args = ['auction', 'run', '--tender', await fileOf('listed.json', JSON.stringify(spec)), ...bids];
    const invitations = entries.map(({ name, publicKey }) => ({ name, invitation: publicKey }));
    const other = await fileOf('elsewhere.json', JSON.stringify({ ...spec, bidders: invitations }));
    const [listed, without, unknown, elsewhere] = await Promise.all([
      tacit(...args, '--bidder-keys', join(directory, 'keys', 'bidders'), '--json'),
      tacit(...args),
      tacit(
        ...args.slice(0, -1),
        await fileOf('stranger.csv', 'bidder,amount\nStranger,5\n'),
        '--bidder-keys',
        join(directory, 'keys', 'bidders'),
      ),
      tacit('auction', 'run', '--tender', other, ...bids),
    ]);
    expect(listed.code).toBe(0);
    expect(JSON.parse(listed.stdout).lots).toMatchObject([{ reason: 'reserve-not-met' }]);
    expect(without.stderr).toMatch(/^BIDDER_KEY_MISSING: .*--bidder-keys/);
    expect(elsewhere.stderr).toMatch(/^BIDDER_KEY_MISSING: .*made elsewhere/);
    expect(unknown.stderr).toMatch(/^BIDDER_KEY_MISSING: .*Stranger is not among them/);
  });

  test('without --json prints a table for people', async () => {
    const { code, stdout } = await tacit('auction', 'run', ...example('fire-station-lease'));
    expect(code).toBe(0);
    expect(stdout).toContain('no bid meets the reserve');
    expect(stdout).toContain('Protocol verified withstands one of the three parties, malicious');
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

  test('reads files with a byte-order mark, and refuses what is not UTF-8 before two names become one', async () => {
    const [, spec = '', , bids = ''] = example('road-resurfacing');
    const marked = await fileOf('marked.json', `\ufeff${await readFile(spec, 'utf8')}`);
    const latin = Buffer.from('bidder,lot,amount\nM\u00fcller,A,1.00\nM\u00f6ller,A,2.00\n', 'latin1');
    const run = (file: string) =>
      tacit('auction', 'run', '--tender', marked, '--bids', file, '--protocol', 'clear', '--json');
    expect(JSON.parse((await run(bids)).stdout).lots).toEqual(ROAD_LOTS);
    expect(await run(await fileOf('latin.csv', latin))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^FILE_UNREADABLE: .*not UTF-8.*\n/),
    });
  });

  test('refuses files that are missing, no JSON, or no tender', async () => {
    const run = (tender: string) => tacit('auction', 'run', '--tender', tender, '--bids', '/dev/null');
    const [missing, text, refused] = await Promise.all([
      run(join(directory, 'none.json')),
      run(await fileOf('text.json', 'no')),
      run(await fileOf('tender.json', '{"title":"x","colour":"red"}')),
    ]);
    const unreadable = { code: 1, stderr: expect.stringMatching(/^FILE_UNREADABLE: /) };
    expect(missing).toMatchObject(unreadable);
    expect(text).toMatchObject(unreadable);
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^TENDER_MALFORMED: .+\n$/),
    });
  });
});
