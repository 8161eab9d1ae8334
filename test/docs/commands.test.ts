/**
 * Every command that the documentation shows is run, and what it says of examples is compared with real runs.
 *
 * A command that is not recognised fails, so that nobody documents what nothing checks: teach
 * `documented-commands.ts` about it.
 */

import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { type CommandResult, CommandSandbox } from './command-sandbox.ts';
import { COMMAND_PAGES, commandsOf, STAND_INS, treatmentOf } from './documented-commands.ts';
import { allPages, filesMatching, readPage, readRepositoryFile } from './repository.ts';

const TIMEOUT_MS = 120_000;

const pages = filesMatching(...COMMAND_PAGES).map((path) => ({ path, commands: commandsOf(readPage(path)) }));

describe('commands in the documentation', () => {
  test('are in blocks that say sh, and all recognised', () => {
    for (const { path, blocks } of allPages()) {
      for (const { line, language, lines } of blocks) {
        expect(['bash', 'shell', 'console', 'zsh'], `${path}:${line}: say sh`).not.toContain(language);
        if (language === 'sh') continue;
        expect(lines.join('\n'), `${path}:${line}: commands belong into a sh block`).not.toMatch(
          /^\s*(\$ |npm |npx |node )/m,
        );
      }
    }
    const unknown = pages.flatMap(({ commands }) =>
      commands.filter(({ command }) => treatmentOf(command) === undefined),
    );
    expect(unknown).toEqual([]);
    expect(pages.flatMap(({ commands }) => commands).length).toBeGreaterThan(10);
  });

  test('that CI runs are in its job', () => {
    const job = readRepositoryFile('.ci/run').split('\n');
    const parts = pages
      .flatMap(({ commands }) => commands)
      .filter(({ command }) => treatmentOf(command) === 'ci')
      .flatMap(({ command }) => command.split(' && '));
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) expect(job).toContain(part);
  });

  test('that need an account name what there is to deploy', () => {
    const cdk = pages
      .flatMap(({ commands }) => commands)
      .filter(({ command }) => treatmentOf(command) === 'account' && command.startsWith('npx cdk '));
    expect(cdk.length).toBeGreaterThan(1);
    for (const { command } of cdk) {
      expect(command).toMatch(
        /^npx cdk (bootstrap aws:\/\/\d{12}\/[a-z0-9-]+|(deploy|diff|destroy) TacitParty[012] -c deployment=party-[012]\.json)$/,
      );
    }
  });

  test('that need an account have options that there are', { timeout: TIMEOUT_MS }, async () => {
    const ours = pages
      .flatMap(({ commands }) => commands)
      .filter(({ command }) => treatmentOf(command) === 'account' && command.startsWith('npm run '));
    expect(ours.length).toBeGreaterThan(1);
    const sandbox = new CommandSandbox();
    try {
      for (const { document, line, command } of ours) {
        const [named = ''] =
          /^npm run -s tacit -- (?:vault|consortium|evidence|tender) [a-z]+/.exec(command) ?? [];
        const { stdout } = await sandbox.run(`${named} --help`);
        for (const [, option] of command.matchAll(/ (--[a-z-]+) /g)) {
          expect(stdout, `${document}:${line}`).toContain(`  ${option} `);
        }
      }
    } finally {
      await sandbox.dispose();
    }
  });

  test('in prose are commands that there are', async () => {
    const sandbox = new CommandSandbox();
    try {
      const listed = new Map<string, readonly string[]>();
      const namesIn = async (command: string): Promise<readonly string[]> => {
        const names = listed.get(command) ?? (await commandNames(sandbox, command));
        listed.set(command, names);
        return names;
      };
      const known = await namesIn('');
      for (const { path, prose } of allPages()) {
        for (const [, words] of prose.join('\n').matchAll(/`tacit ([a-z]+(?: [a-z]+)?)/g)) {
          const [first = '', second] = (words ?? '').split(' ');
          expect(known, `${path}: tacit ${first}`).toContain(first);
          const nested = second === undefined ? [] : await namesIn(first);
          if (nested.length > 0) expect(nested, `${path}: tacit ${first} ${second}`).toContain(second);
        }
        for (const [, script] of prose.join('\n').matchAll(/`npm run (?:-s )?([a-z:-]+)/g)) {
          expect(Object.keys(scripts()), `${path}: npm run ${script}`).toContain(script);
        }
      }
    } finally {
      await sandbox.dispose();
    }
  });

  const withCommands = pages.filter(({ commands }) => commands.length > 0);

  test.concurrent.each(withCommands)(
    'of $path end with exit code 0',
    async ({ commands }) => {
      const sandbox = new CommandSandbox();
      try {
        let tender: string | undefined;
        for (const { document, line, command } of commands) {
          const where = `${document}:${line}`;
          const treatment = treatmentOf(command);
          // What is not recognised fails above, and is not run.
          if (treatment === 'ci' || treatment === 'account' || treatment === undefined) continue;
          if (treatment === 'up') {
            if (sandbox.partiesAreUp) expectOrderlyEnd(await sandbox.interrupt());
            await sandbox.up(command);
            continue;
          }
          if (treatment === 'with-parties' && !sandbox.partiesAreUp) {
            expect.fail(`${where}: the page starts no parties before this command`);
          }
          if (command.includes('<id>') && tender === undefined) {
            expect.fail(`${where}: the page publishes no tender before this command`);
          }
          for (const [file, making] of STAND_INS) {
            if (command.includes(file)) expect((await sandbox.run(making)).exitCode, making).toBe(0);
          }
          const result = await sandbox.run(command.replaceAll('<id>', tender ?? ''));
          expect(result, where).toMatchObject({ exitCode: 0 });
          if (command.includes(' tender create ')) tender = /\b[A-Za-z0-9_-]{43}\b/.exec(result.stdout)?.[0];
        }
        if (sandbox.partiesAreUp) expectOrderlyEnd(await sandbox.interrupt());
      } finally {
        await sandbox.dispose();
      }
    },
    TIMEOUT_MS,
  );
});

/** After Ctrl-C nothing is left; what the shell makes of the signal is its own business. */
function expectOrderlyEnd({ stdout, stderr }: CommandResult): void {
  expect(stderr).toContain('Stopping.');
  const processes = [...stdout.matchAll(/^ {2}[012] +http:\S+ +(\d+) /gm)].map(([, id]) => Number(id));
  expect(processes).toHaveLength(3);
  for (const id of processes) expect(() => process.kill(id, 0), `process ${id}`).toThrow('ESRCH');
}

/** Of a command's help, without `help` itself. */
async function commandNames(sandbox: CommandSandbox, command: string): Promise<readonly string[]> {
  const { stdout } = await sandbox.run(`npm run -s tacit -- ${command} --help`);
  const [, list = ''] = stdout.split('\nCommands:\n');
  return [...list.matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name]) => name ?? []);
}

function scripts(): Record<string, string> {
  return z.parse(
    z.object({ scripts: z.record(z.string(), z.string()) }),
    JSON.parse(readRepositoryFile('package.json')),
  ).scripts;
}

const runSchema = z.object({
  lots: z.array(
    z.discriminatedUnion('outcome', [
      z.strictObject({
        lot: z.string(),
        outcome: z.literal('awarded'),
        winner: z.string(),
        price: z.string(),
      }),
      z.strictObject({ lot: z.string(), outcome: z.literal('no-sale'), reason: z.string() }),
    ]),
  ),
  stats: z.record(z.string(), z.unknown()),
});

interface ExampleRow {
  readonly name: string;
  readonly shows: string;
  readonly outcome: string;
}

const ROW = /^\| `([a-z-]+)` \| (.*) \| (.*) \|$/;
const exampleRows: readonly ExampleRow[] = readPage('examples/README.md').prose.flatMap((line) => {
  const [, name, shows, outcome] = ROW.exec(line) ?? [];
  return name === undefined || shows === undefined || outcome === undefined ? [] : [{ name, shows, outcome }];
});

describe('examples', () => {
  test('with a tender are all in the table of examples/README.md', () => {
    const folders = filesMatching('examples/*/tender.json').map((path) => path.split('/')[1]);
    expect(exampleRows.map(({ name }) => name).sort()).toEqual(folders);
  });

  test.concurrent.each(exampleRows)(
    '$name ends as examples/README.md says',
    async ({ name, shows, outcome }) => {
      const folder = `examples/${name}`;
      const sandbox = new CommandSandbox();
      try {
        const { exitCode, stdout, stderr } = await sandbox.run(
          `npm run -s tacit -- auction run --tender ${folder}/tender.json --bids ${folder}/bids.csv --json`,
        );
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
        const { lots } = z.parse(runSchema, JSON.parse(stdout));
        const rows = readRepositoryFile(`${folder}/bids.csv`).trim().split('\n').slice(1);
        const bidders = new Set(rows.map((row) => row.split(',')[0]));
        for (const [, count] of shows.matchAll(/(\d+) bidders/g)) expect(bidders.size).toBe(Number(count));
        for (const [, count] of shows.matchAll(/(\d+) lots/g)) expect(lots).toHaveLength(Number(count));
        const stated = outcome.split(' · ');
        expect(stated).toHaveLength(lots.length);
        for (const [index, text] of stated.entries()) expectOutcome(text, lots[index]!, rows);
      } finally {
        await sandbox.dispose();
      }
    },
    TIMEOUT_MS,
  );

  test('the JSON object in docs/formats.md has the fields of a real one', async () => {
    const sandbox = new CommandSandbox();
    try {
      const block = readPage('docs/formats.md').blocks.find(
        ({ language, lines }) => language === 'json' && lines.join('').includes('"stats"'),
      );
      const documented = z.parse(runSchema, JSON.parse(block?.lines.join('\n') ?? ''));
      const { stdout } = await sandbox.run(
        'npm run -s tacit -- auction run --tender examples/timber-sale/tender.json --bids examples/timber-sale/bids.csv --json',
      );
      const { stats } = z.parse(runSchema, JSON.parse(stdout));
      expect(fieldsOf(documented.stats)).toEqual(fieldsOf(stats));
    } finally {
      await sandbox.dispose();
    }
  });
});

/** `lot: winner at price`, `lot: one of three at price`, `lot: no sale`, without the lot where there is one. */
const STATED = /^(?:([A-Za-z]+): )?(?:(no sale)|(?:one of (three)|(.+?)) at (\d[\d.]*))(?: \(.*\))?$/;

function expectOutcome(
  text: string,
  lot: z.output<typeof runSchema>['lots'][number],
  bids: readonly string[],
): void {
  const [matched, id, noSale, three, winner, price] = STATED.exec(text) ?? [];
  expect(matched, `the form of "${text}"`).toBe(text);
  if (id !== undefined) expect(lot.lot).toBe(id);
  if (noSale !== undefined || lot.outcome === 'no-sale') {
    expect([lot.outcome, noSale]).toEqual(['no-sale', 'no sale']);
    return;
  }
  expect(lot.price).toBe(price);
  if (three === undefined) expect(lot.winner).toBe(winner);
  else {
    const tied = bids.filter((row) => row.endsWith(`,${lot.lot},${price}`)).map((row) => row.split(',')[0]);
    expect(tied).toHaveLength(3);
    expect(tied).toContain(lot.winner);
  }
}

/** Paths of all fields, without values. */
function fieldsOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, part]) => fieldsOf(part, `${path}.${key}`));
}
