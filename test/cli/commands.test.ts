import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConsortium } from '../../local/consortium.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { freePortForParties } from '../support/free-ports.ts';
import { end, type Ran, tacit, tacitProcess, tacitUntil } from './run.ts';

const SPEC = fileURLToPath(new URL('../../examples/timber-sale/tender.json', import.meta.url));
const UNKNOWN = 'A'.repeat(43);

let directory: string;
let up: ChildProcess;
let greeting: string;
let port: number;

const start = () => tacitUntil('Ctrl-C ends them', ['up', '--dir', directory, '--port', String(port)]);

async function stop(): Promise<void> {
  const exited = once(up, 'exit');
  up.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  port = await freePortForParties();
  ({ child: up, printed: greeting } = await start());
});

afterAll(async () => {
  await end(up);
  await rm(directory, { recursive: true, force: true });
});

const run = (...args: readonly string[]): Promise<Ran> => tacit(...args, '--dir', directory);
const json = ({ stdout, stderr }: Ran) => JSON.parse(stdout === '' ? expect.fail(stderr) : stdout);

async function createTender(): Promise<string> {
  return json(await run('tender', 'create', '--spec', SPEC, '--closes-in', '10m', '--json')).id;
}

describe('the commands of auctioneer and bidders', () => {
  test('run a tender from publication to outcome, across a restart of all parties', {
    timeout: 240_000,
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
    ({ child: up } = await start());

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
});

describe.concurrent('commands', () => {
  test('publish a tender where a party missed it, from the file that its creation kept', async () => {
    const { parties } = (await readConsortium(directory))!;
    const absent = createServer(({ url }, response) => {
      if (url === '/party') response.end(JSON.stringify(parties[2].record));
      else response.writeHead(503).end();
    });
    const absentPort = await listenOnLoopback(absent, 0);
    const urls = [parties[0].url, parties[1].url, `http://127.0.0.1:${absentPort}`].flatMap((url) => [
      '--party',
      url,
    ]);
    const created = await run('tender', 'create', '--spec', SPEC, '--json', ...urls);
    await closeServer(absent);
    expect(created).toMatchObject({ code: 1, stdout: '' });
    const [line, problem] = created.stderr.trim().split('\n');
    const { id, file } = JSON.parse(problem!).facts;
    expect(line).toMatch(/^TENDER_NOT_PUBLISHED: .*party 2: PARTY_ANSWER_MALFORMED/);
    expect(line).toContain(`tacit tender publish ${file}`);
    expect(json(await run('tender', 'show', id, '--json')).phases).toEqual(['open', 'open', null]);
    expect(await run('tender', 'publish', file)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(id),
    });
    expect(json(await run('tender', 'show', id, '--json')).phases).toEqual(['open', 'open', 'open']);
  });

  test('hold parties and tenders to a consortium document, where one is given', {
    timeout: 240_000,
  }, async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'tacit-document-'));
    const documentOf = async (name: string, keysOf: (party: number) => string) => {
      const records = await Promise.all(
        [0, 1, 2].map(async (party) => {
          const out = join(scratch, `${name}-${party}.json`);
          const named = [
            '--operator',
            `O${party}`,
            '--account',
            `11111111111${party}`,
            '--region',
            'eu-west-1',
          ];
          const files = ['--keys', keysOf(party), '--out', out];
          const made = await tacit('consortium', 'init', '--index', String(party), ...named, ...files);
          expect(made.code).toBe(0);
          return out;
        }),
      );
      const out = join(scratch, `${name}.json`);
      expect((await tacit('consortium', 'join', ...records, '--out', out)).code).toBe(0);
      return out;
    };
    const ours = await documentOf('ours', (party) => join(directory, `party-${party}`, 'keys.json'));
    const others = await documentOf('others', (party) => join(scratch, `keys-${party}.json`));
    const { parties } = (await readConsortium(directory))!;
    const named = parties.flatMap(({ url }) => ['--party', url]);
    const create = (document: string) =>
      run(
        'tender',
        'create',
        '--spec',
        SPEC,
        '--closes-in',
        '10m',
        '--json',
        '--consortium',
        document,
        ...named,
      );
    expect(await create(others)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^PARTY_KEYS_DIFFER: /),
    });
    const { id } = json(await create(ours));
    const bid = (document: string, ...more: readonly string[]) =>
      run(
        'bid',
        '--tender',
        id,
        '--bidder',
        'Ann',
        '--lot',
        'oak',
        '--amount',
        '5',
        '--consortium',
        document,
        ...more,
      );
    expect(await bid(others, ...named)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^TENDER_OTHER_PARTIES: /),
    });
    expect((await bid(ours, ...named)).code).toBe(0);
    expect(await bid(ours)).toMatchObject({ code: 2, stderr: expect.stringMatching(/^USAGE: /) });
    await rm(scratch, { recursive: true, force: true });
  });

  describe('with links', () => {
    const INVITING = fileURLToPath(new URL('../../examples/fire-station-lease/tender.json', import.meta.url));
    const PAGE = 'https://tenders.example.org/bid';
    const create = (...args: readonly string[]) =>
      run('tender', 'create', '--spec', INVITING, '--closes-in', '10m', ...args);

    test('invite bidders, who bid, amend and withdraw with keys of their own', {
      timeout: 240_000,
    }, async () => {
      const created = await create('--page', PAGE, '--json');
      const { id, invitations: file } = json(created);
      expect(file).toBe(join(directory, 'tenders', `${id}.invitations.json`));
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const { invitations } = JSON.parse(await readFile(file, 'utf8'));
      const links: Readonly<Record<string, string>> = Object.fromEntries(
        invitations.map(({ bidder, link }: { bidder: string; link: string }) => [bidder, link]),
      );
      expect(Object.keys(links)).toHaveLength(4);
      for (const link of Object.values(links)) {
        expect(link.startsWith(`${PAGE}#tender=${id}&bidder=`)).toBe(true);
        expect(created.stdout).not.toContain(link.slice(-43));
      }

      const scratch = await mkdtemp(join(tmpdir(), 'tacit-bidder-'));
      const { parties } = (await readConsortium(directory))!;
      const away = ['--dir', scratch, ...parties.flatMap(({ url }) => ['--party', url]), '--json'];
      const harbour = links['Harbour Arts Trust']!;
      const mail = join(scratch, 'mail.txt');
      await writeFile(mail, `  ${links['Station House Hotels']}\n`);
      const first = await tacit('bid', '--invitation', harbour, '--amount', '900000', ...away);
      expect(json(first)).toMatchObject({ bidder: 'Harbour Arts Trust', version: 1, standing: 'counts' });
      const known = ['--tender', id, '--bidder', 'Harbour Arts Trust'];
      expect(json(await tacit('bid', ...known, '--amount', '990000', ...away))).toMatchObject({ version: 2 });
      expect(json(await tacit('withdraw', ...known, ...away))).toMatchObject({ version: 3 });
      const second = await tacit('bid', '--invitation', mail, '--amount', '860000', ...away);
      expect(json(second)).toMatchObject({ bidder: 'Station House Hotels', standing: 'counts' });
      const keptKeys = await readdir(join(scratch, 'keys', 'invitations', id));
      expect(keptKeys).toHaveLength(2);
      for (const name of keptKeys) {
        const { mode } = await stat(join(scratch, 'keys', 'invitations', id, name));
        expect(mode & 0o777).toBe(0o600);
      }

      // The auctioneer, in its own directory, has other keys.
      const refusals = [
        [['bid', '--invitation', harbour, '--amount', '1'], 'BIDDER_NAME_TAKEN', 1],
        [['withdraw', '--invitation', harbour], 'BIDDER_NAME_TAKEN', 1],
        [
          ['bid', ...known, '--amount', '1', '--key', join(directory, 'keys', 'auctioneer.json')],
          'BIDDER_INVITATION_MISSING',
          1,
        ],
        [['bid', '--tender', id, '--bidder', 'Stranger', '--amount', '1'], 'BIDDER_NOT_ELIGIBLE', 1],
      ] as const;
      for (const [args, code, exit] of refusals) {
        const refused = await run(...args);
        expect([refused.code, refused.stdout, refused.stderr.split(':')[0]], args.join(' ')).toEqual([
          exit,
          '',
          code,
        ]);
        expect(refused.stderr).not.toContain(harbour.slice(-43, -1));
      }

      const lowell = ['--invitation', file, '--bidder', 'Lowell Housing Association', '--amount', '855000'];
      expect(await run('bid', ...lowell)).toMatchObject({ code: 0 });
      expect(await run('tender', 'close', id)).toMatchObject({ code: 0 });
      expect(json(await run('outcome', id, '--wait', '--json')).lots).toEqual([
        { lot: '1', outcome: 'awarded', winner: 'Station House Hotels', price: '860000.00' },
      ]);
      await rm(scratch, { recursive: true, force: true });
    });

    test('name the page over TLS or on this machine, without a fragment, and only where somebody is invited', async () => {
      for (const page of ['http://tenders.example.org', `${PAGE}#x`, 'tenders.example.org']) {
        expect(await create('--page', page)).toMatchObject({
          code: 2,
          stderr: expect.stringMatching(/^USAGE: /),
        });
      }
      const useless = await run('tender', 'create', '--spec', SPEC, '--page', PAGE);
      expect(useless).toMatchObject({ code: 2, stderr: expect.stringMatching(/^USAGE: .*invites nobody/) });
      const [here, none] = [await create('--page', 'http://127.0.0.1:8080'), await create()];
      for (const [{ stdout }, begin] of [
        [here, 'http://127.0.0.1:8080/#'],
        [none, 'tacit:bid#'],
      ] as const) {
        const [, file] = /are in (\S+)\.\n/.exec(stdout)!;
        expect(JSON.parse(await readFile(file!, 'utf8')).invitations[0].link.startsWith(begin)).toBe(true);
      }
    });
  });

  test('start no second parties in a directory, and leave the first ones be', async () => {
    const second = await tacitProcess('up', '--dir', directory);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(/^PARTY_NOT_STARTED: .+party\.log\n$/);
    await createTender();
  });

  test('say how the parties compute', () => {
    expect(greeting.match(/ verified /g)).toHaveLength(4);
    expect(greeting).toContain('Protocol verified withstands one of the three parties, malicious');
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
    timeout: 240_000,
  }, async () => {
    const id = await createTender();
    const bid = (...args: readonly string[]) => run('bid', '--tender', id, '--bidder', 'Acme', ...args);
    const cases = [
      [['--lot', 'oak', '--amount', '12.345'], 'AMOUNT_TOO_PRECISE', 1],
      [['--lot', 'oak', '--amount', '900000.01'], 'AMOUNT_OVER_CEILING', 1],
      [['--lot', 'pine', '--amount', '1'], 'LOT_UNKNOWN', 1],
      [['--amount', '1'], 'USAGE', 2],
    ] as const;
    const [withdrawal, ...ran] = await Promise.all([
      run('withdraw', '--tender', id, '--bidder', 'Nobody', '--lot', 'oak'),
      ...cases.map(([args]) => bid(...args)),
    ]);
    cases.forEach(([, code, exit], index) => {
      const { code: exitCode, stdout, stderr } = ran[index]!;
      expect([exitCode, stdout, stderr.split(':')[0]]).toEqual([exit, '', code]);
    });
    expect(withdrawal).toMatchObject({ code: 1, stderr: expect.stringMatching(/^WITHDRAWAL_WITHOUT_BID: /) });
  });

  test('refuse a deadline that is over, and a version that was made before, whose receipts stay', async () => {
    const id = await createTender();
    const bid = (...args: string[]) =>
      run('bid', '--tender', id, '--bidder', 'Once', '--lot', 'oak', '--amount', '1', '--json', ...args);
    const { file, receipts } = json(await bid());
    const [late, again] = await Promise.all([
      run('tender', 'create', '--spec', SPEC, '--closes-at', '2020-01-01T00:00:00Z'),
      bid('--bid-version', '1'),
    ]);
    expect(late).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^DEADLINE_PASSED: /) });
    expect(again).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^USAGE: /) });
    expect(JSON.parse(await readFile(file, 'utf8')).receipts).toEqual(receipts);
  });

  test('tell what is not there', async () => {
    const [unknown, nowhere] = await Promise.all([
      run('tender', 'show', UNKNOWN),
      tacit('outcome', UNKNOWN, '--dir', join(directory, 'none'), '--json'),
    ]);
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringMatching(/^TENDER_UNKNOWN: /) });
    expect(nowhere.code).toBe(3);
    const [line, problem] = nowhere.stderr.trim().split('\n');
    expect(line).toMatch(/^NOT_FOUND: /);
    expect(JSON.parse(problem!)).toMatchObject({ code: 'NOT_FOUND', type: 'urn:tacit:problem:not-found' });
  });

  test('a bidder whose party is down is told so, and by two that are down that the bid does not count', {
    timeout: 240_000,
  }, async () => {
    const id = await createTender();
    const { parties } = (await readConsortium(directory))!;
    const unreachable = 'http://127.0.0.1:9';
    const bid = (bidder: string, urls: readonly string[]) =>
      run(
        'bid',
        '--tender',
        id,
        '--bidder',
        bidder,
        '--lot',
        'oak',
        '--amount',
        '5',
        ...urls.flatMap((url) => ['--party', url]),
      );
    const [two, one] = await Promise.all([
      bid('Acme', [parties[0].url, unreachable, parties[2].url]),
      bid('Bolt', [parties[0].url, unreachable, unreachable]),
    ]);
    expect(two).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no receipt from the address of party 1: PARTY_UNREACHABLE'),
    });
    expect(two.stdout).toContain('it counts');
    expect(one).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^BID_DOES_NOT_COUNT: /),
    });
  });
});
