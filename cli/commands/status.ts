/** `tacit status`: how one's own party is. Ends with 1 where an operator should look into something. */

import { Command } from 'commander';
import { checkConsortium, checkOwnKeys } from '../../auction/consortium.ts';
import { PartyClient } from '../../client/party-client.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { readConsortium } from '../../local/consortium.ts';
import { toPartyIndex } from '../../mpc/party.ts';
import { CliError } from '../errors.ts';
import { httpUrl, integer } from '../options.ts';
import { bold, print, printJson, table } from '../output.ts';
import { type ClockReading, type KnownTender, type StatusReport, statusOf } from '../party-status.ts';
import { DEFAULT_DIRECTORY, readJsonFile } from '../workspace.ts';

interface StatusOptions {
  readonly url?: string;
  readonly dir: string;
  readonly index: number;
  readonly peer?: readonly string[];
  readonly consortium?: string;
  readonly tenders: number;
  readonly outcomes: number;
  readonly json?: boolean;
}

/** Each takes a request; a party that keeps more has its oldest looked at elsewhere. */
const DEFAULT_TENDERS = 200;
const MAX_TENDERS = 10_000;
const DEFAULT_OUTCOMES = 5;
const MAX_OUTCOMES = 100;

export function statusCommand(): Command {
  return new Command('status')
    .description("how one's own party is: tables, peers, clock, tenders that are open, due and cleared")
    .option('--url <url>', 'address of the party (default: one of the local consortium)', httpUrl)
    .option('--dir <directory>', 'of the local consortium', DEFAULT_DIRECTORY)
    .option('--index <party>', 'which of the local consortium', integer(0, 2), 0)
    .option('--peer <url>', 'address of a peer, whose clock is compared; may be repeated', collectUrls)
    .option('--consortium <file>', 'what the party must belong to; addresses in it are peers too')
    .option('--tenders <n>', 'how many to look at', integer(0, MAX_TENDERS), DEFAULT_TENDERS)
    .option('--outcomes <n>', 'how many of the last to show', integer(0, MAX_OUTCOMES), DEFAULT_OUTCOMES)
    .option('--json', 'print one JSON object')
    .action(showStatus);
}

async function showStatus({ json, consortium, ...options }: StatusOptions): Promise<void> {
  const { url, peers } =
    options.url === undefined ? await localParty(options) : { url: options.url, peers: [] };
  const listed = consortium === undefined ? peers : await peersIn(consortium, url);
  const report = await statusOf({
    url,
    peers: [...new Set([...(options.peer ?? []), ...listed])],
    maxTenders: options.tenders,
    maxOutcomes: options.outcomes,
    now: systemClock.now,
  });
  if (json === true) printJson(report);
  else printReport(report);
  const [first] = report.problems;
  if (first === undefined) return;
  throw new CliError('PARTY_UNHEALTHY', report.problems.join('; '), { problems: report.problems });
}

/** @throws CliError NOT_FOUND */
async function localParty({ dir, index }: StatusOptions) {
  const consortium = await readConsortium(dir);
  const own = consortium?.parties[toPartyIndex(index) ?? 0];
  if (consortium === undefined || own === undefined) {
    throw new CliError('NOT_FOUND', `there is no consortium in ${dir}: name a party with --url`, { dir });
  }
  const peers = consortium.parties.filter((party) => party !== own).map(({ url }) => url);
  return { url: own.url, peers };
}

/**
 * The addresses of the peers, once the party has shown the keys that the consortium names.
 * @throws AuctionError CONSORTIUM_KEYS_DIFFER and what `checkConsortium` throws
 */
async function peersIn(file: string, url: string): Promise<readonly string[]> {
  // Whether accounts are shared was settled when it was joined, and a party runs on after its record has run out.
  const checked = checkConsortium(await readJsonFile(file), { allowSharedAccount: true });
  const own = await new PartyClient(url, { tries: 2 }).info();
  checkOwnKeys(checked, own);
  return checked.operators.flatMap((record) =>
    record.index === own.index || record.url === undefined ? [] : [record.url],
  );
}

function printReport(report: StatusReport): void {
  const { index, url, signingKey, clocks, open, due, outcomes, cleared, more } = report;
  print(`${bold(`Party ${index}`)} at ${url}, signs with ${signingKey}\n`);
  print(table(['table', 'from this party', 'last answered'], tableRows(report)));
  if (clocks.length > 1) {
    print();
    print(table(['party', 'address', '>clock ahead of its own'], clocks.slice(1).map(clockRow)));
  }
  print(`\n${open.length} open, ${due.length} due, ${cleared} cleared${more ? ', and more tenders' : ''}.`);
  if (open.length + due.length > 0) {
    print();
    print(table(['tender', 'phase', 'closes', 'title'], [...due, ...open].map(tenderRow)));
  }
  if (outcomes.length > 0) {
    print('\nLast outcomes:\n');
    print(
      table(
        ['tender', 'closed', '>signed by', 'title'],
        outcomes.map(({ id, closedAtMs, signedBy, title }) => [
          id,
          timeText(closedAtMs),
          `${signedBy} of 3`,
          title,
        ]),
      ),
    );
  }
}

function tableRows({ stateAnswers, outboxes }: StatusReport): readonly (readonly string[])[] {
  const rows = outboxes?.parties.map(({ answeredAt, failures, code }, party) => [
    `outbox of party ${party}`,
    code === undefined ? 'answers' : `DOES NOT ANSWER (${code}, ${failures} looks)`,
    answeredAt === undefined ? 'never' : timeText(answeredAt),
  ]);
  return [
    ['its own', stateAnswers ? 'answers' : 'DOES NOT ANSWER', ''],
    ...(rows ?? [['outboxes', 'not looked at yet', '']]),
  ];
}

function clockRow({ index, url, aheadMs, uncertaintyMs }: ClockReading): readonly string[] {
  if (aheadMs === undefined) return ['?', url, 'no answer'];
  return [String(index), url, `${aheadMs} ms, give or take ${uncertaintyMs}`];
}

function tenderRow({ id, phase, closesAt, title }: KnownTender): readonly string[] {
  return [id, phase, closesAt ?? 'by order', title];
}

function timeText(epochMs: number | undefined): string {
  return epochMs === undefined ? '' : new Date(epochMs).toISOString();
}

function collectUrls(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, httpUrl(value)];
}
