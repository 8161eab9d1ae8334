/** `tacit outcome`: the outcome that the parties signed, checked against the tender and their keys. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { AuctionError } from '../../auction/errors.ts';
import type { SignedOutcome } from '../../auction/outcome.ts';
import type { CheckedTender, TenderId } from '../../auction/tender.ts';
import { PartyClientError } from '../../client/party-client.ts';
import type { TacitClient } from '../../client/tacit-client.ts';
import { lotResults, outcomeTable } from '../outcome-table.ts';
import { bold, print, printJson } from '../output.ts';
import { consortiumClient, type PartyOptions, parseTenderId, withPartyOptions } from '../party-options.ts';

interface OutcomeOptions extends PartyOptions {
  readonly wait?: boolean;
}

const POLL_MS = 200;

export function outcomeCommand(): Command {
  return withPartyOptions(new Command('outcome'))
    .description('fetch the outcome, check every signature, and print it')
    .argument('<id>', 'tender id', parseTenderId)
    .option('--wait', 'wait until there is one')
    .action(showOutcome);
}

async function showOutcome(id: TenderId, options: OutcomeOptions): Promise<void> {
  const client = await consortiumClient(options);
  const tender = await client.tender(id);
  const outcome = await outcomeOf(client, tender, options.wait === true);
  const signedBy = outcome.signatures.map(({ party }) => party);
  if (options.json === true) {
    printJson({ id, lots: lotResults(outcome.statement.lots, tender), signedBy, outcome });
    return;
  }
  print(`${bold(tender.terms.spec.title)}\n`);
  print(outcomeTable(outcome, tender));
  print(`\nSigned by parties ${signedBy.join(', ')}; every signature checked against the tender's keys.`);
}

async function outcomeOf(client: TacitClient, tender: CheckedTender, wait: boolean): Promise<SignedOutcome> {
  for (;;) {
    try {
      return await client.outcome(tender);
    } catch (error) {
      const coded = error instanceof AuctionError || error instanceof PartyClientError;
      const mayCome = coded && (error.code === 'OUTCOME_NOT_READY' || error.code === 'PARTY_UNREACHABLE');
      if (!wait || !mayCome) throw error;
    }
    await sleep(POLL_MS);
  }
}
