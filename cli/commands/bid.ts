/** `tacit bid` and `tacit withdraw`: the bidder's commands. */

import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { parseAmount } from '../../auction/amount.ts';
import { checkEligibility } from '../../auction/eligibility.ts';
import { inviteKey } from '../../auction/invitation.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import { createWithdrawal, type Submission } from '../../auction/submission.ts';
import type { CheckedTender, TenderId } from '../../auction/tender.ts';
import type { Submitted } from '../../client/tacit-client.ts';
import { CliError } from '../errors.ts';
import { invitationOfKey, keepInvitedKey, readInvitation } from '../invitation-files.ts';
import { integer } from '../options.ts';
import { bold, note, print, printJson, table } from '../output.ts';
import { consortiumClient, type PartyOptions, parseTenderId, withPartyOptions } from '../party-options.ts';
import { Workspace } from '../workspace.ts';

interface SubmissionOptions extends PartyOptions {
  readonly tender?: TenderId;
  readonly bidder?: string;
  readonly invitation?: string;
  readonly lot?: string;
  readonly key?: string;
  readonly bidVersion?: number;
}

interface BidOptions extends SubmissionOptions {
  readonly amount: string;
}

/** What `versionField` of the documents allows. */
const MAX_VERSION = 2 ** 32 - 1;

export function bidCommand(): Command {
  return submissionCommand(
    'bid',
    'seal a bid on this machine and hand it to the three parties; again to amend it',
  )
    .requiredOption('--amount <amount>', 'such as 1250.00; leaves this machine only in shares')
    .action(async (options: BidOptions) => {
      await submit(options, async ({ terms, signed }, facts) => {
        const amount = parseAmount(options.amount, terms.spec.decimals);
        const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
        return await sealBid({ ...facts, terms, parties: signed.tender.parties, amount, random });
      });
    });
}

export function withdrawCommand(): Command {
  return submissionCommand('withdraw', 'withdraw a bid before the deadline').action(
    async (options: SubmissionOptions) => {
      await submit(options, async ({ terms }, facts) => createWithdrawal({ ...facts, terms }));
    },
  );
}

function submissionCommand(name: string, description: string): Command {
  return withPartyOptions(new Command(name))
    .description(description)
    .option('--tender <id>', 'tender id', parseTenderId)
    .option('--bidder <name>', "the bidder's name")
    .option(
      '--invitation <link>',
      'the link that the auctioneer sent, or a file with it: instead of --tender and --bidder',
    )
    .option('--lot <id>', 'lot (may be left out where there is only one)')
    .option('--key <file>', "the bidder's key (default: under --dir, made when missing)")
    .option(
      '--bid-version <n>',
      'where the receipts of earlier versions are elsewhere',
      integer(1, MAX_VERSION),
    );
}

interface SubmissionFacts {
  readonly lot: string;
  readonly bidder: string;
  readonly bidderSecretKey: Uint8Array;
  readonly version: number;
  readonly invitation: string | undefined;
  readonly signatures: typeof nodeSignatures;
}

async function submit(
  options: SubmissionOptions,
  create: (tender: CheckedTender, facts: SubmissionFacts) => Promise<Submission>,
): Promise<void> {
  const { tender: id, bidder, link } = await placeOf(options);
  const client = await consortiumClient(options);
  const tender = await client.tender(id);
  const lot = options.lot ?? onlyLot(tender);
  const workspace = new Workspace(options.dir);
  const { publicKey, secretKey } = await workspace.bidderKey(bidder, options.key);
  const invited = { tender: id, bidder, bidderKey: publicKey };
  const invitation =
    link === undefined
      ? await invitationOfKey(options.dir, invited, options.key)
      : inviteKey(link, publicKey, nodeSignatures);
  const next = await workspace.nextVersion(tender.id, lot, bidder);
  const version = options.bidVersion ?? next;
  if (version < next) {
    // Its file would replace the earlier one, receipts and all.
    throw new CliError('USAGE', `--bid-version must be at least ${next}: an earlier version was made here`);
  }
  const submission = await create(tender, {
    lot,
    bidder,
    bidderSecretKey: secretKey,
    version,
    invitation,
    signatures: nodeSignatures,
  });
  // A version is used up once its file is written: what every party would refuse uses up none.
  checkEligibility(submission, tender.terms, nodeSignatures);
  if (link !== undefined && invitation !== undefined) {
    await keepInvitedKey(options.dir, invited, invitation);
  }
  await workspace.saveSubmission(submission, []);
  const submitted = await client.submit(submission, tender);
  const file = await workspace.saveSubmission(submission, submitted.receipts);
  report(submission, submitted, file, options.json === true);
}

/** Which tender, and who bids. @throws CliError USAGE, FILE_UNREADABLE; AuctionError INVITATION_MALFORMED */
async function placeOf(options: SubmissionOptions) {
  const link =
    options.invitation === undefined ? undefined : await readInvitation(options.invitation, options.bidder);
  const { tender = link?.tender, bidder = link?.bidder } = options;
  if (tender === undefined || bidder === undefined) {
    throw new CliError('USAGE', 'name --tender and --bidder, or give the link of an --invitation');
  }
  if (link !== undefined && (link.tender !== tender || link.bidder !== bidder)) {
    throw new CliError('USAGE', `the invitation is for ${link.bidder} in tender ${link.tender}`);
  }
  return { tender, bidder, link };
}

function onlyLot({ terms }: CheckedTender): string {
  const [lot, ...others] = terms.lots;
  if (lot === undefined || others.length > 0) {
    throw new CliError(
      'USAGE',
      `the tender has several lots: name one with --lot (${terms.lots.join(', ')})`,
    );
  }
  return lot;
}

function report(
  submission: Submission,
  { receipts, refusals, standing }: Submitted,
  file: string,
  json: boolean,
): void {
  const { kind, lot, bidder, version } = submission;
  const what = kind === 'bid' ? 'bid' : 'withdrawal';
  if (standing !== 'counts') {
    const [telling] = refusals.filter(({ code }) => code !== 'PARTY_UNREACHABLE');
    const reasons = refusals
      .map(({ party, code, detail }) => `party ${party}: ${code}: ${detail}`)
      .join('; ');
    const agreed = receipts.length === 0 && refusals.every(({ code }) => code === telling?.code);
    if (telling !== undefined && agreed)
      throw new RefusedError(telling.code, telling.detail + hintFor(telling.code));
    throw new CliError(
      'BID_DOES_NOT_COUNT',
      `the ${what} has ${receipts.length} of 2 needed receipts; ${reasons}`,
      { refusals },
    );
  }
  for (const { party, code, detail } of refusals)
    note(`warning: no receipt from the address of party ${party}: ${code}: ${detail}`);
  if (json) {
    printJson({ kind, lot, bidder, version, standing, receipts, refusals, file });
    return;
  }
  print(
    bold(
      `${kind === 'bid' ? 'Sealed bid' : 'Withdrawal'} of ${bidder} in lot ${lot}, version ${version}: it counts`,
    ),
  );
  print();
  const rows = receipts.map(({ party, receivedAt, signature }) => [
    String(party),
    new Date(receivedAt).toISOString(),
    `${signature.slice(0, 16)}...`,
  ]);
  print(table(['party', 'received at', 'signed'], rows));
  print(`\n${receipts.length} receipts (2 are needed), kept in ${file}`);
}

/** Receipts of earlier versions may be on another machine. */
function hintFor(code: string): string {
  return code === 'BID_VERSION_REPLAYED' ? '; give a greater one with --bid-version' : '';
}

/** All parties that answered refused for the same reason: that reason is the error. */
class RefusedError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.name = 'RefusedError';
    this.code = code;
  }
}
