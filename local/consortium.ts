/**
 * Lays out three local parties in a directory: one folder for each with its secret keys, its configuration and
 * its tables, and one public file that names all three.
 *
 * ```
 * consortium.json        public: who the parties are and where they answer
 * party-0/keys.json      secret (0600): signing and sealing key of party 0
 * party-0/config.json    its ports, its peers' public records and outbox endpoints, its protocol
 * party-0/dynamodb/      its tables
 * party-0/vault-keys.json  secret (0600): keys of its vaults, where it has any
 * ```
 *
 * A party process reads its own folder and nothing else. Opening a directory that has a consortium already
 * leaves it as it is, but for the protocol, which may be set anew.
 */

import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { partyField } from '../auction/fields.ts';
import { generatePartyKeys, loadPartyKeys, partyRecordOf } from '../auction/party/keys.ts';
import { type PartyRecord, partyRecordSchema } from '../auction/tender.ts';
import { type VaultGrant, vaultGrantSchema } from '../functions/vault-access/authorisation.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { THREE_PARTY_NAMES, type ThreePartyName } from '../mpc/protocols/three-party.ts';
import { closeServer, listenOnLoopback } from './listen.ts';

const port = z.int().check(z.gte(1), z.lte(65_535));
const consortiumSchema = z.strictObject({
  kind: z.literal('tacit/1 local consortium'),
  parties: z.tuple([localParty(), localParty(), localParty()]),
});

const partyConfigSchema = z.strictObject({
  kind: z.literal('tacit/1 local party'),
  party: partyField,
  httpPort: port,
  dynamodbPort: port,
  parties: z.tuple([localParty(), localParty(), localParty()]),
  /** As the environment variable PROTOCOL. */
  protocol: z.optional(z.enum(THREE_PARTY_NAMES)),
  /** As the environment variable VAULT_ACCESS; absent at a party without vaults. */
  vaultAccess: z.optional(z.array(vaultGrantSchema)),
});

function localParty() {
  return z.strictObject({ record: partyRecordSchema, url: z.url(), dynamodbEndpoint: z.url() });
}

export type LocalConsortium = z.infer<typeof consortiumSchema>;
export type PartyConfig = z.infer<typeof partyConfigSchema>;

/**
 * Below the ports that Linux gives to outgoing connections: one of those would keep a party that was down from its port.
 */
const FIRST_OUTGOING_PORT = 32_768;
const FIRST_FREE_PORT = 10_240;

/** Most are free, as a rule. */
const MAX_PORTS_TRIED = 1_000;

/** Readable by the owner alone. */
const SECRET_FILE_MODE = 0o600;
const SECRET_DIRECTORY_MODE = 0o700;

export function partyDirectory(directory: string, party: PartyIndex): string {
  return join(directory, `party-${party}`);
}

/** @param directory of the party */
export function vaultKeysFile(directory: string): string {
  return join(directory, 'vault-keys.json');
}

export interface ConsortiumOptions {
  /** Party i answers on `port + i` and keeps its tables behind `port + 10 + i`; free ports without it. */
  readonly port?: number;
  /** Written into the configuration of all three; what they have stays without it. */
  readonly protocol?: ThreePartyName;
}

/** Opens the consortium in a directory, laying it out first where there is none. */
export async function openConsortium(
  directory: string,
  options: ConsortiumOptions = {},
): Promise<LocalConsortium> {
  const consortium = (await readConsortium(directory)) ?? (await layOut(directory, options));
  const { protocol } = options;
  if (protocol !== undefined) {
    await Promise.all(PARTIES.map((party) => configureProtocol(partyDirectory(directory, party), protocol)));
  }
  return consortium;
}

/** Sets how one party clears from its next start on. Its peers must be set alike. */
export async function configureProtocol(directory: string, protocol: ThreePartyName): Promise<void> {
  const config = await readPartyConfig(directory);
  if (config.protocol !== protocol) await writeJson(join(directory, 'config.json'), { ...config, protocol });
}

/** Lists a requester for a vault of the party, from its next start on; an earlier grant of the same is replaced. */
export async function grantVaultAccess(directory: string, grant: VaultGrant): Promise<void> {
  const config = await readPartyConfig(directory);
  const others = (config.vaultAccess ?? []).filter(
    ({ vault, requester }) => vault !== grant.vault || requester !== grant.requester,
  );
  await writeJson(join(directory, 'config.json'), { ...config, vaultAccess: [...others, grant] });
}

/** @returns undefined where the directory has no consortium */
export async function readConsortium(directory: string): Promise<LocalConsortium | undefined> {
  const json = await readJson(join(directory, 'consortium.json'));
  return json === undefined ? undefined : z.parse(consortiumSchema, json);
}

/** @param directory of the party */
export async function readPartyConfig(directory: string): Promise<PartyConfig> {
  return z.parse(partyConfigSchema, await readJson(join(directory, 'config.json')));
}

async function layOut(directory: string, options: ConsortiumOptions): Promise<LocalConsortium> {
  const first = options.port;
  const ports =
    first === undefined ? await freePorts(6) : [0, 1, 2, 10, 11, 12].map((offset) => first + offset);
  const [httpPorts, dynamodbPorts] = [ports.slice(0, 3), ports.slice(3)];
  const describe = async (party: PartyIndex) => ({
    record: await createKeys(partyDirectory(directory, party), party),
    url: `http://127.0.0.1:${httpPorts[party]}`,
    dynamodbEndpoint: `http://127.0.0.1:${dynamodbPorts[party]}`,
  });
  const parties: LocalConsortium['parties'] = [await describe(0), await describe(1), await describe(2)];
  for (const party of PARTIES) {
    await writeJson(join(partyDirectory(directory, party), 'config.json'), {
      kind: 'tacit/1 local party',
      party,
      httpPort: httpPorts[party],
      dynamodbPort: dynamodbPorts[party],
      parties,
    });
  }
  // Written last: where this file is, everything else is.
  const consortium: LocalConsortium = { kind: 'tacit/1 local consortium', parties };
  await writeJson(join(directory, 'consortium.json'), consortium);
  return consortium;
}

/** Keeps the keys that an interrupted layout left behind. */
async function createKeys(directory: string, party: PartyIndex): Promise<PartyRecord> {
  await mkdir(directory, { recursive: true, mode: SECRET_DIRECTORY_MODE });
  const path = join(directory, 'keys.json');
  const existing = await readJson(path);
  if (existing !== undefined) return partyRecordOf(await loadPartyKeys(existing));
  const keys = await generatePartyKeys(party, randomBytes);
  await writeJson(path, keys, SECRET_FILE_MODE);
  return partyRecordOf(await loadPartyKeys(keys));
}

/** Held all at once, so that no two are the same; another program may still take one before we do. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < MAX_PORTS_TRIED; tries++) {
    const server = createServer();
    const port = randomInt(FIRST_FREE_PORT, FIRST_OUTGOING_PORT);
    const listening = await listenOnLoopback(server, port).catch(() => undefined);
    if (listening === undefined) continue;
    servers.push(server);
    ports.push(port);
  }
  await Promise.all(servers.map(closeServer));
  if (ports.length < count) throw new Error(`of ${MAX_PORTS_TRIED} ports, hardly any is free`);
  return ports;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeJson(path: string, value: unknown, mode = 0o644): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`, { mode });
}
