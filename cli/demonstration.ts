/**
 * The demonstration: the road resurfacing tender of the examples from end to end, on three local party processes,
 * and a look at what each of them got to see; then a look-up in a vault (`vault-demonstration.ts`).
 *
 * Every claim that is printed was checked just before; one that does not hold ends the command with exit code 1.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { amountOf, formatAmount } from '../auction/amount.ts';
import { type BidLine, parseBidsCsv } from '../auction/bids-csv.ts';
import { parseTenderSpec, type TenderSpec } from '../auction/tender-spec.ts';
import { type LocalAuctionProgress, runLocalAuction } from '../local/local-auction.ts';
import { CliError } from './errors.ts';
import { type LotResult, lotResults, outcomeTable } from './outcome-table.ts';
import { bold, dim, print, table } from './output.ts';
import { inspectParties, type PartyView, rankOfShares, sharesOfWinner } from './party-view.ts';
import { withstands } from './protocol-option.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';
import { demonstrateVault } from './vault-demonstration.ts';
import { readJsonFile, readTextFile } from './workspace.ts';

/** What the examples' README says of this tender: the demonstration checks the result against it. */
const EXPECTED_WINNERS: readonly (readonly [string, string, string])[] = [
  ['A', 'Cairn & Sons Paving', '1399999.99'],
  ['B', 'Jessop Infrastructure', '836900.00'],
  ['C', 'Northmoor Highways', '381999.90'],
];

const EXAMPLE = fileURLToPath(new URL('../examples/road-resurfacing/', import.meta.url));

export async function demonstrate(): Promise<void> {
  const startedAt = performance.now();
  const spec = parseTenderSpec(await readJsonFile(join(EXAMPLE, 'tender.json')));
  const bids = parseBidsCsv(await readTextFile(join(EXAMPLE, 'bids.csv')), spec);
  introduce(spec, bids);
  const protocol = await inTemporaryDirectory((directory, signal) =>
    runLocalAuction(
      { directory, spec, bids, signal, onProgress: narrate },
      async (result, { consortium }) => {
        const { tender, outcome, submissions, statistics } = result;
        const results = lotResults(outcome.statement.lots, tender);
        heading('4. The outcome');
        print(outcomeTable(outcome, tender));
        checkWinners(results);
        const [first] = statistics;
        print(
          `\n  Signed by parties ${outcome.signatures.map(({ party }) => party).join(', ')}; all three signatures checked.`,
        );
        print(
          `  Protocol ${first.protocol}: ${first.rounds} rounds, ${first.ands.toLocaleString('en')} AND gates; predicted ${first.predicted.rounds} and ${first.predicted.ands.toLocaleString('en')}.`,
        );

        heading('5. What each party could see');
        const losing = losingAmounts(bids, results, spec);
        const views = await inspectParties({ consortium, tender, bids, losing, submissions });
        showViews(views, losing.length);
        await showShares(results, { directory, tender, submissions });
        return first.protocol;
      },
    ),
  );
  heading('6. A private lookup');
  await demonstrateVault();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  print(`\n${bold('Done')} in ${seconds} s.`);
  print(`${withstands(protocol)}.`);
  print('Two parties that collude can open every bid.');
}

function introduce(spec: TenderSpec, bids: readonly BidLine[]): void {
  const bidders = new Set(bids.map(({ bidder }) => bidder)).size;
  print(bold(spec.title));
  print(
    `${spec.lots.length} lots, ${bidders} bidders; the ${spec.direction} bid wins and is paid. Nobody may learn a losing bid.`,
  );
}

function narrate(event: LocalAuctionProgress): void {
  switch (event.step) {
    case 'parties-ready':
      heading('1. Three parties');
      print(
        table(
          ['party', 'process', 'address', 'signing key'],
          event.processes.consortium.parties.map(({ record, url }) => [
            String(record.index),
            String(event.processes.processIdOf(record.index)),
            url,
            `${record.signingKey.slice(0, 16)}...`,
          ]),
        ),
      );
      return;
    case 'published':
      heading('2. The tender');
      print(`  ${event.tender.id}`);
      print(dim('  the hash of all rules and of all three parties, signed by the auctioneer'));
      heading('3. Sealed bids');
      return;
    case 'submitted':
      if (event.receipts < 3) throw new CliError('CHECK_FAILED', 'a submission did not get three receipts');
      return;
    case 'closed':
      print(
        `  ${event.submissions} bids, amendments and withdrawals sealed, sent to all three parties and receipted`,
      );
      print(
        `  by each in ${(event.tookMs / 1000).toFixed(1)} s. The auctioneer closed the tender; the parties clear it among themselves.`,
      );
      return;
    case 'clearing-failed':
      print(dim(`  party ${event.party}: ${event.code}; it tries again`));
      return;
    case 'cleared':
      return;
  }
}

async function showShares(
  results: readonly LotResult[],
  known: Pick<Parameters<typeof sharesOfWinner>[0], 'directory' | 'tender' | 'submissions'>,
): Promise<void> {
  const { terms } = known.tender;
  for (const result of results) {
    if (result.outcome !== 'awarded') continue;
    const shares = await sharesOfWinner({ ...known, lot: result.lot, winner: result.winner });
    const together = formatAmount(amountOf(rankOfShares(shares), terms), terms.spec.decimals);
    if (together !== result.price)
      throw new CliError('CHECK_FAILED', 'the shares do not make the winning bid');
    print(
      `\n  What each party holds of the winning bid in lot ${result.lot}: two of three shares, and two are noise.`,
    );
    print(
      table(
        ['party', 'share', 'and share'],
        shares.map(({ party, first, second }) => [String(party), first, second]),
      ),
    );
    print(dim(`  All three together make ${together}; no party has them.`));
    return;
  }
}

function heading(text: string): void {
  print(`\n${bold(text)}\n`);
}

function checkWinners(results: readonly LotResult[]): void {
  for (const [lot, winner, price] of EXPECTED_WINNERS) {
    const result = results.find((candidate) => candidate.lot === lot);
    if (result?.outcome === 'awarded' && result.winner === winner && result.price === price) continue;
    throw new CliError('CHECK_FAILED', `lot ${lot} should have been won by ${winner} at ${price}`, { lot });
  }
}

/** Every amount that was ever sealed and is not a published price. */
function losingAmounts(
  bids: readonly BidLine[],
  results: readonly LotResult[],
  spec: TenderSpec,
): readonly bigint[] {
  const published = new Set(
    results.flatMap((result) => (result.outcome === 'awarded' ? [result.price] : [])),
  );
  const amounts = bids.flatMap(({ amount }) => (amount === 'withdraw' ? [] : [amount]));
  return [...new Set(amounts)].filter((amount) => !published.has(formatAmount(amount, spec.decimals)));
}

function showViews(views: readonly PartyView[], losing: number): void {
  for (const { found } of views) {
    if (found > 0) throw new CliError('CHECK_FAILED', 'a losing amount was found in clear in a stored item');
  }
  print(
    table(
      ['party', '>items stored', '>losing amounts found', '>prices found'],
      views.map(({ party, items, found, prices }) => [
        String(party),
        String(items),
        `${found} of ${losing}`,
        String(prices),
      ]),
    ),
  );
  if (views.some(({ prices }) => prices === 0)) {
    throw new CliError(
      'CHECK_FAILED',
      'the search does not even find the published prices, so it proves nothing',
    );
  }
  const [first] = views;
  if (first === undefined) return;
  print(`\n  One sealed bid of ${first.example.bidder} as party ${first.party} stores it:`);
  print(dim(first.example.stored.replaceAll(/^/gm, '  ')));
}
