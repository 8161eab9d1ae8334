/** `tacit evidence check`: whether a document proves that a party broke the protocol; needs nobody but the tender. */

import { Command } from 'commander';
import * as z from 'zod/mini';
import { checkEvidence } from '../../auction/evidence.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { checkTender } from '../../auction/tender.ts';
import { bold, print, printJson } from '../output.ts';
import { readJsonFile } from '../workspace.ts';

interface CheckOptions {
  readonly tender: string;
  readonly json?: boolean;
}

export function evidenceCommand(): Command {
  return new Command('evidence')
    .description('evidence that a party broke the protocol')
    .addCommand(
      new Command('check')
        .description('say which party is at fault and why; exit code 0 only where that is proven')
        .argument('<file>', 'evidence, as a party stored or posted it')
        .requiredOption('--tender <file>', 'the signed tender, or what `tacit tender show --json` printed')
        .option('--json', 'print one JSON object')
        .action(check),
    );
}

/** @throws AuctionError EVIDENCE_*, TENDER_*; CliError FILE_UNREADABLE */
async function check(file: string, options: CheckOptions): Promise<void> {
  const tender = checkTender(signedTenderIn(await readJsonFile(options.tender)), nodeSignatures);
  const { party, fault, sentence } = checkEvidence(await readJsonFile(file), tender, nodeSignatures);
  if (options.json === true) {
    printJson({ tender: tender.id, party, fault, sentence });
    return;
  }
  print(bold(`Party ${party} is at fault: ${fault}`));
  print(sentence);
  print(`\nEvery document is signed by party ${party}, checked with its key in tender ${tender.id}.`);
}

function signedTenderIn(json: unknown): unknown {
  const shown = z.safeParse(z.object({ signed: z.unknown() }), json);
  return shown.success && shown.data.signed !== undefined ? shown.data.signed : json;
}
