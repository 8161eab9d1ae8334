/**
 * `tacit resend`: what a bidder saved of its bids, checked, and sent again to the parties that gave no receipt for it.
 *
 * For the evening of a deadline on which a page or a party failed: the submissions are those that were sealed before, so
 * sending them twice changes nothing. Of each lot the latest is sent, which is the one that stands.
 */

import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import {
  type BidFile,
  checkBidFile,
  type KeptBid,
  latestBids,
  tenderOfBidFile,
} from '../../auction/bid-file.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { standingOf } from '../../auction/receipt.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import type { Refusal, TacitClient } from '../../client/tacit-client.ts';
import { PARTIES } from '../../mpc/party.ts';
import { CliError } from '../errors.ts';
import { bold, note, print, printJson, table } from '../output.ts';
import { consortiumClient, type PartyOptions, parseTenderId, withPartyOptions } from '../party-options.ts';
import { readJsonFile } from '../workspace.ts';

interface ResendOptions extends PartyOptions {
  readonly checkOnly?: boolean;
}

export function resendCommand(): Command {
  return withPartyOptions(new Command('resend'))
    .description('check a bid file that the page saved, and send its bids to parties that gave no receipt')
    .argument('<file>', 'the bid file; new receipts are written into it')
    .option('--check-only', 'send nothing')
    .action(resend);
}

async function resend(path: string, options: ResendOptions): Promise<void> {
  const json = await readJsonFile(path);
  const id = tenderOfBidFile(json);
  if (id === undefined) throw new CliError('FILE_UNREADABLE', `the file ${path} is no bid file`, { path });
  const client = await consortiumClient(options);
  const tender = await client.tender(parseTenderId(id));
  const file = checkBidFile(json, tender, nodeSignatures);
  const refusals: Refusal[] = [];
  let bids = file.bids;
  if (options.checkOnly !== true) {
    const latest = latestBids(file.bids);
    bids = await Promise.all(
      file.bids.map(async (kept) => {
        if (!latest.includes(kept)) return kept;
        const sent = await sendWhereMissing(kept, tender, client);
        refusals.push(...sent.refusals);
        return sent.kept;
      }),
    );
    await writeFile(path, `${JSON.stringify({ ...file, bids }, undefined, 2)}\n`);
  }
  report(latestBids(bids), file, refusals, options);
}

async function sendWhereMissing(
  kept: KeptBid,
  tender: CheckedTender,
  client: TacitClient,
): Promise<{ readonly kept: KeptBid; readonly refusals: readonly Refusal[] }> {
  if (kept.receipts.length === PARTIES.length) return { kept, refusals: [] };
  const { receipts, refusals } = await client.submit(kept.submission, tender);
  const had = kept.receipts.filter(({ party }) => receipts.every((receipt) => receipt.party !== party));
  const all = [...had, ...receipts].sort((left, right) => left.party - right.party);
  return { kept: { ...kept, receipts: all }, refusals };
}

function report(
  latest: readonly KeptBid[],
  { bidder, tender }: BidFile,
  refusals: readonly Refusal[],
  { json }: ResendOptions,
): void {
  const bids = latest.map(({ submission: { kind, lot, version }, receipts }) => ({
    ...{ lot, kind, version },
    receivedBy: receipts.map(({ party }) => party),
    standing: standingOf(receipts),
  }));
  const lacking = bids.filter(({ standing }) => standing !== 'counts').map(({ lot }) => lot);
  for (const { party, code, detail } of refusals) note(`party ${party}: ${code}: ${detail}`);
  if (lacking.length > 0) {
    throw new CliError('BID_DOES_NOT_COUNT', `two receipts are needed: lot ${lacking.join(', lot ')}`, {
      bids,
      refusals,
    });
  }
  if (json === true) {
    printJson({ tender, bidder, bids, refusals });
    return;
  }
  print(`${bold(`Bids of ${bidder}: they count`)}\n`);
  const rows = bids.map(({ lot, kind, version, receivedBy }) => [
    lot,
    kind,
    String(version),
    receivedBy.join(', '),
  ]);
  print(table(['lot', 'what', 'version', 'receipts of parties'], rows));
}
