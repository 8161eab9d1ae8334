/**
 * The main program of one local party: its DynamoDB, its HTTP API and its scheduler in one process.
 *
 * ```
 * node local/party-process.ts <directory of the party>
 * ```
 *
 * It makes the environment variables that a Lambda deployment would have and composes the party from them, so
 * everything above the event adapter is what runs on AWS. It shares nothing with the other parties: it reads
 * their outboxes over HTTP and writes its own tables alone. It ends in order on SIGTERM, and when the process
 * that started it is gone.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import { AuctionError } from '../auction/errors.ts';
import { blameOf, describeBlame } from '../auction/party/blame.ts';
import { createAuctionTable } from '../auction/party/dynamodb.ts';
import { parseAllowedOrigins } from '../functions/allowed-origins.ts';
import { createClearTenderHandler } from '../functions/clear-tender/clear-tender.handler.ts';
import { createCloseTenderHandler } from '../functions/close-tender/close-tender.handler.ts';
import { awaitedClearings } from '../functions/due-tenders.ts';
import { parseEnvironment } from '../functions/environment.ts';
import { FunctionError } from '../functions/errors.ts';
import { toTenderId } from '../functions/http-handler.ts';
import { createListTendersHandler } from '../functions/list-tenders/list-tenders.handler.ts';
import { logError, logInfo } from '../functions/log.ts';
import { createPartyInfoHandler } from '../functions/party-info/party-info.handler.ts';
import { createPartyStatusHandler } from '../functions/party-status/party-status.handler.ts';
import { createPublishTenderHandler } from '../functions/publish-tender/publish-tender.handler.ts';
import { REQUEST_TIMEOUTS } from '../functions/request-timeouts.ts';
import { composeRuntime, type Runtime } from '../functions/runtime.ts';
import { createShowOpenApiHandler } from '../functions/show-openapi/show-openapi.handler.ts';
import { createShowOutcomeHandler } from '../functions/show-outcome/show-outcome.handler.ts';
import { createShowTenderHandler } from '../functions/show-tender/show-tender.handler.ts';
import { createSubmitBidHandler } from '../functions/submit-bid/submit-bid.handler.ts';
import { systemClock } from '../functions/system-clock.ts';
import { createVaultAccessHandler } from '../functions/vault-access/vault-access.handler.ts';
import { createWatchPeersHandler } from '../functions/watch-peers/watch-peers.handler.ts';
import { createOutboxTable } from '../mpc/channels/outbox/dynamodb.ts';
import { MpcError } from '../mpc/errors.ts';
import { PARTIES } from '../mpc/party.ts';
import { ClearingScheduler } from './clearing-scheduler.ts';
import { type PartyConfig, readPartyConfig, vaultKeysFile } from './consortium.ts';
import { startDynamodbServer } from './dynamodb-server.ts';
import { createApiServer, type HttpHandlers } from './event-adapter.ts';
import { EventTeller } from './event-teller.ts';
import { invocationContext } from './invocation-context.ts';
import { closeServer, listenOnLoopback } from './listen.ts';
import type { PartyMessage } from './party-messages.ts';
import { PeerWatch } from './peer-watch.ts';
import { accessKeyOf, outboxTableOf, STATE_TABLE, VAULT_STATE_TABLE, VAULT_TREE_TABLE } from './tables.ts';

/** Lambda's longest invocation. */
const CLEARING_TIMEOUT_MS = 900_000;

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: party-process.ts <directory of the party>');

const evidenceDirectory = join(directory, 'evidence');
const config = await readPartyConfig(directory);
const party = config.party;
const tables = await startDynamodbServer({
  path: join(directory, 'dynamodb'),
  port: config.dynamodbPort,
  ownerAccessKey: accessKeyOf(party),
  peerAccessKeys: config.parties.map(({ record }) => accessKeyOf(record.index)),
  outboxTable: outboxTableOf(party),
});
Object.assign(process.env, environmentOf(directory, config));
await createTables();

const scheduler = new ClearingScheduler({
  invoke: (tenderId) => clear(tenderId),
  isFinal: (error) => error instanceof AuctionError && error.code === 'TENDER_UNKNOWN',
  onRetry: (tenderId, tries, pauseMs) =>
    logInfo('a clearing will be tried again', { tenderId, attempt: tries, pauseMs }),
  onGivenUp: (tenderId, tries) => logError('a clearing was given up', { tenderId, attempt: tries }),
});
// No other process has the tables open: what the one before left unfinished is finished at once.
const runtime = await composeRuntime(parseEnvironment(process.env), scheduler, { vaultPatienceMs: 0 });
const clearTender = createClearTenderHandler(runtime.party, runtime);
const teller = runtime.events && new EventTeller({ ...runtime, events: runtime.events, clock: systemClock });
const watch = new PeerWatch(createWatchPeersHandler({ ...runtime, clock: systemClock }));
const api = createApiServer(handlersOf(runtime), parseAllowedOrigins(process.env['ALLOWED_ORIGINS']));
await listenOnLoopback(api, config.httpPort);

let stopping = false;
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.once('disconnect', stop);
tell({ kind: 'ready', party, processId: process.pid, url: `http://127.0.0.1:${config.httpPort}` });
watch.start();
await scheduleKnownTenders();
teller?.start();

function environmentOf(
  partyDirectory: string,
  { parties, protocol, vaultAccess }: PartyConfig,
): Record<string, string> {
  return {
    PARTY_INDEX: String(party),
    PARTY_KEYS: `file:${join(partyDirectory, 'keys.json')}`,
    CONSORTIUM: JSON.stringify(parties.map(({ record }) => record)),
    STATE_TABLE,
    OUTBOX_TABLES: JSON.stringify(parties.map(({ record }) => outboxTableOf(record.index))),
    DYNAMODB_ENDPOINTS: JSON.stringify(parties.map(({ dynamodbEndpoint }) => dynamodbEndpoint)),
    ...(protocol === undefined ? {} : { PROTOCOL: protocol }),
    ...(vaultAccess === undefined
      ? {}
      : {
          VAULT_TREE_TABLE,
          VAULT_STATE_TABLE,
          VAULT_KEYS: `file:${vaultKeysFile(partyDirectory)}`,
          VAULT_ACCESS: JSON.stringify(vaultAccess),
        }),
    AWS_ACCESS_KEY_ID: accessKeyOf(party),
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'local',
  };
}

async function createTables(): Promise<void> {
  const client = new DynamoDBClient({ endpoint: tables.endpoint, requestHandler: REQUEST_TIMEOUTS });
  for (const create of [
    () => createAuctionTable(client, STATE_TABLE),
    () => createOutboxTable(client, outboxTableOf(party)),
  ]) {
    await create().catch((error: unknown) => {
      if (!(error instanceof ResourceInUseException)) throw error;
    });
  }
  client.destroy();
}

function handlersOf({
  party: service,
  record,
  starter,
  clockWatch,
  looks,
  vaultAccess,
}: Runtime): HttpHandlers {
  return {
    'show-openapi': createShowOpenApiHandler(),
    'party-info': createPartyInfoHandler(record),
    'party-status': createPartyStatusHandler(looks, record, systemClock, clockWatch),
    'publish-tender': createPublishTenderHandler(service, starter),
    'list-tenders': createListTendersHandler(service),
    'show-tender': createShowTenderHandler(service),
    'close-tender': createCloseTenderHandler(service, starter),
    'submit-bid': createSubmitBidHandler(service),
    'show-outcome': createShowOutcomeHandler(service),
    'vault-access': createVaultAccessHandler(vaultAccess),
  };
}

/** One invocation of the clearing function, with the event as JSON. @returns whether all three have signed */
async function clear(tenderId: string): Promise<boolean> {
  const event: unknown = JSON.parse(JSON.stringify({ tenderId }));
  try {
    const context = invocationContext('clear-tender', CLEARING_TIMEOUT_MS);
    const { statistics, signatures } = await clearTender(event, context);
    tell({ kind: 'cleared', party, tenderId, statistics });
    teller?.tellOfOutcome(toTenderId(tenderId));
    return signatures === PARTIES.length;
  } catch (error) {
    const blame = await keepBlame(tenderId, error);
    tell({ kind: 'clearing-failed', party, tenderId, ...reasonOf(error), ...blame });
    teller?.tellOfFailure(toTenderId(tenderId), error);
    throw error;
  }
}

/**
 * Evidence goes into a file of its own, for `tacit evidence check` and for whoever has to be shown it. A file that
 * cannot be written takes nothing away: the evidence is in the outbox as well.
 */
async function keepBlame(tenderId: string, error: unknown): Promise<{ readonly blame?: string }> {
  const blame = blameOf(error);
  if (blame === undefined) return {};
  if (blame.kind !== 'proven') return { blame: describeBlame(blame) };
  const file = join(evidenceDirectory, `${tenderId}.json`);
  try {
    await mkdir(evidenceDirectory, { recursive: true });
    await writeFile(file, JSON.stringify(blame.evidence));
  } catch {
    return { blame: describeBlame(blame) };
  }
  return { blame: `${describeBlame(blame)} Evidence: ${file}` };
}

/** Sentences of coded errors hold no secret; nothing is said of others. */
function reasonOf(error: unknown): { readonly code: string; readonly detail: string } {
  if (error instanceof AuctionError || error instanceof MpcError || error instanceof FunctionError) {
    return { code: error.code, detail: error.message.replace(`${error.code}: `, '') };
  }
  return { code: 'INTERNAL', detail: 'an unexpected error; see the log' };
}

/** What was announced to a scheduler that is gone: the store knows the same. */
async function scheduleKnownTenders(): Promise<void> {
  for (const { id, dueAtMs } of await awaitedClearings({ ...runtime, clock: systemClock })) {
    await (dueAtMs === undefined ? scheduler.start(id) : scheduler.startAt(id, dueAtMs));
  }
}

function tell(message: PartyMessage): void {
  // Whoever started it may be gone just now: that ends it in order (`disconnect`), not as an error.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
  else process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** A clearing under way is cut off: it ends like any crash does, and the next start takes it up again. */
function stop(): void {
  if (stopping) return;
  stopping = true;
  scheduler.stop();
  teller?.stop();
  watch.stop();
  closeServer(api)
    .then(() => tables.close())
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
}
