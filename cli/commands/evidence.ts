/**
 * `tacit evidence check`: whether a document proves that a party broke the protocol; needs nobody but the tender.
 * `tacit evidence fetch`: the document itself, out of the outbox where a party posted it.
 */

import { Command } from 'commander';
import * as z from 'zod/mini';
import { checkEvidence } from '../../auction/evidence.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { type CheckedTender, checkTender } from '../../auction/tender.ts';
import type { OutboxPlace } from '../../local/outbox-proof.ts';
import { MpcError } from '../../mpc/errors.ts';
import { toPartyIndex } from '../../mpc/party.ts';
import { CliError } from '../errors.ts';
import { writePublicDocument } from '../operator-files.ts';
import { httpUrl, integer } from '../options.ts';
import { bold, print, printJson } from '../output.ts';
import { readJsonFile } from '../workspace.ts';

interface CheckOptions {
  readonly tender: string;
  readonly json?: boolean;
}

interface FetchOptions extends CheckOptions, Omit<OutboxPlace, 'party' | 'table'> {
  readonly index: number;
  readonly outboxTable: string;
  readonly out?: string;
}

export function evidenceCommand(): Command {
  return new Command('evidence')
    .description('evidence that a party broke the protocol')
    .addCommand(
      withTender(new Command('check'))
        .description('say which party is at fault and why; exit code 0 only where that is proven')
        .argument('<file>', 'evidence, as a party stored or posted it')
        .action(check),
    )
    .addCommand(
      withTender(new Command('fetch'))
        .description('take the evidence that a party posted out of its outbox table, and check it')
        .requiredOption('--index <party>', 'whose outbox it is', integer(0, 2))
        .requiredOption('--outbox-table <table>', 'name or ARN of the table; read with your AWS credentials')
        .option('--region <region>', 'of the table, where no ARN says it (default: of the AWS configuration)')
        .option('--profile <name>', 'of the AWS configuration, for the credentials')
        .option('--endpoint <url>', 'of a stand-in for DynamoDB', httpUrl)
        .option('--out <file>', 'where to write it (default: evidence-<tender>.json)')
        .action(fetchProof),
    );
}

function withTender(command: Command): Command {
  return command
    .requiredOption('--tender <file>', 'the signed tender, or what `tacit tender show --json` printed')
    .option('--json', 'print one JSON object');
}

/** @throws AuctionError EVIDENCE_*, TENDER_*; CliError FILE_UNREADABLE */
async function check(file: string, options: CheckOptions): Promise<void> {
  report(await readJsonFile(file), await tenderOf(options), options);
}

/** @throws as `check`; CliError NOT_FOUND, OUTBOX_UNREADABLE, FILE_UNWRITABLE; MpcError CHANNEL_* */
async function fetchProof(options: FetchOptions): Promise<void> {
  const tender = await tenderOf(options);
  const party = toPartyIndex(options.index);
  if (party === undefined) throw new CliError('USAGE', '--index is 0, 1 or 2');
  const place = { ...options, party, table: options.outboxTable };
  const { readPostedProof } = await import('../../local/outbox-proof.ts');
  const posted = await readPostedProof(place, tender.id).catch((error: unknown) => {
    if (error instanceof MpcError || !(error instanceof Error)) throw error;
    const detail = `the table ${options.outboxTable} was not asked (${error.name}): check region and credentials (AWS_PROFILE, --profile)`;
    throw new CliError('OUTBOX_UNREADABLE', detail, { table: options.outboxTable }, { cause: error });
  });
  if (posted === undefined) {
    throw new CliError(
      'NOT_FOUND',
      `party ${party} has posted no evidence about this tender: it had no proof, or its messages have expired`,
    );
  }
  const evidence = jsonOf(posted);
  const path = options.out ?? `evidence-${tender.id}.json`;
  report(evidence, tender, options, { path });
  await writePublicDocument(path, evidence);
  if (options.json !== true) print(`The evidence is in ${path}.`);
}

/** What is no JSON is refused as evidence, whoever posted it. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function report(
  evidence: unknown,
  tender: CheckedTender,
  { json }: CheckOptions,
  more: Readonly<Record<string, string>> = {},
): void {
  const { party, fault, sentence } = checkEvidence(evidence, tender, nodeSignatures);
  if (json === true) {
    printJson({ tender: tender.id, party, fault, sentence, ...more });
    return;
  }
  print(bold(`Party ${party} is at fault: ${fault}`));
  print(sentence);
  print(`\nEvery document is signed by party ${party}, checked with its key in tender ${tender.id}.`);
}

async function tenderOf({ tender }: CheckOptions): Promise<CheckedTender> {
  const json = await readJsonFile(tender);
  const shown = z.safeParse(z.object({ signed: z.unknown() }), json);
  const signed = shown.success && shown.data.signed !== undefined ? shown.data.signed : json;
  return checkTender(signed, nodeSignatures);
}
