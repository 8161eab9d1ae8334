import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConsortium } from '../../local/consortium.ts';
import { type Ran, tacit, tacitUntil } from './run.ts';

const SPEC = fileURLToPath(new URL('../../examples/timber-sale/tender.json', import.meta.url));
const UNKNOWN = 'A'.repeat(43);

let directory: string;
let up: ChildProcess;

/** Away from the default ports, where somebody may have parties up. */
const PORT = 20_000 + (process.pid % 10_000);

const start = () => tacitUntil('Ctrl-C ends them', 'up', '--dir', directory, '--port', String(PORT));

async function stop(): Promise<void> {
  const exited = once(up, 'exit');
  up.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  up = await start();
});

afterAll(async () => {
  up?.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

const run = (...args: readonly string[]): Promise<Ran> => tacit(...args, '--dir', directory);
const json = ({ stdout }: Ran) => JSON.parse(stdout);

async function createTender(): Promise<string> {
  return json(await run('tender', 'create', '--spec', SPEC, '--closes-in', '10m', '--json')).id;
}

describe('the commands of auctioneer and bidders', () => {
  test('run a tender from publication to outcome, across a restart of all parties', {
    timeout: 60_000,
  }, async () => {
    const id = await createTender();
    const bid = (bidder: string, lot: string, amount: string) =>
      run('bid', '--tender', id, '--bidder', bidder, '--lot', lot, '--amount', amount, '--json');
    for (const [bidder, lot, amount, version] of [
      ['Furnier Adler', 'oak', '300000', 1],
      ['Sägewerk Clausen', 'oak', '310000.50', 1],
      ['Furnier Adler', 'oak', '318500.00', 2],
      ['Furnier Adler', 'beech', '130000', 1],
    ] as const) {
      const ran = await bid(bidder, lot, amount);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(json(ran)).toMatchObject({ version, standing: 'counts', refusals: [] });
      expect(json(ran).receipts.map(({ party }: { party: number }) => party)).toEqual([0, 1, 2]);
      const kept = JSON.parse(await readFile(json(ran).file, 'utf8'));
      expect(kept.receipts).toEqual(json(ran).receipts);
      expect(JSON.stringify(kept)).not.toContain(amount);
    }
    const withdrawn = await run(
      'withdraw',
      '--tender',
      id,
      '--bidder',
      'Furnier Adler',
      '--lot',
      'beech',
      '--json',
    );
    expect(json(withdrawn)).toMatchObject({ kind: 'withdrawal', version: 2, standing: 'counts' });

    await stop();
    up = await start();

    expect(json(await run('tender', 'show', id, '--json')).phases).toEqual(['open', 'open', 'open']);
    expect(await run('outcome', id)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/^OUTCOME_NOT_READY: /),
    });
    expect(await run('tender', 'close', id)).toMatchObject({ code: 0 });
    const outcome = await run('outcome', id, '--wait', '--json');
    expect(outcome.code).toBe(0);
    expect(json(outcome).lots).toEqual([
      { lot: 'oak', outcome: 'awarded', winner: 'Furnier Adler', price: '310000.50' },
      { lot: 'beech', outcome: 'no-sale', reason: 'too-few-bids' },
    ]);
    expect(await bid('Late', 'oak', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^BID_AFTER_DEADLINE: /),
    });
  });

  test('keep keys that nobody else may read', async () => {
    await createTender();
    const keys = [
      join('keys', 'auctioneer.json'),
      ...(await readdir(join(directory, 'keys', 'bidders'))).map((name) => join('keys', 'bidders', name)),
    ];
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) expect((await stat(join(directory, key))).mode & 0o777).toBe(0o600);
  });

  test('refuse what the tender does not allow, with the code of the refusal', {
    timeout: 60_000,
  }, async () => {
    const id = await createTender();
    const bid = (...args: readonly string[]) => run('bid', '--tender', id, '--bidder', 'Acme', ...args);
    for (const [args, code, exit] of [
      [['--lot', 'oak', '--amount', '12.345'], 'AMOUNT_TOO_PRECISE', 1],
      [['--lot', 'oak', '--amount', '900000.01'], 'AMOUNT_OVER_CEILING', 1],
      [['--lot', 'pine', '--amount', '1'], 'LOT_UNKNOWN', 1],
      [['--amount', '1'], 'USAGE', 2],
    ] as const) {
      const { code: exitCode, stdout, stderr } = await bid(...args);
      expect([exitCode, stdout, stderr.split(':')[0]]).toEqual([exit, '', code]);
    }
    const withdrawal = await run('withdraw', '--tender', id, '--bidder', 'Nobody', '--lot', 'oak');
    expect(withdrawal).toMatchObject({ code: 1, stderr: expect.stringMatching(/^WITHDRAWAL_WITHOUT_BID: /) });
  });

  test('tell what is not there', async () => {
    expect(await run('tender', 'show', UNKNOWN)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^TENDER_UNKNOWN: /),
    });
    const nowhere = await tacit('outcome', UNKNOWN, '--dir', join(directory, 'none'), '--json');
    expect(nowhere.code).toBe(3);
    const [line, problem] = nowhere.stderr.trim().split('\n');
    expect(line).toMatch(/^NOT_FOUND: /);
    expect(JSON.parse(problem!)).toMatchObject({ code: 'NOT_FOUND', type: 'urn:tacit:problem:not-found' });
  });

  test('a bidder whose party is down is told so, and by two that are down that the bid does not count', {
    timeout: 60_000,
  }, async () => {
    const id = await createTender();
    const { parties } = (await readConsortium(directory))!;
    const unreachable = 'http://127.0.0.1:9';
    const bid = (urls: readonly string[]) =>
      run(
        'bid',
        '--tender',
        id,
        '--bidder',
        'Acme',
        '--lot',
        'oak',
        '--amount',
        '5',
        ...urls.flatMap((url) => ['--party', url]),
      );
    const two = await bid([parties[0].url, unreachable, parties[2].url]);
    expect(two).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no receipt of party 1: PARTY_UNREACHABLE'),
    });
    expect(two.stdout).toContain('it counts');
    const one = await bid([parties[0].url, unreachable, unreachable]);
    expect(one).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^BID_DOES_NOT_COUNT: /),
    });
  });
});
