/** `tacit up`: three local parties that stay until Ctrl-C; what they stored is there again at the next start. */

import { once } from 'node:events';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseAllowedOrigins } from '../../functions/allowed-origins.ts';
import { isWebhookUrl, MAX_WEBHOOKS } from '../../functions/webhook.ts';
import { openConsortium, partyDirectory, readPartyConfig } from '../../local/consortium.ts';
import type { PartyVaultSizes } from '../../local/party-vaults.ts';
import { PartyProcesses } from '../../local/processes.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { DEFAULT_PROTOCOL, THREE_PARTY_NAMES, type ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { type LocalPage, pageOrigins, serveLocalPage } from '../local-page.ts';
import { integer } from '../options.ts';
import { bold, note, print, table } from '../output.ts';
import { withstands } from '../protocol-option.ts';
import { collectVaults, lookupHint, provisionVaults } from '../vault-provision.ts';
import { DEFAULT_DIRECTORY } from '../workspace.ts';

interface UpOptions {
  readonly dir: string;
  readonly port: number;
  readonly protocol?: ThreePartyName;
  readonly allowOrigin?: readonly string[];
  readonly webhook?: readonly string[];
  readonly vault?: readonly PartyVaultSizes[];
  readonly web?: boolean;
}

const DEFAULT_PORT = 4700;
/** The page's port, above that of party 0. */
const PAGE_PORT_OFFSET = 3;
/** The highest port in use is 12 above. */
const MAX_PORT = 65_535 - 12;

export function upCommand(): Command {
  return new Command('up')
    .description('start three local parties that stay up until Ctrl-C')
    .option('--dir <directory>', 'where they keep their keys and tables', DEFAULT_DIRECTORY)
    .option(
      '--port <port>',
      'of party 0; the others follow (only when the directory is new)',
      integer(1024, MAX_PORT),
      DEFAULT_PORT,
    )
    .addOption(
      new Option(
        '--protocol <name>',
        `how they compute (kept for later starts; at first ${DEFAULT_PROTOCOL})`,
      ).choices(THREE_PARTY_NAMES),
    )
    .option('--web', 'serve the page for bidders as well, on the port after those of the parties')
    .option(
      '--allow-origin <origin>',
      'a page that may read the parties, such as http://localhost:5173; may be repeated',
      collectOrigins,
    )
    .option(
      '--webhook <url>',
      'an address that the parties post outcomes and aborts to, https or on this machine; may be repeated',
      collectWebhooks,
    )
    .option(
      '--vault <name:records:bytes[:file]>',
      'gives party 0 a vault for so many records of so many bytes, with those of a file; may be repeated',
      collectVaults,
    )
    .action(up);
}

function collectOrigins(value: string, previous: readonly string[] = []): readonly string[] {
  try {
    return [...previous, ...parseAllowedOrigins(value)];
  } catch {
    throw new InvalidArgumentError('it must be an origin such as https://bids.example, without a path');
  }
}

function collectWebhooks(value: string, previous: readonly string[] = []): readonly string[] {
  if (isWebhookUrl(value) && previous.length < MAX_WEBHOOKS) return [...previous, value];
  throw new InvalidArgumentError(
    `it must be an address with https, or with http on this machine, and there are at most ${MAX_WEBHOOKS}`,
  );
}

async function up(options: UpOptions): Promise<void> {
  const { vault: vaults = [] } = options;
  await provisionVaults(options, vaults);
  const page = options.web === true ? await startPage(options) : undefined;
  const processes = await startParties(options, page?.origins ?? []).catch(async (error: unknown) => {
    await page?.close();
    throw error;
  });
  const protocols = await Promise.all(PARTIES.map((party) => protocolOf(options.dir, party)));
  const rows = processes.consortium.parties.map(({ record, url }) => [
    String(record.index),
    url,
    String(processes.processIdOf(record.index)),
    protocols[record.index] ?? '',
    record.signingKey,
  ]);
  print(`${bold('Three parties are up')}, each in a process with tables of its own under ${options.dir}.\n`);
  print(table(['party', 'address', 'process', 'protocol', 'signing key'], rows));
  const [protocol = DEFAULT_PROTOCOL, ...others] = new Set(protocols);
  print(
    others.length === 0
      ? `\n${withstands(protocol)}.`
      : '\nThe parties are set to different protocols and will not clear: name one with --protocol.',
  );
  if (page !== undefined) print(`\nThe page for bidders: ${bold(page.url)} (SHA-256 ${page.hash})`);
  const directory = options.dir === DEFAULT_DIRECTORY ? '' : ` --dir ${options.dir}`;
  print('\nNow, in another terminal:\n');
  print(
    `  npm run -s tacit -- tender create${directory} --spec examples/timber-sale/tender.json --closes-in 10m`,
  );
  print(
    `  npm run -s tacit -- bid${directory} --tender ID --bidder "Furnier Adler" --lot oak --amount 318500.00`,
  );
  print(`  npm run -s tacit -- tender close${directory} ID`);
  print(`  npm run -s tacit -- outcome${directory} ID --wait`);
  for (const sizes of vaults) for (const line of lookupHint(directory, sizes)) print(line);
  print('\nCtrl-C ends them; `tacit up` with the same --dir brings them back.');
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  note('Stopping.');
  await Promise.all([processes.stop(), page?.close()]);
}

/** The page's origins must be known before the parties start, and its own port follows from theirs. */
async function startPage({
  dir,
  port,
}: UpOptions): Promise<LocalPage & { readonly origins: readonly string[] }> {
  const { parties } = await openConsortium(dir, { port });
  const [first, second, third] = parties;
  const pagePort = Number(new URL(first.url).port) + PAGE_PORT_OFFSET;
  const page = await serveLocalPage([first.url, second.url, third.url], pagePort);
  return { ...page, origins: pageOrigins(pagePort) };
}

function startParties(options: UpOptions, pageOrigins: readonly string[]): Promise<PartyProcesses> {
  return PartyProcesses.start(options.dir, {
    port: options.port,
    allowedOrigins: [...(options.allowOrigin ?? []), ...pageOrigins],
    webhooks: options.webhook ?? [],
    ...(options.protocol === undefined ? {} : { protocol: options.protocol }),
    onMessage: (message) => {
      if (message.kind === 'cleared') note(`party ${message.party}: cleared tender ${message.tenderId}`);
      if (message.kind === 'clearing-failed') {
        const { party, tenderId, code, detail, blame } = message;
        note(`party ${party}: clearing ${tenderId}: ${code}: ${detail}`);
        if (blame !== undefined) note(`party ${party}: ${blame}`);
      }
    },
    onEnded: (party, reason) =>
      note(`party ${party}: its process ended (${reason}); end the others with Ctrl-C and start them again`),
  });
}

async function protocolOf(directory: string, party: PartyIndex): Promise<ThreePartyName> {
  return (await readPartyConfig(partyDirectory(directory, party))).protocol ?? DEFAULT_PROTOCOL;
}
