/** `tacit tender create | publish | show | close`: the auctioneer's commands. */

import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { createCloseOrder } from '../../auction/close-order.ts';
import { inviteBidders } from '../../auction/invite-bidders.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import {
  type CheckedTender,
  checkTender,
  createTender,
  type PartyRecord,
  type PartyRecords,
  type SignedTender,
  TENDER_NONCE_BYTES,
  type TenderId,
  tenderIdOf,
} from '../../auction/tender.ts';
import type { TenderSpec } from '../../auction/tender-spec.ts';
import type { Refusal, TacitClient } from '../../client/tacit-client.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { readConsortium } from '../../local/consortium.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { CliError } from '../errors.ts';
import { saveLinks } from '../invitation-files.ts';
import { durationMs } from '../options.ts';
import { bold, note, print, printJson, table } from '../output.ts';
import {
  consortiumClient,
  consortiumDocument,
  type PartyOptions,
  parseTenderId,
  withPartyOptions,
} from '../party-options.ts';
import { type TokenOptions, withTokenOption } from '../token-option.ts';
import { readJsonFile, Workspace } from '../workspace.ts';

interface CreateOptions extends PartyOptions, TokenOptions {
  readonly spec: string;
  readonly closesAt?: string;
  readonly closesIn?: number;
  readonly key?: string;
  readonly page?: string;
}

interface CloseOptions extends PartyOptions, TokenOptions {
  readonly key?: string;
}

export function tenderCommand(): Command {
  const create = withTokenOption(withPartyOptions(new Command('create')))
    .description('sign a tender and publish it at all three parties')
    .requiredOption('--spec <file>', 'the specification, as in examples/*/tender.json')
    .option('--closes-at <time>', 'deadline as RFC 3339, such as 2027-03-01T12:00:00Z')
    .addOption(
      new Option('--closes-in <duration>', 'deadline from now: 90s, 10m, 2h, 3d')
        .argParser(durationMs)
        .conflicts('closesAt'),
    )
    .option('--key <file>', "the auctioneer's key (default: under --dir, made when missing)")
    .option('--page <url>', 'what the links of invited bidders begin with: the page they bid on', parsePage)
    .action(createAndPublish);
  const publish = withTokenOption(withPartyOptions(new Command('publish')))
    .description('publish a tender that was signed before, where a party missed it')
    .argument('<file>', 'the signed tender, as `tender create` keeps it under --dir')
    .action(publishFile);
  const show = withPartyOptions(new Command('show'))
    .description('show a tender and its phase at each party')
    .argument('<id>', 'tender id', parseTenderId)
    .action(showTender);
  const close = withTokenOption(withPartyOptions(new Command('close')))
    .description('close a tender now, with the key that signed it')
    .argument('<id>', 'tender id', parseTenderId)
    .option('--key <file>', "the auctioneer's key (default: under --dir)")
    .action(closeTender);
  return new Command('tender')
    .description('sign, publish, show and close tenders')
    .addCommand(create)
    .addCommand(publish)
    .addCommand(show)
    .addCommand(close);
}

async function createAndPublish(options: CreateOptions): Promise<void> {
  const written = await readJsonFile(options.spec);
  const dated = withDeadline(written, deadlineOf(options));
  const { spec, invited, invitations } = inviteBidders(dated, random, nodeSignatures);
  requireAhead(spec);
  if (invited.length === 0 && options.page !== undefined) {
    throw new CliError('USAGE', 'the specification invites nobody, so --page has no use: leave it out');
  }
  const client = await consortiumClient(options);
  const workspace = new Workspace(options.dir);
  const key = await workspace.auctioneerKey(options.key);
  const known = await knownRecords(options);
  const parties = [
    await recordOf(client, 0, known),
    await recordOf(client, 1, known),
    await recordOf(client, 2, known),
  ] as const;
  const signed = createTender(spec, parties, key.secretKey, random(TENDER_NONCE_BYTES), nodeSignatures);
  const id = tenderIdOf(signed.tender);
  const file = await workspace.saveTender(id, signed);
  const links =
    invited.length === 0 ? undefined : await saveLinks(options.dir, id, invitations(id), options.page);
  await publishEverywhere(client, signed, file);
  report(checkTender(signed, nodeSignatures), links, options);
}

function random(bytes: number): Uint8Array {
  return new Uint8Array(randomBytes(bytes));
}

/** Whoever answers at the address could take each bidder's name, or show it another page: so only over TLS. */
function parsePage(text: string): string {
  const url = URL.parse(text);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url === null || !isSafe) throw new InvalidArgumentError('it must be an https URL');
  if (text.includes('#')) throw new InvalidArgumentError('it must have no part behind a #');
  return url.href;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** A typing error here would be signed, and nobody could bid. */
function requireAhead({ closesAt }: TenderSpec): void {
  if (closesAt === undefined || Date.parse(closesAt) > Date.now()) return;
  throw new CliError('DEADLINE_PASSED', `closesAt is ${closesAt}, which is over: nobody could bid`, {
    closesAt,
  });
}

/** The same document has the same id, so parties that have it accept it again. */
async function publishFile(file: string, options: PartyOptions & TokenOptions): Promise<void> {
  const tender = checkTender(await readJsonFile(file), nodeSignatures);
  await publishEverywhere(await consortiumClient(options), tender.signed, file);
  report(tender, undefined, options);
}

async function publishEverywhere(client: TacitClient, signed: SignedTender, file: string): Promise<void> {
  const refusals = await client.publish(signed);
  if (refusals.length === 0) return;
  throw new CliError(
    'TENDER_NOT_PUBLISHED',
    `a tender needs all three parties; once they answer run \`tacit tender publish ${file}\`; ${sentenceOf(refusals)}`,
    { id: tenderIdOf(signed.tender), file, refusals },
  );
}

function report(
  { id, signed, terms: { spec } }: CheckedTender,
  invitations: string | undefined,
  { json }: PartyOptions,
): void {
  const { parties } = signed.tender;
  if (json === true) {
    const links = invitations === undefined ? {} : { invitations };
    printJson({ id, closesAt: spec.closesAt ?? null, parties, ...links });
    return;
  }
  print(`${bold(spec.title)}\n`);
  print(`  tender    ${id}`);
  print(`  closes    ${spec.closesAt ?? 'when the auctioneer orders it'}`);
  for (const { index, signingKey } of parties) print(`  party ${index}   signs with ${signingKey}`);
  print('\nThe id is the hash of all rules and keys: give it to the bidders on a way they trust.');
  if (invitations === undefined) return;
  print(`The links of invited bidders are in ${invitations}.`);
  print('Whoever has one can bid under its name: send each to its bidder alone.');
}

/**
 * The keys that a party claims, compared with the consortium document, or else in a local consortium with its public
 * file. Where there is neither, whoever knows better compares them with what the tender then names.
 */
async function recordOf(
  client: TacitClient,
  index: PartyIndex,
  known: PartyRecords | undefined,
): Promise<PartyRecord> {
  const record = await client.party(index).info();
  const { url } = client.party(index);
  if (record.index !== index)
    throw new CliError('USAGE', `the party at ${url} is party ${record.index}, not ${index}`, { index });
  const expected = known?.[index];
  if (
    expected !== undefined &&
    (expected.signingKey !== record.signingKey || expected.sealingKey !== record.sealingKey)
  ) {
    throw new CliError(
      'PARTY_KEYS_DIFFER',
      `what answers at ${url} has other keys than the consortium lists`,
      {
        index,
      },
    );
  }
  return record;
}

async function knownRecords(options: CreateOptions): Promise<PartyRecords | undefined> {
  const document = await consortiumDocument(options, systemClock.now());
  if (document !== undefined || options.party !== undefined) return document?.parties;
  const local = await readConsortium(options.dir);
  if (local === undefined) return undefined;
  const [first, second, third] = local.parties;
  return [first.record, second.record, third.record];
}

function deadlineOf({ closesAt, closesIn }: CreateOptions): string | undefined {
  if (closesIn !== undefined) return new Date(Date.now() + closesIn).toISOString();
  return closesAt;
}

function withDeadline(written: unknown, closesAt: string | undefined): unknown {
  if (closesAt === undefined || typeof written !== 'object' || written === null) return written;
  return { ...written, closesAt };
}

async function showTender(id: TenderId, options: PartyOptions): Promise<void> {
  const client = await consortiumClient(options);
  const { signed, terms } = await client.tender(id);
  const phases = await client.phases(id);
  const { spec } = terms;
  if (options.json === true) {
    printJson({ id, signed, phases: phases.map((phase) => phase ?? null) });
    return;
  }
  print(`${bold(spec.title)}\n`);
  print(
    `  ${spec.direction} bid wins, ${spec.rule}; ceiling ${spec.ceiling} ${spec.currency}, reserve ${spec.reserve ?? 'none'}`,
  );
  print(
    `  closes ${spec.closesAt ?? 'when the auctioneer orders it'}; ties by ${spec.tieBreak}; at least ${spec.minimumBids} bids\n`,
  );
  print(
    table(
      ['lot', 'title'],
      spec.lots.map((lot) => [lot.id, lot.title]),
    ),
  );
  print();
  print(
    table(
      ['party', 'phase'],
      PARTIES.map((index) => [String(index), phases[index] ?? 'no answer']),
    ),
  );
}

async function closeTender(id: TenderId, options: CloseOptions): Promise<void> {
  const client = await consortiumClient(options);
  const key = await new Workspace(options.dir).auctioneerKey(options.key);
  const refusals = await client.close(id, createCloseOrder(id, key.secretKey, nodeSignatures));
  if (refusals.length === PARTIES.length) {
    const [first] = refusals;
    throw new CliError('CLOSE_INCOMPLETE', `no party closed the tender; ${sentenceOf(refusals)}`, {
      id,
      code: first?.code,
      refusals,
    });
  }
  if (refusals.length > 0) {
    throw new CliError(
      'CLOSE_INCOMPLETE',
      `order it again once all parties answer; ${sentenceOf(refusals)}`,
      { id, refusals },
    );
  }
  if (options.json === true) printJson({ id, phase: 'closing' });
  else note('Closed at all three parties; they are clearing now.');
}

function sentenceOf(refusals: readonly Refusal[]): string {
  return refusals.map(({ party, code, detail }) => `party ${party}: ${code}: ${detail}`).join('; ');
}
