/**
 * `tacit auction run`: a tender and its bids file, cleared in one go.
 *
 * With --channel memory the three parties live in this process; with --channel outbox they are three processes
 * that talk over HTTP and DynamoDB tables. Bad input is refused before anything starts.
 */

import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { type BidLine, parseBidsCsv } from '../../auction/bids-csv.ts';
import { type InvitingSpec, inviteBidders } from '../../auction/invite-bidders.ts';
import { runAuctionInProcess } from '../../auction/party/in-process.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { runLocalAuction } from '../../local/local-auction.ts';
import type { ProtocolName } from '../../mpc/protocols/protocol.ts';
import { type AuctionRun, auctionRunOf } from '../auction-run.ts';
import { CliError } from '../errors.ts';
import { keysOfListed } from '../listed-bidders.ts';
import { resultTable } from '../outcome-table.ts';
import { bold, note, print, printJson } from '../output.ts';
import { protocolOption, withstands } from '../protocol-option.ts';
import { inTemporaryDirectory } from '../temporary-directory.ts';
import { readJsonFile, readTextFile } from '../workspace.ts';

interface RunOptions {
  readonly tender: string;
  readonly bids: string;
  readonly protocol: ProtocolName;
  readonly channel: 'memory' | 'outbox';
  readonly bidderKeys?: string;
  readonly progress?: boolean;
  readonly json?: boolean;
}

/** Rows between two lines of progress. */
const PROGRESS_ROWS = 100;

export function auctionCommand(): Command {
  const run = new Command('run')
    .description('clear a tender with the bids of a file')
    .requiredOption('--tender <file>', 'the specification, as in examples/*/tender.json')
    .requiredOption('--bids <file>', 'bidder,lot,amount in order of submission, as in examples/*/bids.csv')
    .addOption(protocolOption())
    .addOption(
      new Option('--channel <name>', 'how parties talk').choices(['memory', 'outbox']).default('memory'),
    )
    .option('--bidder-keys <directory>', 'keys of the bidders, where the tender lists them (`tacit key`)')
    .option('--progress', 'show progress on stderr even where it is no terminal')
    .option('--json', 'print one JSON object')
    .action(runAuction);
  return new Command('auction').description('whole auctions in one go').addCommand(run);
}

async function runAuction(options: RunOptions): Promise<void> {
  const inviting = inviteBidders(await readJsonFile(options.tender), random, nodeSignatures);
  const { spec, invited } = inviting;
  const bids = parseBidsCsv(await readTextFile(options.bids), spec);
  const progress = options.progress === true || process.stderr.isTTY ? note : () => {};
  const bidderSecretKeys = await keysOfListed(spec, bids, invited, options.bidderKeys);
  const run =
    options.channel === 'memory'
      ? await inProcess({ ...inviting, bids, bidderSecretKeys }, options, progress)
      : await overOutboxes({ ...inviting, bids, bidderSecretKeys }, options, progress);
  if (options.json === true) {
    printJson(run);
    return;
  }
  const { stats } = run;
  print(`${bold(spec.title)}\n`);
  print(resultTable(run.lots, spec.currency));
  print(
    `\n${stats.bids} live bids of ${stats.bits} bits, protocol ${stats.protocol}, ${stats.clearingMs} ms to clear:`,
  );
  print(`  rounds     ${stats.rounds} (predicted ${stats.predicted.rounds})`);
  print(`  AND gates  ${stats.ands} (predicted ${stats.predicted.ands})`);
  print(
    `  bytes sent ${stats.bytesSent.join(', ')} by parties 0, 1, 2 (predicted ${stats.predicted.bytes} each)`,
  );
  print(`\n${withstands(options.protocol)}.`);
}

function random(bytes: number): Uint8Array {
  return new Uint8Array(randomBytes(bytes));
}

interface AuctionInput extends InvitingSpec {
  readonly bids: readonly BidLine[];
  readonly bidderSecretKeys: ReadonlyMap<string, Uint8Array>;
}

async function inProcess(
  input: AuctionInput,
  { protocol }: RunOptions,
  progress: (text: string) => void,
): Promise<AuctionRun> {
  const auction = await runAuctionInProcess({
    ...input,
    protocol,
    random,
    elapsedMs: () => performance.now(),
    onProgress: (event) => {
      if (event.step === 'sealed') progress(`${event.rows} rows sealed`);
      if (event.step === 'submitted' && event.done % PROGRESS_ROWS === 0)
        progress(`${event.done} of ${event.rows} submitted`);
      if (event.step === 'clearing') progress(`party ${event.party}: ${event.progress.stage}`);
    },
  });
  return auctionRunOf(auction);
}

/**
 * Closes by order, as soon as the last row is in. A deadline of the tender stays what it is: a row that comes after it
 * is refused.
 */
async function overOutboxes(
  input: AuctionInput,
  { protocol }: RunOptions,
  progress: (text: string) => void,
): Promise<AuctionRun> {
  if (protocol === 'clear') {
    throw new CliError('USAGE', 'protocol clear computes in one place: use it with --channel memory');
  }
  const { closesAt } = input.spec;
  if (closesAt !== undefined && Date.parse(closesAt) <= Date.now()) {
    throw new CliError(
      'DEADLINE_PASSED',
      `the tender closed at ${closesAt}, and parties with real clocks take no bids after it: set a later closesAt, or use --channel memory, where the clock is played`,
      { closesAt },
    );
  }
  const rows = input.bids.length;
  return await inTemporaryDirectory((directory, signal) =>
    runLocalAuction(
      {
        ...input,
        directory,
        signal,
        protocol,
        onProgress: (event) => {
          if (event.step === 'parties-ready')
            progress(`three party processes are up after ${event.tookMs.toFixed(0)} ms`);
          if (event.step === 'submitted' && event.done % PROGRESS_ROWS === 0)
            progress(`${event.done} of ${rows} submitted`);
          if (event.step === 'closed')
            progress(`closed with ${event.submissions} submissions after ${event.tookMs.toFixed(0)} ms`);
          if (event.step === 'cleared')
            progress(`party ${event.party} cleared in ${event.statistics.clearingMs} ms`);
          if (event.step === 'clearing-failed')
            progress(`party ${event.party}: ${event.code}: ${event.detail}; trying again`);
        },
      },
      async ({ outcome: { statement }, tender, statistics }) =>
        auctionRunOf({ tender, statistics, lots: statement.lots, liveBids: statement.liveBids }),
    ),
  );
}
